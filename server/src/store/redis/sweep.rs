//! Checks once a minute that every room that SQL knows is in Redis and scheduled there.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use engine::RoomId;
use tokio::time::sleep;

use super::client::Reply;
use super::codec::text;
use super::keys;
use super::masters::Master;
use super::node::Node;

/// The time between sweeps.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// How long a sweep of one node keeps the others from sweeping, in milliseconds.
const CLAIM_MS: u64 = 55_000;
/// A room without any copy for this long was never created.
const NEVER_CREATED: Duration = Duration::from_secs(100);
/// How many rooms are checked at once.
const PAGE: usize = 500;

impl Node {
    /// Sweeps until the store is closed.
    pub(super) async fn sweep(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = sleep(SWEEP_EVERY) => {}
                () = self.stop.cancelled() => return,
            }
            // Where all nodes ask, unless they see different masters. Sweeping twice does no harm.
            let Some(master) = self.masters.timekeeper() else { continue };
            let (key, node) = (keys::of_home(&master.home, keys::SWEEP), text(&self.node_id.0));
            let args = vec![key.clone().into(), node, "NX".into(), "PX".into(), text(CLAIM_MS)];
            match self.masters.call("SET", args).await {
                Ok(Reply::Nil) => {
                    // One that never ends would keep everybody from sweeping.
                    let ends = vec![key.into(), text(CLAIM_MS), "NX".into()];
                    let _ = self.masters.call("PEXPIRE", ends).await;
                }
                Ok(_) => self.sweep_all(None).await,
                Err(_) => {}
            }
        }
    }

    /// Checks every room that SQL knows: those of one master, or of all that answer.
    pub(super) async fn sweep_all(self: &Arc<Self>, master: Option<&Arc<Master>>) {
        self.clean_up_after_dead_nodes().await;
        let mut after = None;
        loop {
            let mut page = match self.sql.list_rooms(after.as_ref(), PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    return tracing::warn!(error, "not swept: SQL doesn't answer");
                }
            };
            let Some(last) = page.last() else { return };
            after = Some(last.clone());
            let away = self.masters.away();
            page.retain(|room_id| match master {
                Some(master) => self.masters.is_of(master, room_id),
                None => !away.has(room_id),
            });
            match self.check(&page).await {
                Ok(missing) => self.delete_orphans(&page, &missing).await,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "a page of rooms isn't swept");
                }
            }
            if self.stop.is_cancelled() {
                return;
            }
        }
    }

    /// Deletes the rows of rooms of a page that have had no copy anywhere for long. Others may be just being
    /// created.
    async fn delete_orphans(&self, page: &[RoomId], missing: &[RoomId]) {
        let old: Vec<RoomId> = {
            let mut orphans = self.orphans.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let old = missing.iter().filter(|room_id| {
                let seen = *orphans.entry((*room_id).clone()).or_insert(now);
                seen.elapsed() >= NEVER_CREATED
            });
            let old: Vec<RoomId> = old.cloned().collect();
            // One that isn't missing any more was created after all.
            let (missing, page): (HashSet<_>, HashSet<_>) =
                (missing.iter().collect(), page.iter().collect());
            orphans.retain(|room_id, _| {
                let is_created = page.contains(room_id) && !missing.contains(room_id);
                !old.contains(room_id) && !is_created
            });
            old
        };
        if !old.is_empty()
            && let Err(error) = self.sql.delete_never_created(&old).await
        {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "rows of rooms that were never created remain");
        }
    }
}
