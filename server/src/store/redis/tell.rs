//! Tells other nodes something about the connections to this one.

use std::sync::Arc;

use engine::RoomId;

use super::codec::json;
use super::keys;
use super::message::Message;
use super::node::Node;
use crate::store::{Notice, StoreError};

impl Node {
    /// Tells the other nodes that follow the room. Presence is stored as well.
    pub(super) async fn tell(
        self: &Arc<Self>,
        room_id: &RoomId,
        notice: Notice,
    ) -> Result<(), StoreError> {
        let message = Message::Notice { node: self.node_id.clone(), notice };
        let body = json(&message);
        if let Message::Notice { notice: Notice::Presence(update), .. } = &message {
            return self.store_presence(room_id, update, body).await;
        }
        let args = vec![keys::channel(room_id).into(), body];
        self.masters.call("PUBLISH", args).await.map(drop).map_err(self.failed("tell"))
    }
}
