//! Tells the operator what somebody else has changed in Redis, and replaces keys of another type. A damaged
//! state is rebuilt.

use engine::RoomId;

use super::codec::{json, text};
use super::keys;
use super::message::Message;
use super::node::Node;
use super::script::CHECK;
use crate::store::StoreError;

impl Node {
    /// Tells the operator of a damaged field or entry of a room, once.
    pub(super) fn tell_damaged(&self, room_id: &RoomId, field: &str, words: &str) {
        if self.damage.begin(room_id, field) {
            tracing::warn!(
                room.id = %room_id,
                field,
                words,
                "a room is damaged in Redis; what can't be read comes from another copy, or is lost"
            );
        }
    }

    /// Tells the operator of keys of a room that a script has replaced, or has missed. Nodes tell again what was in
    /// them.
    pub(super) async fn tell_mended(&self, room_id: &RoomId, mended: &[String]) {
        for field in mended {
            tracing::warn!(
                room.id = %room_id,
                field,
                "a key of a room was missing or unusable in Redis and is replaced"
            );
        }
        if mended.iter().any(|field| matches!(field.as_str(), "members" | "joined" | "present")) {
            let lost = vec![keys::channel(room_id).into(), json(&Message::PresenceLost)];
            if let Err(error) = self.masters.call("PUBLISH", lost).await {
                tracing::debug!(%error, "nobody was asked to tell presence again");
            }
        }
    }

    /// Replaces the keys of a room that are of another type.
    pub(super) async fn mend(&self, room_id: &RoomId) -> Result<(), StoreError> {
        self.run("mend", &CHECK, room_id, vec![text(room_id)]).await.map(drop)
    }
}
