//! Takes what arrives unasked: messages of rooms, and signs that some were missed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::client::Push;
use super::keys;
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
    /// Takes pushes until the store is closed.
    pub(super) async fn take_pushes(self: Arc<Self>, mut pushes: mpsc::Receiver<Push>) {
        loop {
            let push = tokio::select! {
                push = pushes.recv() => push,
                () = self.stop.cancelled() => return,
            };
            match push {
                Some(Push::Message { channel, body }) => self.take_message(&channel, &body),
                Some(Push::Missed) => {
                    let node = self.clone();
                    self.tasks.spawn(async move { node.resubscribe().await });
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

    /// Subscribes a new connection to every followed room, then catches up with what was missed.
    async fn resubscribe(self: Arc<Self>) {
        let followed = self.followed.all();
        let channels: Vec<_> = followed.iter().map(|one| keys::channel(&one.room_id)).collect();
        for channels in channels.chunks(CHANNELS_MAX) {
            while let Err(error) = self.client.subscribe(channels.to_vec()).await {
                tracing::debug!(%error, "can't subscribe yet");
                tokio::select! {
                    () = sleep(RETRY_AFTER) => {}
                    () = self.stop.cancelled() => return,
                }
            }
        }
        self.catch_up_all().await;
    }

    /// Catches up in every followed room.
    pub(super) async fn catch_up_all(self: &Arc<Self>) {
        let rooms: Vec<_> = self.followed.all().iter().map(|one| one.room_id.clone()).collect();
        // Lost rooms are rebuilt together, then each room catches up.
        if let Err(error) = self.check(&rooms).await {
            let error: &dyn std::error::Error = &error;
            return tracing::debug!(error, "followed rooms can't be checked");
        }
        stream::iter(self.followed.all())
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
}
