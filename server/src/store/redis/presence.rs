//! Who is connected to which node.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use engine::RoomId;

use super::client::Reply;
use super::codec::{bytes_of, json, number_of, text};
use super::keys;
use super::node::Node;
use super::script::PRESENCE;
use crate::store::{Elsewhere, NodeId, NodePresence, PresenceUpdate, Present, StoreError};

impl Node {
    /// Stores who is connected to this node, and publishes `message` about it.
    pub(super) async fn store_presence(
        self: &Arc<Self>,
        room_id: &RoomId,
        update: &PresenceUpdate,
        message: Bytes,
    ) -> Result<(), StoreError> {
        let mut args = vec![
            text(room_id),
            text(&self.node_id.0),
            text(update.rtt_ms),
            text(update.peak),
            keys::channel(room_id).into(),
            message,
            text(u8::from(update.is_whole)),
            text(update.went.len()),
        ];
        args.extend(update.went.iter().map(text));
        for present in &update.came {
            args.push(text(&present.participant_id));
            args.push(json(present));
        }
        let reply = self.run("tell presence", &PRESENCE, room_id, args).await?;
        if reply.is_lost() && self.recover(room_id).await?.is_some() {
            return Err(StoreError::new("tell presence", "the room was rebuilt; tell it again"));
        }
        Ok(())
    }

    pub(super) async fn load_presence(&self, room_id: &RoomId) -> Result<Elsewhere, StoreError> {
        let fields = match self.masters.call("HGETALL", vec![keys::present(room_id).into()]).await {
            Err(error) if error.is_wrong_type() => {
                self.mend(room_id).await?;
                return Ok(Elsewhere::default());
            }
            fields => fields.map_err(self.failed("load presence"))?,
        };
        let Reply::List(fields) = fields else { return Ok(Elsewhere::default()) };
        let alive = self.others.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut nodes: BTreeMap<NodeId, NodePresence> = BTreeMap::new();
        for pair in fields.chunks_exact(2) {
            let (Some(name), Some(body)) = (bytes_of(&pair[0]), bytes_of(&pair[1])) else {
                continue;
            };
            let Some((node, _)) = std::str::from_utf8(&name).ok().and_then(|n| n.split_once('|'))
            else {
                continue;
            };
            let node_id = NodeId(node.into());
            // A dead node's entries don't count.
            if !alive.contains_key(&node_id) {
                continue;
            }
            match serde_json::from_slice::<Present>(&body) {
                Ok(present) => nodes.entry(node_id).or_default().present.push(present),
                Err(error) => self.tell_damaged(room_id, "present", &error.to_string()),
            }
        }
        let mut args = vec![keys::state(room_id).into(), "peak".into()];
        args.extend(nodes.keys().map(|node| text(format!("rtt:{}", node.0))));
        let numbers = match self.masters.call("HMGET", args).await {
            // It is rebuilt when the state is next needed.
            Err(error) if error.is_wrong_type() => Reply::List(Vec::new()),
            numbers => numbers.map_err(self.failed("load presence"))?,
        };
        let Reply::List(numbers) = numbers else { return Ok(Elsewhere::default()) };
        let mut numbers = numbers.iter().map(|number| number_of(number).unwrap_or(0));
        let peak = numbers.next().unwrap_or(0);
        for (presence, rtt_ms) in nodes.values_mut().zip(numbers) {
            presence.rtt_ms = rtt_ms;
        }
        Ok(Elsewhere { nodes: nodes.into_iter().collect(), peak })
    }
}
