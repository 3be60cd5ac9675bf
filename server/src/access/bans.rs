//! Who may not enter which room.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::ErrorCode;
use engine::{ParticipantId, RoomId};

use super::ledger::{Entry, Ledger};
use crate::clock::WallTime;
use crate::refusal::Refusal;
use crate::sql::{AccessChange, BanRow, Banning, Sql, SqlError};

/// The bans of all rooms, as this node knows them.
#[derive(Debug)]
pub struct Bans {
    ledger: Ledger<BanEnd>,
    /// How many bans a room may have.
    max: u64,
}

/// When a ban ends; long ago if it was lifted.
#[derive(Clone, Copy, Debug)]
pub(super) struct BanEnd(WallTime);

impl BanEnd {
    fn holds(self, now: WallTime) -> bool {
        self.0 > now
    }
}

#[async_trait]
impl Entry for BanEnd {
    const NAME: &'static str = "bans";

    fn closes(&self, _: Option<&Self>, now: WallTime) -> bool {
        self.holds(now)
    }

    fn ends_at(&self) -> Option<WallTime> {
        // Its end shuts nobody out.
        None
    }

    async fn list_changes(
        sql: &Sql,
        after: u64,
        most: usize,
    ) -> Result<Vec<AccessChange<Self>>, SqlError> {
        let changes = sql.list_ban_changes(after, most).await?;
        let of = |AccessChange { number, room_id, participant_id, now }| AccessChange {
            number,
            room_id,
            participant_id,
            now: Self(now),
        };
        Ok(changes.into_iter().map(of).collect())
    }

    async fn sweep(sql: &Sql, before: WallTime) -> Result<(), SqlError> {
        sql.sweep_bans(before).await
    }
}

impl Bans {
    /// Reads the bans. If the database doesn't answer, they are read once it does. A room may have `max` of them.
    pub async fn open(sql: Arc<Sql>, max: u64) -> Self {
        Self { ledger: Ledger::open(sql).await, max }
    }

    pub(super) fn ledger(&self) -> &Ledger<BanEnd> {
        &self.ledger
    }

    #[cfg(test)]
    pub(super) fn ledger_mut(&mut self) -> &mut Ledger<BanEnd> {
        &mut self.ledger
    }

    /// Refuses a participant who is banned from the room.
    pub fn check(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
        now: WallTime,
    ) -> Result<(), Refusal> {
        let ban = self.ledger.find(room_id, participant_id);
        if ban.is_none_or(|(ban, _)| !ban.holds(now)) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::Banned, "you are banned from this room"))
    }

    /// Stores a ban, and returns it with what an earlier one knew of the participant's name. It holds at this node
    /// when this returns, and at the others within a second or so.
    pub async fn ban(&self, ban: BanRow) -> Result<BanRow, Refusal> {
        match self.ledger.sql().ban(&ban, self.max).await.map_err(away)? {
            Banning::Stored { number, display_name } => {
                self.ledger.set(&ban.room_id, &ban.participant_id, BanEnd(ban.until), number);
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
        let number =
            self.ledger.sql().lift_ban(room_id, id, WallTime::now()).await.map_err(away)?;
        let number = number.ok_or_else(|| {
            Refusal::new(ErrorCode::BanNotFound, "nobody of this id is banned from the room")
        })?;
        self.ledger.set(room_id, id, BanEnd(WallTime::default()), number);
        Ok(())
    }

    /// Lists up to `most` bans of a room, the newest first, from below a number, each with its number.
    pub async fn list(
        &self,
        room_id: &RoomId,
        below: Option<u64>,
        most: usize,
    ) -> Result<Vec<(u64, BanRow)>, Refusal> {
        self.ledger.sql().list_bans(room_id, below, most, WallTime::now()).await.map_err(away)
    }

    /// Waits until other nodes have banned somebody, and returns whom. There is one caller.
    pub async fn news(&self) -> Vec<(RoomId, ParticipantId)> {
        self.ledger.news().await
    }

    /// Reads the changes without waiting for the next second, because another node announced some.
    pub fn read_soon(&self) {
        self.ledger.read_soon();
    }
}

fn away(error: SqlError) -> Refusal {
    Refusal::store_unavailable().caused_by(error)
}
