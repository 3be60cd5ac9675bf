//! Follows rooms: each commit reaches the subscribers once and in order, even if messages are lost,
//! repeated or reordered.

use std::sync::{Arc, MutexGuard, PoisonError};

use engine::{Commit, Event, Place, Room, RoomId, Timestamp, should_adopt};

use super::client::Reply;
use super::codec::{bytes_of, number_of, text};
use super::followed::{FollowedRoom, Progress};
use super::keys;
use super::node::Node;
use super::read::StoredRoom;
use super::script::SINCE;
use crate::store::{News, Published, StoreError};

impl Node {
    /// Subscribes to a room, then reads it, so that no commit falls between.
    pub(super) async fn follow(self: &Arc<Self>, room_id: &RoomId) -> Result<(), StoreError> {
        let followed = self.followed.find_or_add(room_id);
        let _catching_up = followed.catching_up.lock().await;
        if followed.told().is_some() {
            return Ok(());
        }
        let channel = keys::channel(room_id);
        self.masters.subscribe(channel).await.map_err(self.failed("follow"))?;
        let master = self.masters.of_room(room_id).map_err(self.failed("follow"))?;
        let rooms = std::slice::from_ref(room_id);
        self.record_rooms(&master, rooms).await.map_err(self.failed("follow"))?;
        let room = match self.read(room_id, None).await? {
            StoredRoom::Current(room) => Some(room),
            _ => self.recover(room_id).await?,
        };
        match room {
            Some(room) => self.begin(&followed, &room),
            None => self.unfollow(room_id).await,
        }
        Ok(())
    }

    /// Stops following a room.
    pub(super) async fn unfollow(&self, room_id: &RoomId) {
        self.forget_followed(room_id);
        // A subscription that remains is ignored, and ends with the connection.
        let _ = self.masters.unsubscribe(keys::channel(room_id)).await;
        if let Ok(master) = self.masters.of_room(room_id) {
            let rooms = keys::rooms_of_node(&master.home, &self.node_id);
            let _ = self.masters.call("SREM", vec![rooms.into(), text(room_id)]).await;
        }
    }

    fn forget_followed(&self, room_id: &RoomId) {
        self.followed.remove(room_id);
        self.set_deadline(room_id, None);
    }

    /// Replaces the deadline of a followed room.
    fn set_deadline(&self, room_id: &RoomId, deadline: Option<Timestamp>) {
        // Nothing would ever remove the deadline of a room that isn't followed any more.
        self.followed.while_locked(room_id, |is_followed| {
            let mut deadlines = self.deadlines.lock().unwrap_or_else(PoisonError::into_inner);
            deadlines.set(room_id, deadline.filter(|_| is_followed));
        });
    }

    /// Starts with the first state, and continues with the commits received before it.
    fn begin(self: &Arc<Self>, followed: &Arc<FollowedRoom>, room: &Arc<Room>) {
        let mut progress = followed.lock();
        progress.told = Some(room.clone());
        progress.raise_newest(room);
        self.go_on(followed, progress, room);
    }

    /// Continues from `room`, which the subscribers were told, with the commits received meanwhile.
    fn go_on(
        self: &Arc<Self>,
        followed: &Arc<FollowedRoom>,
        mut progress: MutexGuard<'_, Progress>,
        room: &Room,
    ) {
        let pending = std::mem::take(&mut progress.pending);
        drop(progress);
        self.set_deadline(&followed.room_id, room.deadline());
        for commit in pending {
            self.receive(followed, commit);
        }
    }

    /// Decides on a state from now on, because it was read or written. The subscribers hear of it by
    /// the room's messages.
    pub(super) fn learn(&self, followed: &FollowedRoom, room: &Arc<Room>) {
        let mut progress = followed.lock();
        if progress.newest.as_ref().is_some_and(|newest| newest.place() < room.place()) {
            progress.newest = Some(room.clone());
            drop(progress);
            self.set_deadline(&followed.room_id, room.deadline());
        }
    }

    /// Receives a commit. If commits before it are missing, catches up.
    pub(super) fn receive(self: &Arc<Self>, followed: &Arc<FollowedRoom>, commit: Commit) {
        if !self.advance(followed, commit) {
            self.start_catch_up(followed.clone());
        }
    }

    /// Catches up in a task of its own.
    pub(super) fn start_catch_up(self: &Arc<Self>, followed: Arc<FollowedRoom>) {
        let node = self.clone();
        self.tasks.spawn(async move {
            if let Err(error) = node.catch_up(&followed).await {
                // The next heartbeat that succeeds tries again.
                let error: &dyn std::error::Error = &error;
                tracing::debug!(error, room.id = %followed.room_id, "can't catch up yet");
            }
        });
    }

    /// Rebuilds a room that somebody has set back, in a task of its own.
    pub(super) fn start_rebuild(self: &Arc<Self>, room_id: RoomId) {
        let node = self.clone();
        self.tasks.spawn(async move {
            if let Err(error) = node.recover(&room_id).await {
                // The next time that it is attended it is tried again.
                let error: &dyn std::error::Error = &error;
                tracing::debug!(error, room.id = %room_id, "a room can't be rebuilt yet");
            }
        });
    }

    /// Tells the subscribers of a commit, unless they were told of it before. Returns `false`, and tells
    /// nothing, if commits before it are missing.
    fn advance(self: &Arc<Self>, followed: &FollowedRoom, commit: Commit) -> bool {
        let mut progress = followed.lock();
        let Some(told) = progress.told.clone() else {
            progress.keep_pending(commit);
            return true;
        };
        let is_same_epoch = commit.epoch == told.epoch;
        if commit.place() <= told.place() {
            if is_same_epoch && commit.at > told.at {
                // No repetition: somebody has set the room back, and it went on from there.
                progress.doubted = Some(commit.epoch);
                drop(progress);
                self.start_rebuild(followed.room_id.clone());
            }
            return true;
        }
        if progress.doubted == Some(commit.epoch) {
            // It doesn't follow what the subscribers were told, although its place does.
            progress.keep_pending(commit);
            return true;
        }
        if !commit.follows(told.place()) {
            return false;
        }
        let mut after = Room::clone(&told);
        after.apply(&commit);
        let room = match &progress.newest {
            Some(newest) if newest.place() == after.place() => newest.clone(),
            _ => Arc::new(after),
        };
        progress.raise_newest(&room);
        let deadline = progress.newest.as_ref().and_then(|newest| newest.deadline());
        if room.is_deleted() {
            // Before the subscribers are notified, so that they no longer find the room.
            self.forget_followed(&followed.room_id);
        }
        progress.doubted = None;
        // Told while the progress is locked, so that nobody else's news come between.
        self.tell_commit(&mut progress, &followed.room_id, &room, commit);
        drop(progress);
        if !room.is_deleted() {
            self.set_deadline(&followed.room_id, deadline);
        }
        true
    }

    fn tell_commit(
        &self,
        progress: &mut Progress,
        room_id: &RoomId,
        room: &Arc<Room>,
        commit: Commit,
    ) {
        let is_rebuild = matches!(commit.event, Event::Rebased { .. });
        let commit = Arc::new(commit);
        let mut all = self.send_news(&News::Commit(Published { room: room.clone(), commit }));
        if is_rebuild {
            // Clients that were told of a rebuild wait for the state that it led to.
            all &= self.send_news(&News::Reset(room.clone()));
        }
        progress.told = all.then(|| room.clone());
        if is_rebuild {
            self.send_news(&News::PresenceLost(room_id.clone()));
        }
    }

    /// Tells the subscribers what they missed: commit by commit from the log, else the newest state.
    pub(super) async fn catch_up(
        self: &Arc<Self>,
        followed: &Arc<FollowedRoom>,
    ) -> Result<(), StoreError> {
        let _catching_up = followed.catching_up.lock().await;
        if let Some(told) = followed.told() {
            let after = text(format!("({}-{}", told.epoch, told.version));
            // If the log can't be read, the state is read.
            let reply = self.run("since", &SINCE, &followed.room_id, vec![after]).await;
            if reply
                .is_ok_and(|reply| !reply.is_lost() && self.replay(followed, &told, &reply.values))
            {
                return Ok(());
            }
        }
        match self.read(&followed.room_id, None).await? {
            StoredRoom::Current(room) => self.catch_up_to(followed, room).await,
            _ => {
                if self.recover(&followed.room_id).await?.is_none() {
                    self.tell_gone(followed);
                }
                Ok(())
            }
        }
    }

    /// Tells the subscribers the commits of the log after `before`. Returns whether that brought them to the
    /// place where the room is.
    fn replay(self: &Arc<Self>, followed: &FollowedRoom, before: &Room, values: &[Reply]) -> bool {
        let [epoch, version, Reply::List(commits)] = values else { return false };
        let Some((epoch, version)) = number_of(epoch).zip(number_of(version)) else { return false };
        let place = Place { epoch, version };
        if place < before.place() {
            // Somebody has set the room back.
            return false;
        }
        for commit in commits {
            let bytes = bytes_of(commit).unwrap_or_default();
            let Ok(commit) = serde_json::from_slice(&bytes) else { return false };
            if !self.advance(followed, commit) {
                return false;
            }
        }
        followed.told().is_some_and(|told| told.place() >= place)
    }

    async fn catch_up_to(
        self: &Arc<Self>,
        followed: &Arc<FollowedRoom>,
        room: Arc<Room>,
    ) -> Result<(), StoreError> {
        if let Some(known) = followed.newest()
            && should_adopt(&room, &known)
        {
            return self.adopt(&room, &known).await;
        }
        self.reset(followed, &room);
        Ok(())
    }

    /// Continues the order from `room`, if the subscribers weren't told of anything as new.
    pub(super) fn reset(self: &Arc<Self>, followed: &Arc<FollowedRoom>, room: &Arc<Room>) {
        let mut progress = followed.lock();
        if progress.told.as_ref().is_some_and(|told| told.place() >= room.place()) {
            return;
        }
        let before = progress.told.as_ref().or(progress.newest.as_ref()).map(|room| room.place());
        let rebuild = before.and_then(|before| room.rebased_commit(before));
        let is_rebuild = rebuild.is_some();
        let mut all = true;
        if let Some(commit) = rebuild {
            let commit = Arc::new(commit);
            all &= self.send_news(&News::Commit(Published { room: room.clone(), commit }));
        }
        all &= self.send_news(&News::Reset(room.clone()));
        if is_rebuild {
            self.send_news(&News::PresenceLost(followed.room_id.clone()));
        }
        progress.told = all.then(|| room.clone());
        progress.raise_newest(room);
        progress.doubted = None;
        self.go_on(followed, progress, room);
    }

    /// Tells the subscribers that the room is gone. Its last commit wasn't received.
    fn tell_gone(&self, followed: &FollowedRoom) {
        self.send_news(&News::Gone(followed.room_id.clone()));
        self.forget_followed(&followed.room_id);
    }
}
