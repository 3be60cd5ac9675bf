//! The `bans` table: who may not enter which room, until when. Times are those of the wall clock.

use engine::{ParticipantId, RoomId};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::access_changes::{AccessChange, next_number, sweep_gone};
use super::operation::{column, number};
use super::{Sql, SqlError};
use crate::clock::WallTime;

/// The end of a ban that has none.
pub const ENDLESS: WallTime = WallTime::from_millis(i64::MAX.cast_unsigned());
/// The end of a ban that was lifted.
const LIFTED: WallTime = WallTime::from_millis(0);
const COLUMNS: &str =
    "number, room_id, participant_id, display_name, reason, banned_by, banned_at_ms, until_ms";

/// A participant who may not enter a room.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BanRow {
    /// The room.
    pub room_id: RoomId,
    /// The participant.
    pub participant_id: ParticipantId,
    /// The participant's display name when the ban began; empty if it wasn't known.
    pub display_name: String,
    /// The reason; may be empty.
    pub reason: String,
    /// Who banned.
    pub by: ParticipantId,
    /// When the ban began.
    pub banned_at: WallTime,
    /// When it ends, or `ENDLESS`.
    pub until: WallTime,
}

impl BanRow {
    /// Returns when it ends, if it does.
    pub fn end(&self) -> Option<WallTime> {
        (self.until < ENDLESS).then_some(self.until)
    }
}

/// What became of a ban.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Banning {
    /// It is stored.
    Stored {
        /// Its number among all changes.
        number: u64,
        /// The participant's display name, which an earlier ban may have known.
        display_name: String,
    },
    /// The room has as many bans as it may.
    RoomHasMost,
    /// The room isn't registered any more.
    RoomIsGone,
}

impl Sql {
    /// Stores a ban, in place of an earlier one of the same participant, whose display name stays if the new one is
    /// empty. Refuses it if the room has `most` others, those included that ended or were lifted
    /// lately.
    pub async fn ban(&self, ban: &BanRow, most: u64) -> Result<Banning, SqlError> {
        let mut operation = self.begin_transaction("ban").await?;
        let taken = next_number(&mut operation).await?;
        let others =
            sqlx::query("SELECT COUNT(*) FROM bans WHERE room_id = $1 AND participant_id <> $2")
                .bind(ban.room_id.as_str())
                .bind(ban.participant_id.as_str());
        let others = operation.fetch_one(others, |row| number(row, 0)).await?;
        if others.unwrap_or_default() >= most {
            return operation.undo().await.map(|()| Banning::RoomHasMost);
        }
        if !operation.is_registered(&ban.room_id).await? {
            return operation.undo().await.map(|()| Banning::RoomIsGone);
        }
        let insert = sqlx::query(
            "INSERT INTO bans (number, room_id, participant_id, display_name, reason, banned_by,
                               banned_at_ms, until_ms, changed_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7)
             ON CONFLICT (room_id, participant_id) DO UPDATE SET number = excluded.number,
                 display_name = CASE excluded.display_name WHEN '' THEN bans.display_name
                                ELSE excluded.display_name END, reason = excluded.reason,
                 banned_by = excluded.banned_by, banned_at_ms = excluded.banned_at_ms,
                 until_ms = excluded.until_ms, changed_at_ms = excluded.changed_at_ms
             RETURNING display_name",
        )
        .bind(column(taken))
        .bind(ban.room_id.as_str())
        .bind(ban.participant_id.as_str())
        .bind(ban.display_name.as_str())
        .bind(ban.reason.as_str())
        .bind(ban.by.as_str())
        .bind(column(ban.banned_at.as_millis()))
        .bind(column(ban.until.as_millis()));
        let display_name = operation.fetch_one(insert, |row| row.try_get(0)).await?;
        operation.commit().await?;
        Ok(Banning::Stored { number: taken, display_name: display_name.unwrap_or_default() })
    }

    /// Lifts a ban that has not ended. Returns the number of the change, or `None` if there is no such ban.
    pub async fn lift_ban(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
        now: WallTime,
    ) -> Result<Option<u64>, SqlError> {
        // Before the number is taken, which holds up everybody else who bans.
        let mut operation = self.begin("find a ban").await?;
        let find = sqlx::query(
            "SELECT number FROM bans WHERE room_id = $1 AND participant_id = $2 AND until_ms > $3",
        )
        .bind(room_id.as_str())
        .bind(participant_id.as_str())
        .bind(column(now.as_millis()));
        if operation.fetch_one(find, |_| Ok(())).await?.is_none() {
            return Ok(None);
        }
        drop(operation);
        let mut operation = self.begin_transaction("lift a ban").await?;
        let taken = next_number(&mut operation).await?;
        let update = sqlx::query(
            "UPDATE bans SET number = $1, until_ms = $2, changed_at_ms = $3
             WHERE room_id = $4 AND participant_id = $5 AND until_ms > $3",
        )
        .bind(column(taken))
        .bind(column(LIFTED.as_millis()))
        .bind(column(now.as_millis()))
        .bind(room_id.as_str())
        .bind(participant_id.as_str());
        if operation.execute(update).await? == 0 {
            return operation.undo().await.map(|()| None);
        }
        operation.commit().await?;
        Ok(Some(taken))
    }

    /// Lists up to `most` bans of a room that have not ended at `now`, the newest first, from below a number, each
    /// with its number.
    pub async fn list_bans(
        &self,
        room_id: &RoomId,
        below: Option<u64>,
        most: usize,
        now: WallTime,
    ) -> Result<Vec<(u64, BanRow)>, SqlError> {
        let mut operation = self.begin("list bans").await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM bans WHERE room_id = $1 AND number < $2 AND until_ms > $3
             ORDER BY number DESC LIMIT $4"
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(room_id.as_str())
            .bind(column(below.unwrap_or(u64::MAX)))
            .bind(column(now.as_millis()))
            .bind(column(most as u64));
        operation.fetch(query, read_ban).await
    }

    /// Lists when bans end, or lifted ones have ended: up to `most` changes after a number, in their order. A row that can't be read is left out.
    pub async fn list_ban_changes(
        &self,
        after: u64,
        most: usize,
    ) -> Result<Vec<AccessChange<WallTime>>, SqlError> {
        let mut operation = self.begin("list changes of bans").await?;
        let query = sqlx::query(
            "SELECT number, room_id, participant_id, until_ms FROM bans WHERE number > $1
             ORDER BY number LIMIT $2",
        );
        let query = query.bind(column(after)).bind(column(most as u64));
        let changes = operation.fetch(query, |row| Ok(read_change(row).ok())).await?;
        Ok(changes.into_iter().flatten().collect())
    }

    /// Forgets bans that ended and last changed before a time, and those of rooms that are gone.
    pub async fn sweep_bans(&self, before: WallTime) -> Result<(), SqlError> {
        let mut operation = self.begin("sweep bans").await?;
        let over = sqlx::query("DELETE FROM bans WHERE until_ms < $1 AND changed_at_ms < $1");
        operation.execute(over.bind(column(before.as_millis()))).await?;
        sweep_gone(&mut operation, "bans").await
    }
}

fn read_change(row: &AnyRow) -> Result<AccessChange<WallTime>, sqlx::Error> {
    Ok(AccessChange {
        number: number(row, 0)?,
        room_id: RoomId::new(row.try_get::<&str, _>(1)?),
        participant_id: ParticipantId::new(row.try_get::<&str, _>(2)?),
        now: WallTime::from_millis(number(row, 3)?),
    })
}

fn read_ban(row: &AnyRow) -> Result<(u64, BanRow), sqlx::Error> {
    let ban = BanRow {
        room_id: RoomId::new(row.try_get::<&str, _>(1)?),
        participant_id: ParticipantId::new(row.try_get::<&str, _>(2)?),
        display_name: row.try_get(3)?,
        reason: row.try_get(4)?,
        by: ParticipantId::new(row.try_get::<&str, _>(5)?),
        banned_at: WallTime::from_millis(number(row, 6)?),
        until: WallTime::from_millis(number(row, 7)?),
    };
    Ok((number(row, 0)?, ban))
}
