//! The traits of a store over Redis: each operation with the time that its caller waits.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use engine::{Commit, ParticipantId, Room, RoomId, Timestamp};
use tokio::sync::mpsc;

use super::beat::FOREIGN;
use super::masters::Master;
use super::node::Node;
use crate::store::{
    Bus, CommitOutcome, Elsewhere, LifeSigns, Listed, Member, MemberStore, News, Notice, RoomStore,
    StoreError, Ticket,
};

/// How long a caller waits. The operation itself goes on.
const ANSWER: Duration = Duration::from_millis(500);
/// How long creating a room, or listing rooms, may take.
const LONG_ANSWER: Duration = Duration::from_secs(4);

/// The store of nodes that share a Redis.
pub struct RedisStore(pub(super) Arc<Node>);

/// Waits for an answer up to a limit.
async fn within<T>(
    limit: Duration,
    operation: &'static str,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = |_| StoreError::new(operation, "no answer in time");
    tokio::time::timeout(limit, answer).await.map_err(late)?
}

impl fmt::Debug for RedisStore {
    /// Leaves out the rooms.
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
        match self.0.followed.find(room_id).and_then(|followed| followed.newest()) {
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
        // A task of its own, so that a caller that gives up leaves nothing half done.
        let (node, room) = (self.0.clone(), room.clone());
        let done = tokio::spawn(async move { node.commit(&room, &commit).await }).await;
        done.unwrap_or_else(|error| Err(StoreError::new("commit", error)))
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
        if self.0.masters.away().is_all() {
            let is_foreign = |master: &Arc<Master>| master.is_foreign.load(Ordering::Relaxed);
            let is_foreign = self.0.masters.all().iter().any(is_foreign);
            let cause = if is_foreign { FOREIGN } else { "Redis can't be reached" };
            return Err(StoreError::new("check writable", cause));
        }
        Ok(())
    }

    async fn list_public(&self) -> Result<Vec<Listed>, StoreError> {
        within(LONG_ANSWER, "list public", self.0.list_public()).await
    }

    async fn close(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.say_farewell().await;
        self.0.masters.close().await;
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

    async fn remove_member(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<(), StoreError> {
        within(ANSWER, "remove member", self.0.remove_member(room_id, participant_id)).await
    }

    async fn keep_ticket(&self, secret: &str, ticket: Ticket) -> Result<(), StoreError> {
        within(ANSWER, "keep ticket", self.0.keep_ticket(secret, &ticket)).await
    }

    async fn redeem_ticket(
        &self,
        room_id: &RoomId,
        secret: &str,
    ) -> Result<Option<Ticket>, StoreError> {
        within(ANSWER, "redeem ticket", self.0.redeem_ticket(room_id, secret)).await
    }
}

#[async_trait]
impl Bus for RedisStore {
    fn subscribe(&self) -> mpsc::Receiver<News> {
        self.0.subscribe()
    }

    async fn follow(&self, room_id: &RoomId) -> Result<(), StoreError> {
        within(ANSWER, "follow", self.0.follow(room_id)).await
    }

    async fn unfollow(&self, room_id: &RoomId) {
        self.0.unfollow(room_id).await;
    }

    async fn tell(&self, room_id: &RoomId, notice: Notice) -> Result<(), StoreError> {
        within(ANSWER, "tell", self.0.tell(room_id, notice)).await
    }

    async fn load_presence(&self, room_id: &RoomId) -> Result<Elsewhere, StoreError> {
        within(ANSWER, "load presence", self.0.load_presence(room_id)).await
    }
}
