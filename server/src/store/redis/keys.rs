//! The whole keyspace. All keys of a room are in the slot of its shard, and so are the indexes of
//! the shard: one script changes them together. What is about a Redis itself has a tag of its own, `nodes`,
//! or on further masters of a cluster that of a shard that they serve (`slots`).
//!
//! | key | type | holds |
//! |---|---|---|
//! | `ph:{s3f}:<room>:state` | hash | run, epoch, version, at, body, deadline, lease, attended, counted, … |
//! | `ph:{s3f}:<room>:log` | stream | the last commits, by `<epoch>-<version>` |
//! | `ph:{s3f}:<room>:ops` | list | the commands that the room remembers |
//! | `ph:{s3f}:<room>:members` | hash | participant → member |
//! | `ph:{s3f}:<room>:joined` | zset | participant → when they joined |
//! | `ph:{s3f}:<room>:present` | hash | `<node>\|<participant>` → present |
//! | `ph:{s3f}:due` | zset | room → when it must be looked at |
//! | `ph:{s3f}:public` | set | listed rooms |
//! | `ph:{s3f}:life` | string | a random word, lost when Redis is emptied |
//! | `ph:code:<code>` | string | room |
//! | `ph:{s3f}:ticket:<hash>` | string | a ticket to a room of the shard, for as long as it is valid |
//! | `ph:{nodes}:alive` | zset | node → its last heartbeat |
//! | `ph:{nodes}:database` | string | the SQL database that belongs to this Redis |
//! | `ph:{nodes}:rooms:<node>` | set | rooms with connections to the node |
//! | `ph:{nodes}:outage` | string | the outages that rooms are to count: `<until>:<length>,…` |
//! | `ph:{nodes}:clock` | hash | `offset_us`: the room clock minus that of this Redis; `witness`: who last agreed |
//! | `ph:{nodes}:sweep` | string | the node that sweeps |
//! | `ph:{s3f}:<room>` | channel | commits and notices of the room |
//! | `ph:{nodes}:<node>` | channel | nothing: subscribing to it shows that messages would arrive |

use std::fmt::Write;

use engine::RoomId;
use sha2::{Digest, Sha256};

use crate::store::NodeId;
pub(super) use crate::store::away::{SHARDS, shard_of};

/// The tag of the keys that are about Redis itself.
pub(super) const NODES: &str = "nodes";
/// How long a key outlives its last use, in milliseconds; the same as in the scripts. Longer than
/// the clock of Redis is ever set forward by, lest everything expire at once.
pub(super) const KEEP_MS: u64 = 45 * 24 * 60 * 60 * 1000;
/// The name of the key of when each node last sent a heartbeat.
pub(super) const ALIVE: &str = "alive";
/// The name of the key of the SQL database that belongs to this Redis.
pub(super) const DATABASE: &str = "database";
/// The name of the key of the outages that rooms are to count.
pub(super) const OUTAGE: &str = "outage";
/// The name of the key of the room clock.
pub(super) const CLOCK: &str = "clock";
/// The name of the key of the node that sweeps.
pub(super) const SWEEP: &str = "sweep";

/// Returns a key that is about a Redis itself, by the tag of such keys there.
pub(super) fn of_home(home: &str, name: &str) -> String {
    format!("ph:{{{home}}}:{name}")
}

/// Returns the hash tag of a shard.
pub(super) fn tag(shard: u16) -> String {
    format!("s{shard:02x}")
}

/// Returns the keys that every script about a room gets, in this order.
pub(super) fn of_room(room_id: &RoomId) -> Vec<String> {
    let shard = shard_of(room_id);
    let own = ["state", "log", "ops", "members", "joined", "present"];
    let mut keys: Vec<String> = own.iter().map(|name| own_key(room_id, name)).collect();
    keys.push(due(shard));
    keys.push(public(shard));
    keys.push(format!("ph:{{s{shard:02x}}}:life"));
    keys
}

/// Returns the key of a room's state.
pub(super) fn state(room_id: &RoomId) -> String {
    own_key(room_id, "state")
}

/// Returns the key of a room's members.
pub(super) fn members(room_id: &RoomId) -> String {
    own_key(room_id, "members")
}

/// Returns the key that orders a room's members by when they joined.
pub(super) fn joined(room_id: &RoomId) -> String {
    own_key(room_id, "joined")
}

/// Returns the key of who is connected.
pub(super) fn present(room_id: &RoomId) -> String {
    own_key(room_id, "present")
}

/// Returns the key of when rooms of a shard must be looked at.
pub(super) fn due(shard: u16) -> String {
    format!("ph:{{s{shard:02x}}}:due")
}

/// Returns the key of the listed rooms of a shard.
pub(super) fn public(shard: u16) -> String {
    format!("ph:{{s{shard:02x}}}:public")
}

/// Returns the channel of a room.
pub(super) fn channel(room_id: &RoomId) -> String {
    format!("ph:{{s{:02x}}}:{room_id}", shard_of(room_id))
}

/// Returns the channel by which a node checks its own connection.
pub(super) fn own_channel(node_id: &NodeId) -> String {
    of_home(NODES, &node_id.0)
}

/// Returns the room of a channel.
pub(super) fn room_of_channel(channel: &str) -> Option<RoomId> {
    channel.rsplit_once(':').map(|(_, room)| RoomId::new(room))
}

/// Returns the key of a room's code.
pub(super) fn code(code: &str) -> String {
    format!("ph:code:{code}")
}

/// Returns the key of a ticket to a room. It doesn't reveal the secret.
pub(super) fn ticket(room_id: &RoomId, secret: &str) -> String {
    let mut key = format!("ph:{{s{:02x}}}:ticket:", shard_of(room_id));
    for byte in &Sha256::digest(secret.as_bytes())[..16] {
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// Returns the key of the rooms with connections to a node, by the tag of the Redis that serves them.
pub(super) fn rooms_of_node(home: &str, node_id: &NodeId) -> String {
    of_home(home, &format!("rooms:{}", node_id.0))
}

fn own_key(room_id: &RoomId, name: &str) -> String {
    format!("ph:{{s{:02x}}}:{room_id}:{name}", shard_of(room_id))
}
