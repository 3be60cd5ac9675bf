//! Rooms with people connected to this node: the newest state in memory, and how far their order
//! was told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::{Commit, Event, Room, RoomId, should_adopt};

use super::link::Reply;
use super::read::{Standing, bytes_of, number_of, text};
use super::script::SINCE;
use super::{Node, keys};
use crate::store::{News, Published, StoreError};

/// How many commits wait for the first state. Beyond, the state is newer anyway.
const PENDING_MAX: usize = 256;

/// A room that this node follows.
pub(super) struct Followed {
    pub(super) room_id: RoomId,
    /// Held while the state is asked for.
    pub(super) asking: tokio::sync::Mutex<()>,
    // A std mutex: never held across an await.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What decisions are made on. Never behind `told`.
    newest: Option<Arc<Room>>,
    /// The room as the subscribers were told; `None` before the first state, and when they missed
    /// something.
    told: Option<Arc<Room>>,
    pending: VecDeque<Commit>,
}

/// What came of a commit that was heard of.
enum Heard {
    Told,
    Known,
    Gap,
}

impl Followed {
    fn new(room_id: RoomId) -> Self {
        Self { room_id, asking: tokio::sync::Mutex::new(()), state: Mutex::default() }
    }

    /// The newest state that this node knows.
    pub(super) fn newest(&self) -> Option<Arc<Room>> {
        self.lock().newest.clone()
    }

    /// The state that the subscribers were told.
    pub(super) fn told(&self) -> Option<Arc<Room>> {
        self.lock().told.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn position(room: &Room) -> (u64, u64) {
    (room.epoch, room.version)
}

impl Node {
    /// Listens to a room, then reads it: what is committed from then on is heard of.
    pub(super) async fn follow(self: &Arc<Self>, room_id: &RoomId) -> Result<(), StoreError> {
        let followed = {
            let mut all = self.followed.write().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Followed::new(room_id.clone()));
            all.entry(room_id.clone()).or_insert_with(new).clone()
        };
        let _asking = followed.asking.lock().await;
        if followed.told().is_some() {
            return Ok(());
        }
        let channel = keys::channel(room_id);
        self.link.subscribe(vec![channel]).await.map_err(self.failed("follow"))?;
        let rooms = keys::rooms_of_node(&self.node_id);
        let noted = vec![rooms.clone().into(), text(room_id)];
        self.link.call("SADD", noted).await.map_err(self.failed("follow"))?;
        let keep = vec![rooms.into(), text(keys::KEEP_MS)];
        self.link.call("PEXPIRE", keep).await.map_err(self.failed("follow"))?;
        let room = match self.read(room_id, None).await? {
            Standing::Current(room) => Some(room),
            _ => self.recover(room_id).await?,
        };
        match room {
            Some(room) => self.begin(&followed, &room),
            None => self.unfollow(room_id).await,
        }
        Ok(())
    }

    /// Listens to a room no more.
    pub(super) async fn unfollow(&self, room_id: &RoomId) {
        self.forget_followed(room_id);
        // What stays subscribed is ignored, and ends with the connection.
        let _ = self.link.unsubscribe(keys::channel(room_id)).await;
        let gone = vec![keys::rooms_of_node(&self.node_id).into(), text(room_id)];
        let _ = self.link.call("SREM", gone).await;
    }

    fn forget_followed(&self, room_id: &RoomId) {
        self.followed.write().unwrap_or_else(PoisonError::into_inner).remove(room_id);
        self.set_deadline(room_id, None);
    }

    /// The first state: what was heard of before is told after it.
    fn begin(self: &Arc<Self>, followed: &Arc<Followed>, room: &Arc<Room>) {
        let mut state = followed.lock();
        state.told = Some(room.clone());
        let newer = state.newest.as_ref().is_none_or(|known| position(known) < position(room));
        if newer {
            state.newest = Some(room.clone());
        }
        let pending = std::mem::take(&mut state.pending);
        drop(state);
        self.set_deadline(&followed.room_id, room.deadline());
        for commit in pending {
            self.hear(followed, commit);
        }
    }

    /// A state was read or made: decisions are made on it from now on. Whoever is connected hears
    /// of it by the room's messages.
    pub(super) fn notice(&self, followed: &Followed, room: &Arc<Room>) {
        let mut state = followed.lock();
        if state.newest.as_ref().is_some_and(|known| position(known) < position(room)) {
            state.newest = Some(room.clone());
            drop(state);
            self.set_deadline(&followed.room_id, room.deadline());
        }
    }

    /// A message about a commit. In order, it is told; the rest was told before, or shows a gap.
    pub(super) fn hear(self: &Arc<Self>, followed: &Arc<Followed>, commit: Commit) {
        if matches!(self.advance(followed, commit), Heard::Gap) {
            self.ask(followed.clone());
        }
    }

    /// Asks for what was missed, in a task of its own.
    pub(super) fn ask(self: &Arc<Self>, followed: Arc<Followed>) {
        let node = self.clone();
        self.tasks.spawn(async move {
            if let Err(error) = node.catch_up(&followed).await {
                // The next beat that finds Redis asks again.
                let error: &dyn std::error::Error = &error;
                tracing::debug!(error, room.id = %followed.room_id, "what was missed isn't known");
            }
        });
    }

    fn advance(&self, followed: &Followed, commit: Commit) -> Heard {
        let mut state = followed.lock();
        let Some(told) = state.told.clone() else {
            if state.pending.len() < PENDING_MAX {
                state.pending.push_back(commit);
            }
            return Heard::Known;
        };
        if (commit.epoch, commit.version) <= position(&told) {
            return Heard::Known;
        }
        let follows = match &commit.event {
            Event::Rebased { previous_epoch, previous_version, .. } => {
                (*previous_epoch, *previous_version) == position(&told)
            }
            _ => commit.epoch == told.epoch && commit.version == told.version + 1,
        };
        if !follows {
            return Heard::Gap;
        }
        let rebased = matches!(commit.event, Event::Rebased { .. });
        let mut after = Room::clone(&told);
        after.apply(&commit);
        let at = position(&after);
        let room = match &state.newest {
            Some(known) if position(known) == at => known.clone(),
            _ => Arc::new(after),
        };
        if state.newest.as_ref().is_none_or(|known| position(known) < at) {
            state.newest = Some(room.clone());
        }
        let deleted = room.lifecycle.state == engine::LifecycleState::Deleted;
        let deadline = state.newest.as_ref().and_then(|room| room.deadline());
        if deleted {
            // Before it is told, so that whoever hears of it finds nothing any more.
            self.forget_followed(&followed.room_id);
        }
        let published = Published { room: room.clone(), commit: Arc::new(commit) };
        // Told under the lock, so that nobody else's news come between.
        let mut heard = self.tell(&News::Commit(published));
        if rebased {
            // Clients that heard of a rebuild wait for the state that it led to.
            heard &= self.tell(&News::Reset(room.clone()));
        }
        state.told = heard.then_some(room);
        if rebased {
            self.tell(&News::PresenceLost(followed.room_id.clone()));
        }
        drop(state);
        if !deleted {
            self.set_deadline(&followed.room_id, deadline);
        }
        Heard::Told
    }

    /// Tells what was missed: commit by commit from the log, else the newest state.
    pub(super) async fn catch_up(
        self: &Arc<Self>,
        followed: &Arc<Followed>,
    ) -> Result<(), StoreError> {
        let _asking = followed.asking.lock().await;
        if let Some(told) = followed.told() {
            let after = text(format!("({}-{}", told.epoch, told.version));
            // A log that can't be read is as good as none.
            let answer = self.run("since", &SINCE, &followed.room_id, vec![after]).await;
            if answer.is_ok_and(|answer| !answer.is_lost() && self.replay(followed, &answer.rest)) {
                return Ok(());
            }
        }
        match self.read(&followed.room_id, None).await? {
            Standing::Current(room) => self.catch_up_to(followed, room).await,
            _ => {
                if self.recover(&followed.room_id).await?.is_none() {
                    self.tell_gone(followed);
                }
                Ok(())
            }
        }
    }

    /// Tells the commits of the log. Whether they lead to where the room is.
    fn replay(&self, followed: &Followed, answer: &[Reply]) -> bool {
        let [epoch, version, Reply::List(commits)] = answer else { return false };
        for commit in commits {
            let bytes = bytes_of(commit).unwrap_or_default();
            let Ok(commit) = serde_json::from_slice(&bytes) else { return false };
            if matches!(self.advance(followed, commit), Heard::Gap) {
                return false;
            }
        }
        let there = number_of(epoch).zip(number_of(version));
        followed.told().is_some_and(|told| there.is_some_and(|there| position(&told) >= there))
    }

    async fn catch_up_to(
        self: &Arc<Self>,
        followed: &Arc<Followed>,
        room: Arc<Room>,
    ) -> Result<(), StoreError> {
        if let Some(known) = followed.newest()
            && should_adopt(&room, &known)
        {
            // Rebuilt from an older copy than this node's, and nothing has been built on it yet.
            self.adopt(&room, &known).await?;
            return Ok(());
        }
        self.reset(followed, &room);
        Ok(())
    }

    /// The order goes on from `room`.
    pub(super) fn reset(&self, followed: &Followed, room: &Arc<Room>) {
        let mut state = followed.lock();
        if state.told.as_ref().is_some_and(|told| position(told) >= position(room)) {
            return;
        }
        let before = state.told.as_ref().or(state.newest.as_ref()).map(|room| room.place());
        let before = before.filter(|before| before.epoch < room.epoch);
        let rebuilt = before.and_then(|before| room.rebased_commit(before));
        let was_rebuilt = rebuilt.is_some();
        let mut heard = true;
        if let Some(commit) = rebuilt {
            let commit = Arc::new(commit);
            heard &= self.tell(&News::Commit(Published { room: room.clone(), commit }));
        }
        heard &= self.tell(&News::Reset(room.clone()));
        if was_rebuilt {
            self.tell(&News::PresenceLost(followed.room_id.clone()));
        }
        state.told = heard.then(|| room.clone());
        state.pending.clear();
        // Another epoch's state replaces even what seemed newer.
        if state.newest.as_ref().is_none_or(|known| position(known) < position(room)) {
            state.newest = Some(room.clone());
        }
        drop(state);
        self.set_deadline(&followed.room_id, room.deadline());
    }

    /// The room is gone, and its last commit wasn't heard.
    fn tell_gone(&self, followed: &Followed) {
        self.tell(&News::Gone(followed.room_id.clone()));
        self.forget_followed(&followed.room_id);
    }
}
