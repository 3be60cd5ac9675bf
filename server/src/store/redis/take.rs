//! Takes what comes by itself: messages of rooms, and signs that some were missed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::link::Push;
use super::message::Message;
use super::{Node, keys};
use crate::store::News;

/// How many rooms are asked for at once.
const ASKED_MAX: usize = 64;
/// How many channels one command listens to.
const CHANNELS_MAX: usize = 500;
/// How long to wait before listening is tried again.
const AGAIN: Duration = Duration::from_millis(100);

impl Node {
    /// Takes pushes until the connection ends.
    pub(super) async fn take(self: Arc<Self>, mut pushes: mpsc::Receiver<Push>) {
        loop {
            let push = tokio::select! {
                push = pushes.recv() => push,
                () = self.stop.cancelled() => return,
            };
            match push {
                Some(Push::Message { channel, body }) => self.take_message(&channel, &body),
                Some(Push::Missed) => {
                    let node = self.clone();
                    self.tasks.spawn(async move { node.listen_again().await });
                }
                None => return,
            }
        }
    }

    fn take_message(self: &Arc<Self>, channel: &str, body: &[u8]) {
        let Some(room_id) = keys::room_of_channel(channel) else { return };
        let Some(followed) = self.find_followed(&room_id) else { return };
        let message: Message = match serde_json::from_slice(body) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(%error, room.id = %room_id, "a message that can't be read");
                return self.ask(followed);
            }
        };
        match message {
            Message::Commit(commit) => self.hear(&followed, *commit),
            Message::Notice { node, .. } if node == self.node_id => {}
            Message::Notice { node: node_id, notice } => {
                self.tell(&News::Notice { room_id, node_id, notice });
            }
        }
    }

    /// A new connection listens to nothing: listens to every followed room, then asks what was
    /// missed meanwhile.
    pub(super) async fn listen_again(self: Arc<Self>) {
        let followed = self.all_followed();
        let channels: Vec<_> = followed.iter().map(|one| keys::channel(&one.room_id)).collect();
        for channels in channels.chunks(CHANNELS_MAX) {
            while let Err(error) = self.link.subscribe(channels.to_vec()).await {
                tracing::debug!(%error, "not listening yet");
                tokio::select! {
                    () = sleep(AGAIN) => {}
                    () = self.stop.cancelled() => return,
                }
            }
        }
        self.catch_up_all().await;
    }

    /// Asks for what was missed in every followed room.
    pub(super) async fn catch_up_all(self: &Arc<Self>) {
        let rooms: Vec<_> = self.all_followed().iter().map(|one| one.room_id.clone()).collect();
        // Those that are lost all at once, the others one by one.
        if let Err(error) = self.check(&rooms).await {
            let error: &dyn std::error::Error = &error;
            return tracing::debug!(error, "followed rooms can't be checked");
        }
        stream::iter(self.all_followed())
            .for_each_concurrent(ASKED_MAX, async |followed| {
                if let Err(error) = self.catch_up(&followed).await {
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(error, "what was missed isn't known");
                }
                let presence = News::PresenceLost(followed.room_id.clone());
                self.tell(&presence);
            })
            .await;
    }
}
