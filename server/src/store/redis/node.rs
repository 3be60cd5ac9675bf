//! This node, as its Redis store sees it: what it shares between its tasks, and how it reaches Redis
//! and its subscribers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use engine::{Outage, RoomId};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::client::ClientError;
use super::clock_filter::ClockFilter;
use super::codec::ScriptReply;
use super::damage::Damage;
use super::deadlines::Deadlines;
use super::followed::FollowedRooms;
use super::keys;
use super::masters::Masters;
use super::recovery::Recoveries;
use super::script::Script;
use crate::clock::RoomClock;
use crate::id;
use crate::kept::Kept;
use crate::sql::Sql;
use crate::store::backlog::Backlog;
use crate::store::{Away, Listed, News, NodeId, StoreError};

/// How much news may wait for a subscriber. One that is further behind receives its rooms anew.
const SUBSCRIPTION_MAX: usize = 16_384;

/// One running server among those that share a Redis.
pub(super) struct Node {
    pub(super) node_id: NodeId,
    pub(super) masters: Masters,
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
    /// Whether a subscriber has missed news.
    pub(super) missed: AtomicBool,
    /// Whether this node has changed the list of public rooms.
    pub(super) list_changed: AtomicBool,
    /// The last list of public rooms.
    pub(super) listed: Kept<Vec<Listed>>,
    pub(super) clock_filter: Mutex<ClockFilter>,
    /// What the subscribers were last told of rooms that are away. Held while they are told.
    told_away: Mutex<Away>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Node {
    /// Makes a node with an id of its own. Its tasks aren't running yet.
    pub(super) fn new(
        masters: Masters,
        sql: Arc<Sql>,
        database_id: String,
        clock: RoomClock,
        durable: bool,
    ) -> Self {
        Self {
            node_id: NodeId(id::node_id().into()),
            stop: masters.stop.clone(),
            masters,
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
            missed: AtomicBool::new(false),
            list_changed: AtomicBool::new(false),
            listed: Kept::default(),
            clock_filter: Mutex::default(),
            told_away: Mutex::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// Adds a subscriber.
    pub(super) fn subscribe(&self) -> mpsc::Receiver<News> {
        let (sender, receiver) = mpsc::channel(SUBSCRIPTION_MAX);
        let told = self.told_away.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.is_none() {
            // Masters may be away since before there was anybody to tell. There is room for it.
            let _ = sender.try_send(News::Away(*told));
        }
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        drop(told);
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

    /// Tells the subscribers which rooms are away, if that has changed, or in any case `again`.
    pub(super) fn tell_away(&self, again: bool) {
        let mut told = self.told_away.lock().unwrap_or_else(PoisonError::into_inner);
        let away = self.masters.away();
        if again || *told != away {
            *told = away;
            self.send_news(&News::Away(away));
        }
    }

    /// Returns the last outages of the master of a room, the earliest first.
    pub(super) fn outages_of(&self, room_id: &RoomId) -> Vec<Outage> {
        self.masters.of_room(room_id).map(|master| master.outages.known()).unwrap_or_default()
    }

    /// Runs a script about a room.
    pub(super) async fn run(
        &self,
        operation: &'static str,
        script: &Script,
        room_id: &RoomId,
        args: Vec<Bytes>,
    ) -> Result<ScriptReply, StoreError> {
        let reply = self.masters.run(script, keys::of_room(room_id), args).await;
        let reply = reply.map_err(self.failed(operation))?;
        let reply = ScriptReply::decode(reply).map_err(self.failed(operation))?;
        if !reply.mended.is_empty() {
            self.tell_mended(room_id, &reply.mended).await;
        }
        Ok(reply)
    }

    /// Converts a failed command into the failure of an operation.
    pub(super) fn failed(&self, operation: &'static str) -> impl FnOnce(ClientError) -> StoreError {
        move |error| StoreError::new(operation, error)
    }
}
