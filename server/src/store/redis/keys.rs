//! The keyspace, all of it. Every key of a room lies in the slot of its shard, and so do the
//! indexes of the shard: one script changes them together.
//!
//! | key | type | holds |
//! |---|---|---|
//! | `ph:{s3f}:<room>:state` | hash | run, epoch, version, at, body, deadline, lease, attended, … |
//! | `ph:{s3f}:<room>:log` | stream | the last commits, by `<epoch>-<version>` |
//! | `ph:{s3f}:<room>:ops` | list | remembered commands |
//! | `ph:{s3f}:<room>:members` | hash | participant → member |
//! | `ph:{s3f}:<room>:joined` | zset | participant → when they joined |
//! | `ph:{s3f}:<room>:present` | hash | `<node>\|<participant>` → present |
//! | `ph:{s3f}:due` | zset | room → when it must be looked at |
//! | `ph:{s3f}:public` | set | listed rooms |
//! | `ph:{s3f}:life` | string | a random word, gone when Redis is emptied |
//! | `ph:code:<code>` | string | room |
//! | `ph:ticket:<hash>` | string | a ticket, for as long as it is good |
//! | `ph:{nodes}:alive` | zset | node → its last beat |
//! | `ph:{nodes}:database` | string | the SQL database that belongs to this Redis |
//! | `ph:{nodes}:rooms:<node>` | set | rooms with people connected to the node |
//! | `ph:{nodes}:sweep` | string | the node that sweeps |
//! | `ph:{s3f}:<room>` | channel | what is told of the room |
//! | `ph:{nodes}:<node>` | channel | nothing: that it can be listened to shows that messages would come |

use std::fmt::Write;

use engine::RoomId;
use sha2::{Digest, Sha256};

use crate::store::NodeId;

/// How many shards there are.
pub(super) const SHARDS: u16 = 256;
/// How long a key outlives its last use, in milliseconds; as in the scripts.
pub(super) const KEEP_MS: u64 = 48 * 60 * 60 * 1000;
/// When each node last gave a sign of life.
pub(super) const ALIVE: &str = "ph:{nodes}:alive";
/// Which SQL database belongs to this Redis.
pub(super) const DATABASE: &str = "ph:{nodes}:database";
/// Which node sweeps.
pub(super) const SWEEP: &str = "ph:{nodes}:sweep";

/// The keys that every script about a room is given, in this order.
pub(super) fn of_room(room_id: &RoomId) -> Vec<String> {
    let (shard, room) = (shard_of(room_id), room_id.as_str());
    let own = ["state", "log", "ops", "members", "joined", "present"];
    let mut keys: Vec<String> =
        own.iter().map(|name| format!("ph:{{s{shard:02x}}}:{room}:{name}")).collect();
    keys.push(due(shard));
    keys.push(public(shard));
    keys.push(format!("ph:{{s{shard:02x}}}:life"));
    keys
}

/// When rooms of a shard must be looked at.
pub(super) fn due(shard: u16) -> String {
    format!("ph:{{s{shard:02x}}}:due")
}

/// Listed rooms of a shard.
pub(super) fn public(shard: u16) -> String {
    format!("ph:{{s{shard:02x}}}:public")
}

/// Where a room's news are told.
pub(super) fn channel(room_id: &RoomId) -> String {
    format!("ph:{{s{:02x}}}:{room_id}", shard_of(room_id))
}

/// Where a node hears whether it would hear.
pub(super) fn own_channel(node_id: &NodeId) -> String {
    format!("ph:{{nodes}}:{}", node_id.0)
}

/// The room of a channel.
pub(super) fn room_of_channel(channel: &str) -> Option<RoomId> {
    channel.rsplit_once(':').map(|(_, room)| RoomId::new(room))
}

/// The room of a code.
pub(super) fn code(code: &str) -> String {
    format!("ph:code:{code}")
}

/// A ticket. Its secret isn't written down.
pub(super) fn ticket(secret: &str) -> String {
    let mut key = "ph:ticket:".to_owned();
    for byte in &Sha256::digest(secret.as_bytes())[..16] {
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// Rooms with people connected to a node.
pub(super) fn rooms_of_node(node_id: &NodeId) -> String {
    format!("ph:{{nodes}}:rooms:{}", node_id.0)
}

/// Which shard a room belongs to.
pub(super) fn shard_of(room_id: &RoomId) -> u16 {
    u16::from(Sha256::digest(room_id.as_str().as_bytes())[0])
}
