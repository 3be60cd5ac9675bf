//! This node, as its Redis store sees it: what it shares between its tasks, and how it reaches Redis
//! and its subscribers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use engine::RoomId;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::client::{Client, ClientError};
use super::codec::ScriptReply;
use super::damage::Damage;
use super::deadlines::Deadlines;
use super::followed::FollowedRooms;
use super::keys;
use super::outages::Outages;
use super::recovery::Recoveries;
use super::script::Script;
use crate::clock::RoomClock;
use crate::id;
use crate::kept::Kept;
use crate::sql::Sql;
use crate::store::backlog::Backlog;
use crate::store::{Listed, News, NodeId, StoreError};

/// How much news may wait for a subscriber. One that is further behind receives its rooms anew.
const SUBSCRIPTION_MAX: usize = 16_384;

/// One running server among those that share a Redis.
pub(super) struct Node {
    pub(super) node_id: NodeId,
    pub(super) client: Client,
    pub(super) sql: Arc<Sql>,
    pub(super) clock: RoomClock,
    /// Whether an acknowledged write is on disk, as the operator of Redis declares.
    pub(super) durable: bool,
    /// The id of the SQL database.
    pub(super) database_id: String,
    pub(super) followed: FollowedRooms,
    // Std mutexes: never held across an await.
    pub(super) deadlines: Mutex<Deadlines>,
    /// Due rooms that this node has claimed.
    pub(super) claimed: Mutex<BTreeSet<RoomId>>,
    /// The other nodes, and when this one last heard of each.
    pub(super) others: Mutex<BTreeMap<NodeId, Instant>>,
    /// Rooms that SQL knows and that have no copy anywhere, and when that was first seen.
    pub(super) orphans: Mutex<HashMap<RoomId, Instant>>,
    subscribers: Mutex<Vec<mpsc::Sender<News>>>,
    pub(super) backlog: Backlog,
    pub(super) recoveries: Recoveries,
    pub(super) damage: Damage,
    pub(super) outages: Outages,
    /// Whether Redis answers.
    pub(super) reachable: AtomicBool,
    /// Whether a subscriber has missed news.
    pub(super) missed: AtomicBool,
    /// When Redis last took a heartbeat of this node, in milliseconds of its clock; 0 before the first.
    pub(super) beaten_at: AtomicU64,
    /// When Redis last answered again after it was away, in milliseconds of the room clock.
    pub(super) back_at: AtomicU64,
    /// Whether this node has changed the list of public rooms.
    pub(super) list_changed: AtomicBool,
    /// The last list of public rooms.
    pub(super) listed: Kept<Vec<Listed>>,
    /// Asks for a heartbeat at once.
    pub(super) check_now: Notify,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Node {
    /// Makes a node with an id of its own. Its tasks aren't running yet.
    pub(super) fn new(
        client: Client,
        sql: Arc<Sql>,
        database_id: String,
        clock: RoomClock,
        durable: bool,
    ) -> Self {
        Self {
            node_id: NodeId(id::node_id().into()),
            client,
            sql,
            clock,
            durable,
            database_id,
            followed: FollowedRooms::default(),
            deadlines: Mutex::default(),
            claimed: Mutex::default(),
            others: Mutex::default(),
            orphans: Mutex::default(),
            subscribers: Mutex::default(),
            backlog: Backlog::default(),
            recoveries: Recoveries::new(),
            damage: Damage::default(),
            outages: Outages::default(),
            beaten_at: AtomicU64::new(0),
            reachable: AtomicBool::new(true),
            missed: AtomicBool::new(false),
            back_at: AtomicU64::new(0),
            list_changed: AtomicBool::new(false),
            listed: Kept::default(),
            check_now: Notify::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Adds a subscriber.
    pub(super) fn subscribe(&self) -> mpsc::Receiver<News> {
        let (sender, receiver) = mpsc::channel(SUBSCRIPTION_MAX);
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    /// Sends news to every subscriber. Returns `false` if the queue of one is full: that one
    /// gets every room's state after the next heartbeat.
    pub(super) fn send_news(&self, news: &News) -> bool {
        let mut subscribers = self.subscribers.lock().unwrap_or_else(PoisonError::into_inner);
        subscribers.retain(|subscriber| !subscriber.is_closed());
        let mut all = true;
        for subscriber in subscribers.iter() {
            all &= subscriber.try_send(news.clone()).is_ok();
        }
        if !all {
            self.missed.store(true, Ordering::Relaxed);
        }
        all
    }

    /// Runs a script about a room.
    pub(super) async fn run(
        &self,
        operation: &'static str,
        script: &Script,
        room_id: &RoomId,
        args: Vec<Bytes>,
    ) -> Result<ScriptReply, StoreError> {
        let reply = self.client.run(script, keys::of_room(room_id), args).await;
        let reply = reply.map_err(self.failed(operation))?;
        let reply = ScriptReply::decode(reply).map_err(self.failed(operation))?;
        if !reply.mended.is_empty() {
            self.tell_mended(room_id, &reply.mended).await;
        }
        Ok(reply)
    }

    /// Converts a failed command into the failure of an operation. Redis may be away, so a heartbeat
    /// is asked for at once.
    pub(super) fn failed(&self, operation: &'static str) -> impl FnOnce(ClientError) -> StoreError {
        move |error| {
            self.check_now.notify_one();
            StoreError::new(operation, error)
        }
    }
}
