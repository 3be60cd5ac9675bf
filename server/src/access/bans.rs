//! Who may not enter which room. A ban is written to SQL first. Each node keeps all of them in memory, so that every door can
//! ask without waiting, and reads every second what others have changed, whether it was told or not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use contracts::ErrorCode;
use engine::{ParticipantId, RoomId};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::clock::WallTime;
use crate::refusal::Refusal;
use crate::sql::{BanChange, BanRow, Banning, Sql, SqlError};

/// How often a node reads what others have changed.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How many changes are read at once.
const READ_AT_ONCE: usize = 1_000;
/// After how many of these readings everything is read anew, since rooms that are gone take their bans along.
const ANEW_EVERY: u32 = 600;
/// How long bans that ended are kept, in milliseconds, in case this node's clock is ahead and is corrected.
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
    /// Wakes the reading once another node says that it changed something.
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
    /// Takes a change in, unless that or a later one of the same participant is known. Returns whether it did.
    fn set(
        &mut self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
        (until, number): (WallTime, u64),
    ) -> bool {
        let room = self.ends.entry(room_id.clone()).or_default();
        let is_news = room.get(participant_id).is_none_or(|(_, known)| *known < number);
        if is_news {
            room.insert(participant_id.clone(), (until, number));
        }
        is_news
    }

    /// Takes in changes that were read. Returns who is banned by those that were news.
    fn take_in(&mut self, changes: Vec<BanChange>) -> Vec<(RoomId, ParticipantId)> {
        let now = WallTime::now();
        let mut banned = Vec::new();
        for BanChange { number, room_id, participant_id, until } in changes {
            self.read_to = number;
            if self.set(&room_id, &participant_id, (until, number)) && until > now {
                banned.push((room_id, participant_id));
            }
        }
        banned
    }
}

impl Bans {
    /// Reads the bans. If the database doesn't answer, they are read once it does. A room may have `max` of them.
    pub async fn open(sql: Arc<Sql>, max: u64) -> Self {
        let (known, banned) = (RwLock::default(), Mutex::default());
        let [news, told] = [(); 2].map(|()| Notify::new());
        let bans = Self { sql, max, known, banned, news, told };
        let _ = bans.read().await;
        // Nobody is connected yet.
        bans.banned().clear();
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

    /// Stores a ban, and returns it with what an earlier one knew of the participant's name. It holds at this node
    /// when this returns, and at the others within a second or so.
    pub async fn ban(&self, ban: BanRow) -> Result<BanRow, Refusal> {
        match self.sql.ban(&ban, self.max).await.map_err(away)? {
            Banning::Stored { number, display_name } => {
                self.write().set(&ban.room_id, &ban.participant_id, (ban.until, number));
                Ok(BanRow { display_name, ..ban })
            }
            Banning::RoomHasMost => {
                let detail = format!(
                    "a room has at most {} bans, those included that ended or were lifted in the last two days",
                    self.max
                );
                Err(Refusal::new(ErrorCode::LimitReached, detail))
            }
            Banning::RoomIsGone => {
                Err(Refusal::new(ErrorCode::RoomNotFound, "there is no such room"))
            }
        }
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

    /// Lists up to `most` bans of a room, the newest first, from below a number, each with its number.
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
        std::mem::take(&mut *self.banned())
    }

    /// Reads the changes without waiting for the next second, because another node announced some.
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

    /// Reads the changes after the last one that was read.
    async fn read(&self) -> Result<(), SqlError> {
        loop {
            let after = self.lock().read_to;
            let changes = self.sql.list_ban_changes(after, READ_AT_ONCE).await?;
            if changes.is_empty() {
                return Ok(());
            }
            self.take_in(changes);
        }
    }

    /// Forgets bans that are over, and reads the others anew.
    async fn read_anew(&self) -> Result<(), SqlError> {
        let swept = self.sql.sweep_bans(WallTime::now().minus_millis(SPARE_MS)).await;
        let last = self.sql.last_access_change().await?;
        let mut changes: Vec<BanChange> = Vec::new();
        loop {
            let after = changes.last().map_or(0, |last| last.number);
            let page = self.sql.list_ban_changes(after, READ_AT_ONCE).await?;
            if page.is_empty() {
                break;
            }
            changes.extend(page);
        }
        // Nobody else moves it. If the database has gone back, to a backup or a replica that lagged behind, all is news.
        let read_to = Some(self.lock().read_to).filter(|read_to| *read_to <= last);
        let (read, unread) = changes.into_iter().partition(|change| Some(change.number) <= read_to);
        let mut all = Known::default();
        all.take_in(read);
        let mut known = self.write();
        let since = |number: u64| read_to.is_some_and(|read_to| number > read_to);
        for (room_id, room) in &known.ends {
            // Stored here since the last reading.
            for (id, change) in room.iter().filter(|(_, (_, number))| since(*number)) {
                all.set(room_id, id, *change);
            }
        }
        all.read_to = read_to.unwrap_or_default();
        let banned = all.take_in(unread);
        let old = std::mem::replace(&mut *known, all);
        drop(known);
        // Freed only here, so that nobody waits for it.
        drop(old);
        self.announce(banned);
        swept
    }

    fn take_in(&self, changes: Vec<BanChange>) {
        let banned = self.write().take_in(changes);
        self.announce(banned);
    }

    fn announce(&self, mut banned: Vec<(RoomId, ParticipantId)>) {
        if !banned.is_empty() {
            self.banned().append(&mut banned);
            self.news.notify_one();
        }
    }

    fn banned(&self) -> MutexGuard<'_, Vec<(RoomId, ParticipantId)>> {
        self.banned.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::sql::ENDLESS;
    use crate::sql::laws::create_rooms;

    #[tokio::test]
    async fn who_another_node_bans_is_announced_once_by_whichever_reading_finds_it_first() {
        let dir = TempDir::new().unwrap();
        let sql = Arc::new(Sql::open_file(&dir.path().join("playhead.db")).await.unwrap());
        create_rooms(&sql, &["r_1"]).await;
        let (here, elsewhere) =
            (Bans::open(sql.clone(), 10).await, Bans::open(sql.clone(), 10).await);
        for (participant, anew) in [("p_1", false), ("p_2", true)] {
            elsewhere.ban(ban(participant)).await.unwrap();
            if anew {
                here.read_anew().await.unwrap();
            } else {
                here.read().await.unwrap();
            }
            let announced = std::mem::take(&mut *here.banned());
            assert_eq!(announced, [(RoomId::new("r_1"), ParticipantId::new(participant))]);
            here.read().await.unwrap();
            here.read_anew().await.unwrap();
            assert!(here.banned().is_empty());
            assert!(is_banned(&here, participant));
        }
        // Its own are known, and announced by their maker.
        here.ban(ban("p_3")).await.unwrap();
        here.read_anew().await.unwrap();
        here.read().await.unwrap();
        assert!(here.banned().is_empty());
        assert!(is_banned(&here, "p_3"));
    }

    #[tokio::test]
    async fn a_database_that_has_gone_back_is_read_from_its_start() {
        let dir = TempDir::new().unwrap();
        let (path, backup) = (dir.path().join("playhead.db"), dir.path().join("backup.db"));
        let sql = Arc::new(Sql::open_file(&path).await.unwrap());
        create_rooms(&sql, &["r_1"]).await;
        let restored = Arc::new(Sql::open_file(&backup).await.unwrap());
        create_rooms(&restored, &["r_1"]).await;
        let mut here = Bans::open(sql, 10).await;
        for participant in ["p_1", "p_2"] {
            here.ban(ban(participant)).await.unwrap();
        }
        here.read().await.unwrap();
        here.sql = restored.clone();
        Bans::open(restored, 10).await.ban(ban("p_3")).await.unwrap();
        here.read_anew().await.unwrap();
        let announced = std::mem::take(&mut *here.banned());
        assert_eq!(announced, [(RoomId::new("r_1"), ParticipantId::new("p_3"))]);
        assert!(is_banned(&here, "p_3") && !is_banned(&here, "p_1"));
        here.ban(ban("p_1")).await.unwrap();
        assert!(is_banned(&here, "p_1"));
    }

    #[tokio::test]
    async fn what_was_lifted_and_what_went_with_its_room_is_forgotten() {
        let dir = TempDir::new().unwrap();
        let sql = Arc::new(Sql::open_file(&dir.path().join("playhead.db")).await.unwrap());
        create_rooms(&sql, &["r_1"]).await;
        let here = Bans::open(sql.clone(), 10).await;
        here.ban(ban("p_1")).await.unwrap();
        here.ban(ban("p_2")).await.unwrap();
        here.lift(&RoomId::new("r_1"), &ParticipantId::new("p_1")).await.unwrap();
        here.read_anew().await.unwrap();
        assert!(!is_banned(&here, "p_1") && is_banned(&here, "p_2"));
        sql.delete_rooms(&[RoomId::new("r_1")]).await.unwrap();
        here.read_anew().await.unwrap();
        assert!(here.lock().ends.is_empty());
    }

    fn ban(participant: &str) -> BanRow {
        BanRow {
            room_id: RoomId::new("r_1"),
            participant_id: ParticipantId::new(participant),
            display_name: String::new(),
            reason: String::new(),
            by: ParticipantId::new("p_host"),
            banned_at: WallTime::now(),
            until: ENDLESS,
        }
    }

    fn is_banned(bans: &Bans, participant: &str) -> bool {
        let id = ParticipantId::new(participant);
        bans.check(&RoomId::new("r_1"), &id, WallTime::now()).is_err()
    }
}
