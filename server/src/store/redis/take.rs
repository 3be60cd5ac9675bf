//! Takes what arrives unasked: messages of rooms, and signs that some were missed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::client::Push;
use super::followed::FollowedRoom;
use super::keys;
use super::masters::Master;
use super::message::Message;
use super::node::Node;
use crate::store::News;

/// How many rooms catch up at once.
const CATCH_UP_MAX: usize = 64;
/// How many channels one command subscribes to.
const CHANNELS_MAX: usize = 500;
/// How long to wait before a subscription is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(100);

impl Node {
    /// Takes what a master sends for as long as it is one.
    pub(super) async fn take_pushes(
        self: Arc<Self>,
        master: Arc<Master>,
        mut pushes: mpsc::Receiver<Push>,
    ) {
        loop {
            let push = tokio::select! {
                push = pushes.recv() => push,
                () = master.stop.cancelled() => return,
            };
            match push {
                Some(Push::Message { channel, body }) => self.take_message(&channel, &body),
                Some(Push::Missed) => {
                    let (node, master) = (self.clone(), master.clone());
                    self.tasks.spawn(async move { node.resubscribe(&master).await });
                }
                None => return,
            }
        }
    }

    fn take_message(self: &Arc<Self>, channel: &str, body: &[u8]) {
        let Some(room_id) = keys::room_of_channel(channel) else { return };
        let Some(followed) = self.followed.find(&room_id) else { return };
        match serde_json::from_slice(body) {
            Ok(Message::Commit(commit)) => self.receive(&followed, *commit),
            Ok(Message::PresenceLost) => {
                self.send_news(&News::PresenceLost(room_id));
            }
            Ok(Message::Notice { node, .. }) if node == self.node_id => {}
            Ok(Message::Notice { node: node_id, notice }) => {
                self.send_news(&News::Notice { room_id, node_id, notice });
            }
            Err(error) => {
                tracing::warn!(%error, room.id = %room_id, "a message can't be read");
                self.start_catch_up(followed);
            }
        }
    }

    /// Subscribes to every followed room of a master, then catches up with what was missed.
    pub(super) async fn resubscribe(self: Arc<Self>, master: &Arc<Master>) {
        let followed = self.followed_of(master);
        let channels: Vec<_> = followed.iter().map(|one| keys::channel(&one.room_id)).collect();
        for channels in channels.chunks(CHANNELS_MAX) {
            let subscribe = async || master.client()?.subscribe(channels.to_vec()).await;
            while let Err(error) = subscribe().await {
                tracing::debug!(%error, "can't subscribe yet");
                tokio::select! {
                    () = sleep(RETRY_AFTER) => {}
                    () = master.stop.cancelled() => return,
                }
            }
        }
        self.catch_up_all(master).await;
    }

    /// Catches up in every followed room of a master.
    pub(super) async fn catch_up_all(self: &Arc<Self>, master: &Arc<Master>) {
        let followed = self.followed_of(master);
        let rooms: Vec<_> = followed.iter().map(|one| one.room_id.clone()).collect();
        // Lost rooms are rebuilt together, then each room catches up.
        if let Err(error) = self.check(&rooms).await {
            let error: &dyn std::error::Error = &error;
            return tracing::debug!(error, "followed rooms can't be checked");
        }
        // As they are now: some may be followed since.
        stream::iter(self.followed_of(master))
            .for_each_concurrent(CATCH_UP_MAX, async |followed| {
                if let Err(error) = self.catch_up(&followed).await {
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(error, room.id = %followed.room_id, "can't catch up yet");
                }
                let presence = News::PresenceLost(followed.room_id.clone());
                self.send_news(&presence);
            })
            .await;
    }

    /// Lists the followed rooms of a master.
    fn followed_of(&self, master: &Arc<Master>) -> Vec<Arc<FollowedRoom>> {
        let followed = self.followed.all().into_iter();
        followed.filter(|one| self.masters.is_of(master, &one.room_id)).collect()
    }
}
