//! The durable state of all rooms in memory. Each method is one step under one lock.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{Commit, LeaseChange, ParticipantId, Room, RoomId, Timestamp};
use tokio::sync::{Notify, mpsc, oneshot};

use super::batch::MemberChange;
use super::job::Job;
use super::members::Members;
use super::tickets::Tickets;
use crate::store::{CommitOutcome, LifeSigns, Member, News, Ticket};

/// A group that takes longer to write hangs: commands are answered before.
const HANGING: Duration = Duration::from_millis(700);

/// Everything the store knows.
#[derive(Debug, Default)]
pub(super) struct Tables {
    // A std mutex: never held across an await.
    inner: Mutex<Inner>,
    /// Notifies the writer that changes of members wait.
    pub(super) members_changed: Notify,
    /// Whether writing the last group failed.
    pub(super) failing: AtomicBool,
    /// Since when a group is being written.
    pub(super) writing_since: Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct Inner {
    rooms: HashMap<RoomId, Slot>,
    /// The codes of rooms, and of new rooms that aren't durable yet.
    codes: HashMap<String, RoomId>,
    /// New rooms that aren't durable yet.
    reserved: HashSet<RoomId>,
    /// When each room is due. Invariant: the same times as `Slot::due`.
    due: BTreeSet<(Timestamp, RoomId)>,
    /// Members whose change is to be written, each with those who wait for that. Bounded by the members that rooms
    /// have had since the last write.
    changed: HashMap<(RoomId, ParticipantId), Vec<oneshot::Sender<()>>>,
    tickets: Tickets,
    subscribers: Vec<mpsc::Sender<News>>,
}

#[derive(Debug)]
struct Slot {
    room: Arc<Room>,
    /// Held by the commit in progress.
    turn: Arc<tokio::sync::Mutex<()>>,
    members: Members,
    signs: LifeSigns,
    /// The most participants seen at once.
    peak: u64,
    due: Option<Timestamp>,
    /// Since when the lifecycle is as it is, or was read.
    lifecycle_since: Timestamp,
}

impl Slot {
    /// When the room expires unless somebody connects.
    fn idle_at(&self) -> Option<Timestamp> {
        self.signs.attended.and_then(|attended| self.room.idle_at(attended))
    }
}

impl Tables {
    /// Whether commits can't be stored now: the last group failed, or one doesn't come to an end.
    pub(super) fn is_failing(&self) -> bool {
        let since = *self.writing_since.lock().unwrap_or_else(PoisonError::into_inner);
        self.failing.load(Ordering::Relaxed) || since.is_some_and(|at| at.elapsed() >= HANGING)
    }

    /// Notes that a group is being written, or that none is.
    pub(super) fn set_writing(&self, is_writing: bool) {
        let since = is_writing.then(Instant::now);
        *self.writing_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Only a caller's `is_present` can panic under the lock, and it runs before any change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves the id and the code of a new room. The error says which is taken.
    pub(super) fn reserve(&self, room: &Room) -> Result<(), &'static str> {
        let mut inner = self.lock();
        if inner.rooms.contains_key(&room.room_id) || inner.reserved.contains(&room.room_id) {
            return Err("the room id is taken");
        }
        if inner.codes.contains_key(&room.code) {
            return Err("the code is taken");
        }
        inner.codes.insert(room.code.clone(), room.room_id.clone());
        inner.reserved.insert(room.room_id.clone());
        Ok(())
    }

    /// Releases what a failed job had reserved.
    pub(super) fn release(&self, job: &Job) {
        let mut inner = self.lock();
        if inner.reserved.remove(&job.room.room_id) {
            inner.codes.remove(&job.room.code);
        }
    }

    pub(super) fn find(&self, room_id: &RoomId) -> Option<Arc<Room>> {
        self.lock().rooms.get(room_id).map(|slot| slot.room.clone())
    }

    pub(super) fn find_code(&self, code: &str) -> Option<RoomId> {
        let inner = self.lock();
        inner.codes.get(code).filter(|room_id| inner.rooms.contains_key(*room_id)).cloned()
    }

    /// Returns the turn of a room that is still at the place of `room`. The error is the outcome of a
    /// commit to it.
    pub(super) fn turn(&self, room: &Room) -> Result<Arc<tokio::sync::Mutex<()>>, CommitOutcome> {
        match self.lock().rooms.get(&room.room_id) {
            None => Err(CommitOutcome::Gone),
            Some(slot) if slot.room.place() != room.place() => Err(CommitOutcome::Conflict),
            Some(slot) => Ok(slot.turn.clone()),
        }
    }

    /// Applies durable jobs. Returns the subscribers to tell: later ones find the new state.
    pub(super) fn apply(&self, jobs: &[Job]) -> Vec<mpsc::Sender<News>> {
        let mut inner = self.lock();
        for job in jobs {
            inner.reserved.remove(&job.room.room_id);
            inner.put(&job.room);
            if let Some(commit) = &job.commit {
                inner.change_lease(&job.room, commit);
            }
        }
        inner.subscribers.retain(|subscriber| !subscriber.is_closed());
        inner.subscribers.clone()
    }

    /// Adds a room as it is in the journal.
    pub(super) fn restore(&self, room: &Arc<Room>, members: Members, signs: LifeSigns) {
        let mut inner = self.lock();
        inner.codes.insert(room.code.clone(), room.room_id.clone());
        inner.put(room);
        if let Some(slot) = inner.rooms.get_mut(&room.room_id) {
            slot.members = members;
            slot.signs = signs;
        }
        inner.reschedule(&room.room_id);
    }

    pub(super) fn add_member(
        &self,
        room_id: &RoomId,
        member: Member,
        max: usize,
        is_present: &(dyn for<'a> Fn(&'a ParticipantId) -> bool + Send + Sync),
    ) -> bool {
        let mut inner = self.lock();
        let slot = inner.rooms.get_mut(room_id);
        let Some(changed) = slot.and_then(|slot| slot.members.add(member, max, is_present)) else {
            return false;
        };
        for id in changed {
            inner.changed.entry((room_id.clone(), id)).or_default();
        }
        self.members_changed.notify_one();
        true
    }

    /// Removes a member. Returns what tells that it is durable, or fails; `None` if there is no such room.
    pub(super) fn remove_member(
        &self,
        room_id: &RoomId,
        id: &ParticipantId,
    ) -> Option<oneshot::Receiver<()>> {
        let mut inner = self.lock();
        inner.rooms.get_mut(room_id)?.members.remove(id);
        // Somebody who is no member may be one in the journal still: an earlier removal is just being written.
        let (written, answer) = oneshot::channel();
        inner.changed.entry((room_id.clone(), id.clone())).or_default().push(written);
        self.members_changed.notify_one();
        Some(answer)
    }

    pub(super) fn find_member(&self, room_id: &RoomId, id: &ParticipantId) -> Option<Member> {
        let inner = self.lock();
        inner.rooms.get(room_id)?.members.find(id).map(|(_, member)| member.clone())
    }

    /// Takes up to `max` changes of members to write. Those of deleted rooms are dropped.
    pub(super) fn take_members(&self, max: usize) -> Vec<MemberChange> {
        let mut inner = self.lock();
        let keys: Vec<_> = inner.changed.keys().take(max).cloned().collect();
        let mut changes = Vec::with_capacity(keys.len());
        for key in keys {
            let waiting = inner.changed.remove(&key).unwrap_or_default();
            let (room_id, participant_id) = key;
            let Some(slot) = inner.rooms.get(&room_id) else {
                MemberChange::tell_written(waiting);
                continue;
            };
            let entry = slot.members.find(&participant_id).cloned();
            changes.push(MemberChange { room_id, participant_id, entry, waiting });
        }
        changes
    }

    /// Puts back changes that weren't written. Nobody waits for them any longer.
    pub(super) fn return_members(&self, changes: Vec<MemberChange>) {
        let mut inner = self.lock();
        for change in changes {
            inner.changed.entry((change.room_id, change.participant_id)).or_default();
        }
    }

    pub(super) fn has_changed_members(&self) -> bool {
        !self.lock().changed.is_empty()
    }

    pub(super) fn renew_lease(&self, room_id: &RoomId, until: Timestamp) {
        let mut inner = self.lock();
        if let Some(slot) = inner.rooms.get_mut(room_id) {
            slot.signs.lease = (until > Timestamp::default()).then_some(until);
            inner.reschedule(room_id);
        }
    }

    pub(super) fn attend(&self, rooms: &[RoomId], now: Timestamp) {
        let mut inner = self.lock();
        for room_id in rooms {
            if let Some(slot) = inner.rooms.get_mut(room_id) {
                slot.signs.attended = slot.signs.attended.max(Some(now));
                inner.reschedule(room_id);
            }
        }
    }

    /// Gives every host a whole lease from `now` on, and takes no room for idle because of what was before.
    pub(super) fn renew_signs(&self, now: Timestamp) {
        let mut inner = self.lock();
        let ids: Vec<RoomId> = inner.rooms.keys().cloned().collect();
        for room_id in ids {
            if let Some(slot) = inner.rooms.get_mut(&room_id) {
                let whole = slot.room.lease_ms().map(|lease_ms| now.plus_millis(lease_ms));
                slot.signs.lease = slot.signs.lease.and_then(|lease| whole.max(Some(lease)));
                slot.signs.attended = slot.signs.attended.max(Some(now));
            }
            inner.reschedule(&room_id);
        }
    }

    /// Lists the rooms that have waited for their host since before `began`.
    pub(super) fn list_waiting(&self, began: Timestamp) -> Vec<RoomId> {
        let inner = self.lock();
        let waits =
            |slot: &&Slot| slot.room.lifecycle.moves_with_outages() && slot.lifecycle_since < began;
        inner.rooms.values().filter(waits).map(|slot| slot.room.room_id.clone()).collect()
    }

    pub(super) fn life_signs(&self, room_id: &RoomId) -> LifeSigns {
        self.lock().rooms.get(room_id).map(|slot| slot.signs).unwrap_or_default()
    }

    pub(super) fn raise_peak(&self, room_id: &RoomId, peak: u64) {
        if let Some(slot) = self.lock().rooms.get_mut(room_id) {
            slot.peak = slot.peak.max(peak);
        }
    }

    pub(super) fn peak(&self, room_id: &RoomId) -> u64 {
        self.lock().rooms.get(room_id).map_or(0, |slot| slot.peak)
    }

    pub(super) fn keep_ticket(
        &self,
        secret: &str,
        ticket: Ticket,
        now: Timestamp,
    ) -> Result<(), &'static str> {
        self.lock().tickets.keep(secret, ticket, now)
    }

    pub(super) fn redeem_ticket(
        &self,
        room_id: &RoomId,
        secret: &str,
        now: Timestamp,
    ) -> Option<Ticket> {
        self.lock().tickets.redeem(room_id, secret, now)
    }

    /// Lists up to `max` rooms that are due at `now`, the longest overdue first.
    pub(super) fn list_due(&self, now: Timestamp, max: usize) -> Vec<RoomId> {
        let inner = self.lock();
        let due = inner.due.iter().take_while(|(at, _)| *at <= now).take(max);
        due.map(|(_, room_id)| room_id.clone()).collect()
    }

    pub(super) fn list_public(&self) -> Vec<Arc<Room>> {
        let inner = self.lock();
        let rooms = inner.rooms.values().map(|slot| &slot.room);
        rooms.filter(|room| room.is_listed()).cloned().collect()
    }

    pub(super) fn subscribe(&self, subscriber: mpsc::Sender<News>) {
        self.lock().subscribers.push(subscriber);
    }
}

impl Inner {
    fn put(&mut self, room: &Arc<Room>) {
        let room_id = &room.room_id;
        if room.is_deleted() {
            if let Some(due) = self.rooms.remove(room_id).and_then(|slot| slot.due) {
                self.due.remove(&(due, room_id.clone()));
            }
            self.codes.remove(&room.code);
            return;
        }
        if let Some(slot) = self.rooms.get_mut(room_id) {
            if slot.room.lifecycle != room.lifecycle {
                slot.lifecycle_since = room.at;
            }
            slot.room = room.clone();
        } else {
            let slot = Slot {
                room: room.clone(),
                turn: Arc::default(),
                members: Members::default(),
                signs: LifeSigns { lease: None, attended: Some(room.at) },
                peak: 0,
                due: None,
                lifecycle_since: room.at,
            };
            self.rooms.insert(room_id.clone(), slot);
        }
        self.reschedule(room_id);
    }

    fn change_lease(&mut self, room: &Room, commit: &Commit) {
        let Some(slot) = self.rooms.get_mut(&room.room_id) else { return };
        slot.signs.lease = match LeaseChange::of(commit, room) {
            LeaseChange::Keep => return,
            LeaseChange::Until(until) => Some(until),
            LeaseChange::End => None,
        };
        self.reschedule(&room.room_id);
    }

    fn reschedule(&mut self, room_id: &RoomId) {
        let Some(slot) = self.rooms.get_mut(room_id) else { return };
        let due = [slot.room.deadline(), slot.signs.lease, slot.idle_at()];
        let due = due.into_iter().flatten().min();
        if due == slot.due {
            return;
        }
        if let Some(before) = std::mem::replace(&mut slot.due, due) {
            self.due.remove(&(before, room_id.clone()));
        }
        self.due.extend(due.map(|due| (due, room_id.clone())));
    }
}
