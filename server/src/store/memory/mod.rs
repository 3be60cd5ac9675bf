//! Rooms in memory, with a write-ahead journal: what is acknowledged survives a crash.
//!
//! A commit is decided on durable state alone. It holds its room's turn, so that one commit of a
//! room is on its way at a time, and goes through one writer: journal, then tables, then
//! subscribers, then the caller.

mod batch;
mod journal;
mod members;
mod open;
mod replay;
mod tables;
mod tickets;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use engine::{Commit, ParticipantId, Room, RoomId, Timestamp};
use tokio::sync::{OwnedMutexGuard, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::batch::Entry;
use self::tables::Tables;
use self::writer::Job;
use super::{
    Bus, CommitOutcome, Elsewhere, LifeSigns, Listed, Member, MemberStore, News, Notice, RoomStore,
    StoreError, Ticket,
};
use crate::clock::RoomClock;

pub use self::open::OpenError;

/// How many creations and commits wait for the writer; beyond, they fail at once.
const QUEUE_MAX: usize = 1024;
/// How many commits a subscriber may be behind before it holds up the writer.
const SUBSCRIPTION_MAX: usize = 4096;

/// The store of one node: rooms in memory, journalled in the data directory.
pub struct MemoryStore {
    tables: Arc<Tables>,
    clock: RoomClock,
    queue: mpsc::Sender<Job>,
    stop: CancellationToken,
    tasks: TaskTracker,
    #[cfg(test)]
    pages_max: Arc<std::sync::atomic::AtomicU32>,
}

impl MemoryStore {
    /// Takes no more writes, finishes those that are queued, and lets go of the data directory.
    /// What is in memory can still be read.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Hands a room to the writer, without waiting for a place in its queue.
    async fn write(
        &self,
        operation: &'static str,
        room: Arc<Room>,
        commit: Option<(Arc<Commit>, OwnedMutexGuard<()>)>,
    ) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let (commit, _turn) = commit.unzip();
        let entry = Entry::of(&room, commit.as_deref());
        let job = Job { operation, room, entry, commit, _turn, reply };
        if let Err(error) = self.queue.try_send(job) {
            let cause = match &error {
                mpsc::error::TrySendError::Full(_) => "too many writes are waiting",
                mpsc::error::TrySendError::Closed(_) => "the store is closed",
            };
            self.tables.release(&error.into_inner());
            return Err(failed(operation, cause));
        }
        answer.await.unwrap_or_else(|_| Err(failed(operation, "the writer has stopped")))
    }
}

fn failed(
    operation: &'static str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError { operation, cause: Some(cause.into()) }
}

impl fmt::Debug for MemoryStore {
    /// Leaves the rooms out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl RoomStore for MemoryStore {
    async fn create(&self, room: Room) -> Result<(), StoreError> {
        self.tables.reserve(&room).map_err(|taken| failed("create", taken))?;
        self.write("create", Arc::new(room), None).await
    }

    async fn load(&self, room_id: &RoomId) -> Result<Option<Arc<Room>>, StoreError> {
        Ok(self.tables.find(room_id))
    }

    async fn load_newest(&self, room_id: &RoomId) -> Result<Option<Arc<Room>>, StoreError> {
        Ok(self.tables.find(room_id))
    }

    async fn find_code(&self, code: &str) -> Result<Option<RoomId>, StoreError> {
        Ok(self.tables.find_code(code))
    }

    async fn commit(
        &self,
        room: &Arc<Room>,
        commit: Arc<Commit>,
    ) -> Result<CommitOutcome, StoreError> {
        let turn = match self.tables.turn(room) {
            Ok(turn) => turn.lock_owned().await,
            Err(outcome) => return Ok(outcome),
        };
        // Whoever had the turn before may have moved the room.
        if let Err(outcome) = self.tables.turn(room) {
            return Ok(outcome);
        }
        let mut room = Room::clone(room);
        room.apply(&commit);
        self.write("commit", Arc::new(room), Some((commit, turn))).await?;
        Ok(CommitOutcome::Committed)
    }

    async fn renew_lease(&self, room_id: &RoomId, until: Timestamp) -> Result<(), StoreError> {
        self.tables.renew_lease(room_id, until);
        Ok(())
    }

    async fn attend(&self, rooms: &[RoomId], now: Timestamp) -> Result<(), StoreError> {
        self.tables.attend(rooms, now);
        Ok(())
    }

    async fn life_signs(&self, room_id: &RoomId) -> Result<LifeSigns, StoreError> {
        Ok(self.tables.life_signs(room_id))
    }

    async fn list_due(&self, now: Timestamp, max: usize) -> Result<Vec<RoomId>, StoreError> {
        Ok(self.tables.list_due(now, max))
    }

    async fn check_writable(&self) -> Result<(), StoreError> {
        if self.queue.is_closed() || self.tables.failing.load(Ordering::Relaxed) {
            return Err(StoreError { operation: "check writable", cause: None });
        }
        Ok(())
    }

    async fn list_public(&self) -> Result<Vec<Listed>, StoreError> {
        let listed = |room| Listed { room, viewer_count: None };
        Ok(self.tables.list_public().into_iter().map(listed).collect())
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

#[async_trait]
impl MemberStore for MemoryStore {
    async fn add_member(
        &self,
        room_id: &RoomId,
        member: Member,
        max: usize,
        is_present: &(dyn for<'a> Fn(&'a ParticipantId) -> bool + Send + Sync),
    ) -> Result<bool, StoreError> {
        if self.queue.is_closed() {
            return Err(failed("add member", "the store is closed"));
        }
        Ok(self.tables.add_member(room_id, member, max, is_present))
    }

    async fn find_member(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<Option<Member>, StoreError> {
        Ok(self.tables.find_member(room_id, participant_id))
    }

    async fn keep_ticket(&self, secret: &str, ticket: Ticket) -> Result<(), StoreError> {
        let kept = self.tables.keep_ticket(secret, ticket, self.clock.now());
        kept.map_err(|cause| failed("keep ticket", cause))
    }

    async fn redeem_ticket(&self, secret: &str) -> Result<Option<Ticket>, StoreError> {
        Ok(self.tables.redeem_ticket(secret, self.clock.now()))
    }
}

// There is no other node to tell, and the node itself forgets rooms without connections.
#[async_trait]
impl Bus for MemoryStore {
    fn subscribe(&self) -> mpsc::Receiver<News> {
        let (sender, receiver) = mpsc::channel(SUBSCRIPTION_MAX);
        self.tables.subscribe(sender);
        receiver
    }

    async fn tell(&self, room_id: &RoomId, notice: Notice) -> Result<(), StoreError> {
        if let Notice::Presence(update) = notice {
            self.tables.raise_peak(room_id, update.peak);
        }
        Ok(())
    }

    async fn load_presence(&self, room_id: &RoomId) -> Result<Elsewhere, StoreError> {
        Ok(Elsewhere { nodes: Vec::new(), peak: self.tables.peak(room_id) })
    }
}

#[cfg(test)]
mod tests;
