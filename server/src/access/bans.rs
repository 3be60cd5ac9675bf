//! Who may not enter which room. A ban is written to SQL first. Each node keeps all of them in memory, so that every door can
//! ask without waiting, and reads every second what others have changed, whether they could tell it or not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use contracts::ErrorCode;
use engine::{ParticipantId, RoomId};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::clock::WallTime;
use crate::refusal::Refusal;
use crate::sql::{BanChange, BanRow, Sql, SqlError};

/// How often a node reads what others have changed.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How many changes are read at once.
const READ_AT_ONCE: usize = 1_000;
/// After how many of these readings everything is read anew, since rooms that are gone take their bans along.
const ANEW_EVERY: u32 = 600;
/// How long bans that ended are kept, in milliseconds: the clock that says so may be put right.
const SPARE_MS: u64 = 2 * 24 * 60 * 60 * 1000;

/// The bans of all rooms, as this node knows them.
#[derive(Debug)]
pub struct Bans {
    sql: Arc<Sql>,
    /// How many bans a room may have.
    max: u64,
    known: RwLock<Known>,
    /// Whom other nodes have banned since somebody last asked.
    banned: Mutex<Vec<(RoomId, ParticipantId)>>,
    news: Notify,
    /// Another node has told that it changed something.
    told: Notify,
}

#[derive(Debug, Default)]
struct Known {
    /// When each ban ends, and the number of the change that said so.
    ends: HashMap<RoomId, HashMap<ParticipantId, (WallTime, u64)>>,
    /// The number of the last change that was read.
    read_to: u64,
}

impl Known {
    /// Takes a change in, unless a later one of the same participant is known.
    fn set(
        &mut self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
        (until, number): (WallTime, u64),
    ) {
        let room = self.ends.entry(room_id.clone()).or_default();
        if room.get(participant_id).is_none_or(|(_, known)| *known < number) {
            room.insert(participant_id.clone(), (until, number));
        }
    }
}

impl Bans {
    /// Reads the bans. If the database doesn't answer, they are read once it does. A room may have `max` of them.
    pub async fn open(sql: Arc<Sql>, max: u64) -> Self {
        let (known, banned) = (RwLock::default(), Mutex::default());
        let [news, told] = [(); 2].map(|()| Notify::new());
        let bans = Self { sql, max, known, banned, news, told };
        let _ = bans.read().await;
        bans
    }

    /// Refuses a participant who is banned from the room.
    pub fn check(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
        now: WallTime,
    ) -> Result<(), Refusal> {
        let known = self.lock();
        let until = known.ends.get(room_id).and_then(|room| room.get(participant_id));
        if until.is_none_or(|(until, _)| *until <= now) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::Banned, "you are banned from this room"))
    }

    /// Stores a ban. It holds at this node when this returns, and at the others within a second or so.
    pub async fn ban(&self, ban: &BanRow) -> Result<(), Refusal> {
        let number = self.sql.ban(ban, self.max).await.map_err(away)?;
        let number = number.ok_or_else(|| {
            let detail = format!("a room has at most {} bans", self.max);
            Refusal::new(ErrorCode::LimitReached, detail)
        })?;
        self.write().set(&ban.room_id, &ban.participant_id, (ban.until, number));
        Ok(())
    }

    /// Lifts a ban, or refuses one that isn't there.
    pub async fn lift(&self, room_id: &RoomId, id: &ParticipantId) -> Result<(), Refusal> {
        let number = self.sql.lift_ban(room_id, id, WallTime::now()).await.map_err(away)?;
        let number = number.ok_or_else(|| {
            Refusal::new(ErrorCode::BanNotFound, "nobody of this id is banned from the room")
        })?;
        self.write().set(room_id, id, (WallTime::default(), number));
        Ok(())
    }

    /// Lists up to `most` bans of a room, the newest first, from below a number on, each with its number.
    pub async fn list(
        &self,
        room_id: &RoomId,
        below: Option<u64>,
        most: usize,
    ) -> Result<Vec<(u64, BanRow)>, Refusal> {
        self.sql.list_bans(room_id, below, most, WallTime::now()).await.map_err(away)
    }

    /// Waits until other nodes have banned somebody, and returns whom. There is one caller.
    pub async fn news(&self) -> Vec<(RoomId, ParticipantId)> {
        self.news.notified().await;
        std::mem::take(&mut *self.banned.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has the changes read at once: another node has told that there are some.
    pub fn read_soon(&self) {
        self.told.notify_one();
    }

    /// Reads what other nodes have changed, until the node ends.
    pub async fn keep(&self) {
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
                    tracing::warn!(error, "bans aren't read: SQL doesn't answer");
                }
                Err(_) => {}
            }
        }
    }

    /// Reads the changes behind the last one that was read.
    async fn read(&self) -> Result<(), SqlError> {
        loop {
            let behind = self.lock().read_to;
            let changes = self.sql.list_ban_changes(behind, READ_AT_ONCE).await?;
            let is_all = changes.len() < READ_AT_ONCE;
            self.take_in(changes);
            if is_all {
                return Ok(());
            }
        }
    }

    /// Forgets bans that are over, and reads the others anew.
    async fn read_anew(&self) -> Result<(), SqlError> {
        self.sql.sweep_bans(WallTime::now().minus_millis(SPARE_MS)).await?;
        let mut all = Known::default();
        loop {
            let changes = self.sql.list_ban_changes(all.read_to, READ_AT_ONCE).await?;
            let is_all = changes.len() < READ_AT_ONCE;
            for BanChange { number, room_id, participant_id, until } in changes {
                all.set(&room_id, &participant_id, (until, number));
                all.read_to = number;
            }
            if is_all {
                break;
            }
        }
        let read_to = all.read_to;
        let mut known = self.write();
        for (room_id, room) in &known.ends {
            // Stored here since the last page was read.
            for (id, change) in room.iter().filter(|(_, (_, number))| *number > read_to) {
                all.set(room_id, id, *change);
            }
        }
        *known = all;
        Ok(())
    }

    fn take_in(&self, changes: Vec<BanChange>) {
        let now = WallTime::now();
        let mut banned = Vec::new();
        {
            let mut known = self.write();
            for BanChange { number, room_id, participant_id, until } in changes {
                known.set(&room_id, &participant_id, (until, number));
                known.read_to = number;
                if until > now {
                    banned.push((room_id, participant_id));
                }
            }
        }
        if !banned.is_empty() {
            self.banned.lock().unwrap_or_else(PoisonError::into_inner).append(&mut banned);
            self.news.notify_one();
        }
    }

    fn lock(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn away(error: SqlError) -> Refusal {
    Refusal::store_unavailable().caused_by(error)
}
