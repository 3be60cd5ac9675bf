//! The other nodes: which of them are alive, and what the dead have left behind.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use engine::RoomId;

use super::client::Reply;
use super::codec::{number_of, text, text_of};
use super::keys;
use super::masters::Master;
use super::node::Node;
use super::script::FORGET;
use crate::store::{News, NodeId};

/// A node without a heartbeat for this long is dead, in milliseconds.
pub(super) const DEAD_MS: u64 = 8_000;
/// A node that this one hasn't heard of for this long is gone. In a Redis that was just emptied, no
/// node is heard of at first.
const GONE: Duration = Duration::from_secs(3);

impl Node {
    /// Notes which nodes are alive, and reports those that came and those that are gone.
    pub(super) fn note_alive(self: &Arc<Self>, alive: BTreeSet<NodeId>) {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let mut came = Vec::new();
        for node_id in alive.into_iter().filter(|node| *node != self.node_id) {
            if others.insert(node_id.clone(), now).is_none() {
                came.push(node_id);
            }
        }
        let gone: Vec<NodeId> = others
            .extract_if(.., |_, heard| heard.elapsed() >= GONE)
            .map(|(node, _)| node)
            .collect();
        drop(others);
        for node_id in came {
            self.send_news(&News::NodeCame(node_id));
        }
        for node_id in gone {
            tracing::warn!(node = %node_id.0, "a node is gone");
            self.send_news(&News::NodeGone(node_id.clone()));
            let node = self.clone();
            self.tasks.spawn(async move { node.clean_up_after(&node_id).await });
        }
    }

    /// Takes this node off those that are alive, so that the others needn't wait for its heartbeats.
    pub(super) async fn say_farewell(&self) {
        for master in self.masters.all().iter().filter(|master| master.is_reachable()) {
            let alive = keys::of_home(&master.home, keys::ALIVE);
            // Otherwise it counts as alive for a few seconds more.
            let _ = self.masters.call("ZREM", vec![alive.into(), text(&self.node_id.0)]).await;
        }
    }

    /// Cleans up after nodes that died while no other node was running.
    pub(super) async fn clean_up_after_dead_nodes(&self) {
        for master in self.masters.all().iter().filter(|master| master.is_reachable()) {
            let alive = keys::of_home(&master.home, keys::ALIVE);
            let range = vec![alive.into(), "0".into(), "-1".into()];
            let Ok(Reply::List(nodes)) = self.masters.call("ZRANGE", range).await else { continue };
            for node in nodes.iter().filter_map(text_of) {
                let node_id = NodeId(node.into());
                let is_alive = node_id == self.node_id || {
                    let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
                    others.contains_key(&node_id)
                };
                if !is_alive {
                    self.clean_up_at(master, &node_id).await;
                }
            }
        }
    }

    /// Deletes the presence that a dead node has left behind, at every master that answers. At the others it
    /// is deleted when they are back.
    async fn clean_up_after(&self, gone: &NodeId) {
        for master in self.masters.all().iter().filter(|master| master.is_reachable()) {
            self.clean_up_at(master, gone).await;
        }
    }

    /// Does so in the rooms of one master. Several nodes may do so at once.
    async fn clean_up_at(&self, master: &Master, gone: &NodeId) {
        let rooms = keys::rooms_of_node(&master.home, gone);
        let ids = match self.masters.call("SMEMBERS", vec![rooms.clone().into()]).await {
            Ok(Reply::List(ids)) => ids,
            // Nobody knows the rooms any more. Its entries in them don't count, and expire with them.
            Err(error) if error.is_wrong_type() => Vec::new(),
            _ => return,
        };
        // A node that is back tells its own connections again.
        let alive = keys::of_home(&master.home, keys::ALIVE);
        let score = vec![alive.clone().into(), text(&gone.0)];
        let Ok(last) = self.masters.call("ZSCORE", score).await else { return };
        let now = self.clock.now().as_millis();
        if number_of(&last).is_some_and(|last| last + DEAD_MS > now) {
            return;
        }
        for room_id in ids.iter().filter_map(text_of).map(RoomId::new) {
            let forgotten = self.run("forget", &FORGET, &room_id, vec![text(&gone.0)]).await;
            if forgotten.is_err() {
                return;
            }
        }
        let _ = self.masters.call("DEL", vec![rooms.into()]).await;
        let _ = self.masters.call("ZREM", vec![alive.into(), text(&gone.0)]).await;
    }
}
