//! Rooms in Redis, for any number of nodes. Every write is one script, which compares what the
//! decision was made on with what is there. Whoever changes a room tells all nodes by a message;
//! the node that made the change hears of it in the same way.
//!
//! Redis may lose what it holds. Epochs come from SQL, each state says which Redis process wrote
//! it, and `recover` rebuilds what is missing or another process's.

mod beat;
mod clock_filter;
mod commit;
mod due;
mod follow;
mod keys;
mod link;
mod listing;
mod members;
mod message;
mod open;
mod presence;
mod put;
mod read;
mod recover;
mod script;
mod snapshots;
mod sweep;
mod take;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use engine::{Commit, ParticipantId, Room, RoomId, Timestamp};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::due::Deadlines;
use self::follow::Followed;
use self::link::{Link, LinkError};
use self::recover::Recovery;
use self::snapshots::Backlog;
use super::{
    Bus, CommitOutcome, Elsewhere, LifeSigns, Listed, Member, MemberStore, News, NodeId, Notice,
    RoomStore, StoreError, Ticket,
};
use crate::clock::RoomClock;
use crate::sql::Sql;

pub use self::open::RedisOpenError;

/// How many news a subscriber may be behind. Beyond, its rooms are told anew.
const SUBSCRIPTION_MAX: usize = 16_384;
/// How long a caller waits. What was asked for goes on.
const ANSWER: Duration = Duration::from_millis(500);
/// How long the making of a room, or the list of rooms, may take.
const LONG_ANSWER: Duration = Duration::from_secs(4);
/// Recoveries of rooms of the same stripe wait for each other.
const STRIPES: usize = 64;

/// A store that nodes share.
pub struct RedisStore(Arc<Node>);

/// This node's side of the Redis.
struct Node {
    node_id: NodeId,
    link: Link,
    sql: Arc<Sql>,
    clock: RoomClock,
    /// Whether an acknowledged write is on Redis' disk, as its operator says.
    durable: bool,
    /// Names the SQL database.
    database_id: String,
    // Std locks: never held across an await.
    followed: RwLock<HashMap<RoomId, Arc<Followed>>>,
    subscribers: Mutex<Vec<mpsc::Sender<News>>>,
    deadlines: Mutex<Deadlines>,
    /// Due rooms that this node has claimed.
    claimed: Mutex<BTreeSet<RoomId>>,
    /// Other nodes, with when this one last heard of each.
    others: Mutex<BTreeMap<NodeId, Instant>>,
    backlog: Backlog,
    reachable: AtomicBool,
    /// Whether a subscriber missed something.
    untold: AtomicBool,
    /// When Redis was found last after it was away, in milliseconds of the room clock.
    back_at: AtomicU64,
    /// Recoveries under way: whoever needs the same room waits for the same one.
    recoveries: Mutex<HashMap<RoomId, Recovery>>,
    /// Rooms that SQL knows and nobody has a copy of, with when that was first seen.
    orphans: Mutex<HashMap<RoomId, Instant>>,
    /// Whether this node has changed what is in the list.
    list_changed: AtomicBool,
    /// The last list of public rooms, and when it was made.
    listed: tokio::sync::Mutex<Option<(Instant, Vec<Listed>)>>,
    /// Asks for a beat now.
    doubt: Notify,
    recovering: [tokio::sync::Mutex<()>; STRIPES],
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Node {
    /// Tells every subscriber. One that is full is told everything anew with the next beat.
    fn tell(&self, news: &News) -> bool {
        let mut subscribers = self.subscribers.lock().unwrap_or_else(PoisonError::into_inner);
        subscribers.retain(|subscriber| !subscriber.is_closed());
        let mut all = true;
        for subscriber in subscribers.iter() {
            all &= subscriber.try_send(news.clone()).is_ok();
        }
        if !all {
            self.untold.store(true, Ordering::Relaxed);
        }
        all
    }

    fn find_followed(&self, room_id: &RoomId) -> Option<Arc<Followed>> {
        self.followed.read().unwrap_or_else(PoisonError::into_inner).get(room_id).cloned()
    }

    fn all_followed(&self) -> Vec<Arc<Followed>> {
        let followed = self.followed.read().unwrap_or_else(PoisonError::into_inner);
        followed.values().cloned().collect()
    }

    /// An answer that didn't come puts the connection in doubt.
    fn failed(&self, operation: &'static str) -> impl FnOnce(LinkError) -> StoreError {
        move |error| {
            self.doubt.notify_one();
            StoreError { operation, cause: Some(Box::new(error)) }
        }
    }
}

/// Waits for an answer, but not for ever.
async fn within<T>(
    limit: Duration,
    operation: &'static str,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = |_| failed(operation, "no answer in time");
    tokio::time::timeout(limit, answer).await.map_err(late)?
}

/// A failure of the store itself.
fn failed(
    operation: &'static str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError { operation, cause: Some(cause.into()) }
}

impl fmt::Debug for RedisStore {
    /// Leaves the rooms out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("node", &self.0.node_id.0).finish_non_exhaustive()
    }
}

#[async_trait]
impl RoomStore for RedisStore {
    async fn create(&self, room: Room) -> Result<(), StoreError> {
        within(LONG_ANSWER, "create", self.0.create(room)).await
    }

    async fn load(&self, room_id: &RoomId) -> Result<Option<Arc<Room>>, StoreError> {
        match self.0.find_followed(room_id).and_then(|followed| followed.newest()) {
            Some(room) => Ok(Some(room)),
            None => within(ANSWER, "load", self.0.load_newest(room_id)).await,
        }
    }

    async fn load_newest(&self, room_id: &RoomId) -> Result<Option<Arc<Room>>, StoreError> {
        within(ANSWER, "load newest", self.0.load_newest(room_id)).await
    }

    async fn find_code(&self, code: &str) -> Result<Option<RoomId>, StoreError> {
        within(ANSWER, "find code", self.0.find_code(code)).await
    }

    async fn commit(
        &self,
        room: &Arc<Room>,
        commit: Arc<Commit>,
    ) -> Result<CommitOutcome, StoreError> {
        // A task of its own: a caller that gives up leaves nothing half done.
        let (node, room) = (self.0.clone(), room.clone());
        let done = tokio::spawn(async move { node.commit(&room, &commit).await }).await;
        done.unwrap_or_else(|error| Err(failed("commit", error)))
    }

    async fn renew_lease(&self, room_id: &RoomId, until: Timestamp) -> Result<(), StoreError> {
        within(ANSWER, "renew lease", self.0.renew_lease(room_id, until)).await
    }

    async fn attend(&self, rooms: &[RoomId], _now: Timestamp) -> Result<(), StoreError> {
        self.0.attend(rooms).await
    }

    async fn life_signs(&self, room_id: &RoomId) -> Result<LifeSigns, StoreError> {
        within(ANSWER, "life signs", self.0.life_signs(room_id)).await
    }

    async fn list_due(&self, now: Timestamp, max: usize) -> Result<Vec<RoomId>, StoreError> {
        self.check_writable().await?;
        Ok(self.0.list_due(now, max))
    }

    async fn check_writable(&self) -> Result<(), StoreError> {
        if self.0.reachable.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(StoreError { operation: "check writable", cause: None })
        }
    }

    async fn list_public(&self) -> Result<Vec<Listed>, StoreError> {
        within(LONG_ANSWER, "list public", self.0.list_public()).await
    }

    async fn close(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.link.close().await;
    }
}

#[async_trait]
impl MemberStore for RedisStore {
    async fn add_member(
        &self,
        room_id: &RoomId,
        member: Member,
        max: usize,
        is_present: &(dyn for<'a> Fn(&'a ParticipantId) -> bool + Send + Sync),
    ) -> Result<bool, StoreError> {
        within(ANSWER, "add member", self.0.add_member(room_id, &member, max, is_present)).await
    }

    async fn find_member(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<Option<Member>, StoreError> {
        within(ANSWER, "find member", self.0.find_member(room_id, participant_id)).await
    }

    async fn keep_ticket(&self, secret: &str, ticket: Ticket) -> Result<(), StoreError> {
        within(ANSWER, "keep ticket", self.0.keep_ticket(secret, &ticket)).await
    }

    async fn redeem_ticket(&self, secret: &str) -> Result<Option<Ticket>, StoreError> {
        within(ANSWER, "redeem ticket", self.0.redeem_ticket(secret)).await
    }
}

#[async_trait]
impl Bus for RedisStore {
    fn subscribe(&self) -> mpsc::Receiver<News> {
        let (sender, receiver) = mpsc::channel(SUBSCRIPTION_MAX);
        self.0.subscribers.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    async fn follow(&self, room_id: &RoomId) -> Result<(), StoreError> {
        within(ANSWER, "follow", self.0.follow(room_id)).await
    }

    async fn unfollow(&self, room_id: &RoomId) {
        self.0.unfollow(room_id).await;
    }

    async fn tell(&self, room_id: &RoomId, notice: Notice) -> Result<(), StoreError> {
        within(ANSWER, "tell", self.0.tell_others(room_id, notice)).await
    }

    async fn load_presence(&self, room_id: &RoomId) -> Result<Elsewhere, StoreError> {
        within(ANSWER, "load presence", self.0.load_presence(room_id)).await
    }
}
