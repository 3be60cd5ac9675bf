//! Serves each master, and follows who serves which slots of a cluster.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::client::Push;
use super::masters::Master;
use super::node::Node;

/// How often the slots are read while every master answers.
const READ_EVERY: Duration = Duration::from_secs(30);
/// How often they are read while one doesn't.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// The least time between two times that they are read, whatever asks for it.
const READ_PAUSE: Duration = Duration::from_millis(100);

impl Node {
    /// Runs the tasks of a master for as long as it is one. `run` is the process that answered the first
    /// heartbeat, if one did.
    pub(super) fn serve(
        self: &Arc<Self>,
        master: Arc<Master>,
        pushes: mpsc::Receiver<Push>,
        run: Option<String>,
    ) {
        self.tasks.spawn(self.clone().take_pushes(master.clone(), pushes));
        self.tasks.spawn(self.clone().check_messages(master.clone()));
        self.tasks.spawn(self.clone().beat(master, run));
    }

    /// Follows who serves which slots until the store is closed: a replica that was promoted, slots that
    /// were moved.
    pub(super) async fn follow_slots(self: Arc<Self>) {
        if !self.masters.target.is_cluster() {
            return;
        }
        loop {
            let pause = if self.masters.away().is_none() { READ_EVERY } else { READ_AGAIN };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.masters.read_now.notified() => {}
                () = self.stop.cancelled() => return,
            }
            let parts = tokio::select! {
                parts = self.masters.read_slots() => parts,
                () = self.stop.cancelled() => return,
            };
            match parts {
                Ok(parts) if self.masters.is_served(&parts) => {}
                Ok(parts) => {
                    tracing::info!("other masters serve the cluster's slots now");
                    for (master, pushes) in self.masters.replace(parts) {
                        self.serve(master, pushes, None);
                    }
                    self.tell_away(false);
                    for master in self.masters.all() {
                        let node = self.clone();
                        // Rooms may have come to it with their slots.
                        self.tasks.spawn(async move { node.resubscribe(&master).await });
                    }
                }
                Err(error) => tracing::debug!(%error, "no server of the cluster answers"),
            }
            sleep(READ_PAUSE).await;
        }
    }
}
