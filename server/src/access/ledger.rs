//! What a node keeps in memory of who may enter which room, so that every door can ask without waiting. A change is
//! written to SQL first. Each node reads every second what others have changed, whether it was told or not.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use async_trait::async_trait;
use engine::{ParticipantId, RoomId};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::clock::WallTime;
use crate::sql::{AccessChange, Sql, SqlError};

/// How often a node reads what others have changed.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How many changes are read at once.
const READ_AT_ONCE: usize = 1_000;
/// After how many of these readings everything is read anew, since rooms that are gone take their entries along.
const ANEW_EVERY: u32 = 600;
/// How long what is over is kept in SQL, in milliseconds, in case this node's clock is ahead and is corrected.
const SPARE_MS: u64 = 2 * 24 * 60 * 60 * 1000;

/// What holds for a participant of a room since the last change: a ban or a grant.
#[async_trait]
pub(super) trait Entry: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// What the entries are called in the log.
    const NAME: &'static str;

    /// Whether the participant's connections are to be closed because of it, if they were made under `previous`.
    fn closes(&self, previous: Option<&Self>, now: WallTime) -> bool;

    /// When it begins to close connections by itself, if it does.
    fn ends_at(&self) -> Option<WallTime>;

    /// Lists up to `most` changes after a number, in their order.
    async fn list_changes(
        sql: &Sql,
        after: u64,
        most: usize,
    ) -> Result<Vec<AccessChange<Self>>, SqlError>;

    /// Deletes what was over before a time, or belongs to rooms that are gone.
    async fn sweep(sql: &Sql, before: WallTime) -> Result<(), SqlError>;
}

/// The entries of all rooms, as this node knows them.
#[derive(Debug)]
pub(super) struct Ledger<E> {
    sql: Arc<Sql>,
    known: RwLock<Known<E>>,
    /// Whose connections are to be closed since somebody last asked, because of other nodes or of the time.
    closed: Mutex<Vec<(RoomId, ParticipantId)>>,
    news: Notify,
    /// Wakes the reading once another node says that it changed something.
    told: Notify,
    /// Held while changes are read, so that only one reading moves on at a time.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Known<E> {
    /// Each entry with the number of the change that made it.
    entries: HashMap<RoomId, HashMap<ParticipantId, (E, u64)>>,
    /// When entries begin to close connections. One that was replaced may be among them.
    ends: BTreeSet<(WallTime, RoomId, ParticipantId)>,
    /// The number of the last change that was read.
    read_to: u64,
}

impl<E> Default for Known<E> {
    fn default() -> Self {
        Self { entries: HashMap::new(), ends: BTreeSet::new(), read_to: 0 }
    }
}

impl<E: Entry> Known<E> {
    /// Takes a change in, unless that or a later one of the same participant is known. Returns whether the participant's
    /// connections are to be closed because of it.
    fn set(
        &mut self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
        (entry, number): (E, u64),
    ) -> bool {
        let room = self.entries.entry(room_id.clone()).or_default();
        let previous = room.get(participant_id);
        if previous.is_some_and(|(_, known)| *known >= number) {
            return false;
        }
        let closes = entry.closes(previous.map(|(entry, _)| entry), WallTime::now());
        let end = entry.ends_at();
        room.insert(participant_id.clone(), (entry, number));
        self.ends.extend(end.map(|end| (end, room_id.clone(), participant_id.clone())));
        closes
    }

    /// Takes in changes that were read. Returns whose connections are to be closed.
    fn take_in(&mut self, changes: Vec<AccessChange<E>>) -> Vec<(RoomId, ParticipantId)> {
        let mut closed = Vec::new();
        for AccessChange { number, room_id, participant_id, now } in changes {
            self.read_to = number;
            if self.set(&room_id, &participant_id, (now, number)) {
                closed.push((room_id, participant_id));
            }
        }
        closed
    }

    /// Takes out whose connections are to be closed by now because the time has come.
    fn take_ended(&mut self, now: WallTime) -> Vec<(RoomId, ParticipantId)> {
        let mut ended = Vec::new();
        while self.ends.first().is_some_and(|(end, ..)| *end <= now) {
            let Some((_, room_id, participant_id)) = self.ends.pop_first() else { break };
            let entry = self.entries.get(&room_id).and_then(|room| room.get(&participant_id));
            if entry.is_some_and(|(entry, _)| entry.closes(None, now)) {
                ended.push((room_id, participant_id));
            }
        }
        ended
    }
}

impl<E: Entry> Ledger<E> {
    /// Reads the entries. If the database doesn't answer, they are read once it does.
    pub(super) async fn open(sql: Arc<Sql>) -> Self {
        let (known, closed, reading) = Default::default();
        let [news, told] = [(); 2].map(|()| Notify::new());
        let ledger = Self { sql, known, closed, news, told, reading };
        let _ = ledger.read().await;
        // Nobody is connected yet.
        ledger.known_mut().take_ended(WallTime::now());
        ledger.lock_closed().clear();
        ledger
    }

    /// The database that holds the entries.
    pub(super) fn sql(&self) -> &Sql {
        &self.sql
    }

    /// Finds a participant's entry, and the number of the change that made it.
    pub(super) fn find(&self, room_id: &RoomId, id: &ParticipantId) -> Option<(E, u64)> {
        self.known().entries.get(room_id).and_then(|room| room.get(id)).cloned()
    }

    /// Takes in a change that this node has stored. Returns whether the participant's connections are to be closed
    /// because of it.
    pub(super) fn set(&self, room_id: &RoomId, id: &ParticipantId, entry: E, number: u64) -> bool {
        self.known_mut().set(room_id, id, (entry, number))
    }

    /// Waits until connections are to be closed, because of other nodes or because the time has come, and returns whose.
    /// There is one caller.
    pub(super) async fn news(&self) -> Vec<(RoomId, ParticipantId)> {
        self.news.notified().await;
        std::mem::take(&mut *self.lock_closed())
    }

    /// Reads the changes without waiting for the next second, because another node announced some.
    pub(super) fn read_soon(&self) {
        self.told.notify_one();
    }

    /// Reads what other nodes have changed, and notices what ends, until the node ends.
    pub(super) async fn keep(&self) {
        let mut is_away = false;
        for reading in 1_u32.. {
            let _ = timeout(READ_EVERY, self.told.notified()).await;
            let read = match reading % ANEW_EVERY {
                0 => self.read_anew().await,
                _ => self.read().await,
            };
            match read {
                Ok(()) => is_away = false,
                // Logged once, however long it lasts.
                Err(error) if !std::mem::replace(&mut is_away, true) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "{} aren't read: SQL doesn't answer", E::NAME);
                }
                Err(_) => {}
            }
            self.announce_ended();
        }
    }

    /// Reads the changes after the last one that was read.
    pub(super) async fn read(&self) -> Result<(), SqlError> {
        let _turn = self.reading.lock().await;
        loop {
            let after = self.known().read_to;
            let changes = E::list_changes(&self.sql, after, READ_AT_ONCE).await?;
            if changes.is_empty() {
                return Ok(());
            }
            let closed = self.known_mut().take_in(changes);
            self.announce(closed);
        }
    }

    /// Deletes entries that are over, and reads the others anew.
    async fn read_anew(&self) -> Result<(), SqlError> {
        let _turn = self.reading.lock().await;
        let swept = E::sweep(&self.sql, WallTime::now().minus_millis(SPARE_MS)).await;
        let last = self.sql.last_access_change().await?;
        let mut changes: Vec<AccessChange<E>> = Vec::new();
        loop {
            let after = changes.last().map_or(0, |last| last.number);
            let page = E::list_changes(&self.sql, after, READ_AT_ONCE).await?;
            if page.is_empty() {
                break;
            }
            changes.extend(page);
        }
        // If the database has gone back, to a backup or a replica that lagged behind, all is news.
        let read_to = Some(self.known().read_to).filter(|read_to| *read_to <= last);
        let (read, unread) = changes.into_iter().partition(|change| Some(change.number) <= read_to);
        let mut all = Known::default();
        all.take_in(read);
        let mut known = self.known_mut();
        let since = |number: u64| read_to.is_some_and(|read_to| number > read_to);
        for (room_id, room) in &known.entries {
            // Stored here since the last reading.
            for (id, change) in room.iter().filter(|(_, (_, number))| since(*number)) {
                all.set(room_id, id, change.clone());
            }
        }
        all.read_to = read_to.unwrap_or_default();
        let closed = all.take_in(unread);
        let old = std::mem::replace(&mut *known, all);
        drop(known);
        // Freed only here, so that nobody waits for it.
        drop(old);
        self.announce(closed);
        swept
    }

    fn announce_ended(&self) {
        let ended = self.known_mut().take_ended(WallTime::now());
        self.announce(ended);
    }

    fn announce(&self, mut closed: Vec<(RoomId, ParticipantId)>) {
        if !closed.is_empty() {
            self.lock_closed().append(&mut closed);
            self.news.notify_one();
        }
    }

    fn lock_closed(&self) -> MutexGuard<'_, Vec<(RoomId, ParticipantId)>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> RwLockReadGuard<'_, Known<E>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> RwLockWriteGuard<'_, Known<E>> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
