//! The traits of a store, over the tables and the queue of the writer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine::{Commit, ParticipantId, Room, RoomId, Timestamp};
use tokio::sync::{OwnedMutexGuard, mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::batch::Entry;
use super::freeze::Freeze;
use super::job::Job;
use super::tables::Tables;
use crate::clock::RoomClock;
use crate::sql::Sql;
use crate::store::{
    Bus, CommitOutcome, Elsewhere, LifeSigns, Listed, Member, MemberStore, News, Notice, RoomStore,
    StoreError, Ticket,
};

/// How long a caller waits for a removal to become durable.
const ANSWER: Duration = Duration::from_millis(500);
/// How many commits a subscriber may be behind before it holds up the writer.
const SUBSCRIPTION_MAX: usize = 4096;

/// The store of one node: rooms in memory, with a journal in the data directory.
pub struct MemoryStore {
    pub(super) tables: Arc<Tables>,
    pub(super) clock: RoomClock,
    pub(super) queue: mpsc::Sender<Job>,
    pub(super) sql: Arc<Sql>,
    pub(super) freeze: Freeze,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    #[cfg(test)]
    pub(super) pages_max: Arc<std::sync::atomic::AtomicU32>,
}

impl MemoryStore {
    /// Sends a room to the writer, and waits until it is durable. Fails at once if the queue is full.
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
            return Err(StoreError::new(operation, cause));
        }
        answer.await.unwrap_or_else(|_| Err(StoreError::new(operation, "the writer has stopped")))
    }
}

impl fmt::Debug for MemoryStore {
    /// Leaves out the rooms.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl RoomStore for MemoryStore {
    async fn create(&self, room: Room) -> Result<(), StoreError> {
        self.tables.reserve(&room).map_err(|taken| StoreError::new("create", taken))?;
        let room_id = room.room_id.clone();
        let created = self.write("create", Arc::new(room), None).await;
        if created.is_err() {
            // Its row would count as a room until the next start. If SQL is away, it does.
            let _ = self.sql.delete_never_created(&[room_id]).await;
        }
        created
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
        // The commit that had the turn before may have moved the room.
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
        self.give_back_freeze().await?;
        Ok(self.tables.list_due(now, max))
    }

    async fn check_writable(&self) -> Result<(), StoreError> {
        if self.queue.is_closed() || self.tables.is_failing() {
            return Err(StoreError::new("check writable", "the journal can't be written"));
        }
        Ok(())
    }

    async fn list_public(&self) -> Result<Vec<Listed>, StoreError> {
        let listed = |room| Listed { room, viewer_count: None };
        Ok(self.tables.list_public().into_iter().map(listed).collect())
    }

    /// Also releases the data directory. What is in memory can still be read.
    async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
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
            return Err(StoreError::new("add member", "the store is closed"));
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

    async fn remove_member(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<(), StoreError> {
        let unwritten = || StoreError::new("remove member", "the journal can't be written");
        if self.queue.is_closed() || self.tables.is_failing() {
            return Err(unwritten());
        }
        let Some(written) = self.tables.remove_member(room_id, participant_id) else {
            return Ok(());
        };
        let written = timeout(ANSWER, written).await;
        written.ok().and_then(Result::ok).ok_or_else(unwritten)
    }

    async fn keep_ticket(&self, secret: &str, ticket: Ticket) -> Result<(), StoreError> {
        let kept = self.tables.keep_ticket(secret, ticket, self.clock.now());
        kept.map_err(|cause| StoreError::new("keep ticket", cause))
    }

    async fn redeem_ticket(
        &self,
        room_id: &RoomId,
        secret: &str,
    ) -> Result<Option<Ticket>, StoreError> {
        Ok(self.tables.redeem_ticket(room_id, secret, self.clock.now()))
    }
}

// There are no other nodes to tell. This one itself forgets rooms without connections.
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
