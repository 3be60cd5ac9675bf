//! The `grants` table: who may enter a room whatever its entry, with which role, until when. A participant has one
//! grant in a room, the last one, which stays when it has ended: a node must know that it has. Times are those of
//! the wall clock.

use engine::{ParticipantId, Role, RoomId};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::access_changes::{AccessChange, next_number, sweep_gone};
use super::operation::{Operation, column, number};
use super::{ENDLESS, Sql, SqlError};
use crate::clock::WallTime;

/// The end of a grant that was revoked, and of the refusal of a knock.
const ENDED: WallTime = WallTime::from_millis(0);
const COLUMNS: &str = "number, room_id, participant_id, grant_id, display_name, role, via, \
                       invite_id, granted_by, granted_at_ms, until_ms";

/// A participant who may enter a room.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GrantRow {
    /// The room.
    pub room_id: RoomId,
    /// The participant.
    pub participant_id: ParticipantId,
    /// The id of the grant.
    pub grant_id: String,
    /// The participant's display name when the grant was made; empty if it wasn't known.
    pub display_name: String,
    /// The role that it gives, if any.
    pub role: Option<Role>,
    /// By what the participant got it.
    pub via: Via,
    /// The invite; empty if it wasn't one.
    pub invite_id: String,
    /// Who gave it or made the invite.
    pub by: String,
    /// When it was made.
    pub granted_at: WallTime,
    /// When it ends, or `ENDLESS`.
    pub until: WallTime,
}

/// By what a participant got a grant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Via {
    /// An invite.
    Invite,
    /// The room's password.
    Password,
    /// A knock that was answered.
    Knock,
    /// It was given.
    Given,
    /// It is none, but the refusal of a knock.
    Declined,
}

/// What holds for a participant since a change of grants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Standing {
    /// The role that the grant gives, if any.
    pub role: Option<Role>,
    /// By what the participant got it.
    pub via: Via,
    /// When it was made or, of a knock, refused.
    pub since: WallTime,
    /// When it ends; long ago if it was revoked.
    pub until: WallTime,
}

/// What became of a grant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Granting {
    /// It is stored, under this number among all changes.
    Stored(u64),
    /// The participant holds another one, which stays.
    HoldsAnother,
    /// The room has as many grants as it may.
    RoomHasMost,
    /// The room isn't registered any more.
    RoomIsGone,
}

impl GrantRow {
    /// Returns when it ends, if it does.
    pub fn end(&self) -> Option<WallTime> {
        (self.until < ENDLESS).then_some(self.until)
    }

    /// What holds once it is stored.
    pub fn standing(&self) -> Standing {
        Standing { role: self.role, via: self.via, since: self.granted_at, until: self.until }
    }
}

impl Sql {
    /// Stores a grant in place of an earlier one of the same participant. One that still holds is replaced only if
    /// `replaces` says so. Refuses it if the room has `most` others.
    pub async fn grant(
        &self,
        grant: &GrantRow,
        replaces: bool,
        most: u64,
    ) -> Result<Granting, SqlError> {
        let mut operation = self.begin_transaction("grant").await?;
        let granting = operation.grant(grant, replaces, most).await?;
        match granting {
            Granting::Stored(_) => operation.commit().await?,
            _ => operation.undo().await?,
        }
        Ok(granting)
    }

    /// Ends a participant's grant. Returns the change; `None` if there is no grant that has not ended.
    pub async fn end_grant(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
        now: WallTime,
    ) -> Result<Option<AccessChange<Standing>>, SqlError> {
        // Before the number is taken, which holds up everybody else whose access changes.
        let mut operation = self.begin("find a grant").await?;
        let find = sqlx::query(
            "SELECT number FROM grants WHERE room_id = $1 AND participant_id = $2 AND until_ms > $3",
        )
        .bind(room_id.as_str())
        .bind(participant_id.as_str())
        .bind(column(now.as_millis()));
        if operation.fetch_one(find, |_| Ok(())).await?.is_none() {
            return Ok(None);
        }
        drop(operation);
        let mut operation = self.begin_transaction("end a grant").await?;
        let taken = next_number(&mut operation).await?;
        let update = sqlx::query(
            "UPDATE grants SET number = $1, until_ms = $2
             WHERE room_id = $3 AND participant_id = $4 AND until_ms > $5
             RETURNING number, room_id, participant_id, role, via, granted_at_ms, until_ms",
        )
        .bind(column(taken))
        .bind(column(ENDED.as_millis()))
        .bind(room_id.as_str())
        .bind(participant_id.as_str())
        .bind(column(now.as_millis()));
        let ended = operation.fetch_one(update, read_change).await?;
        match ended {
            Some(_) => operation.commit().await?,
            None => operation.undo().await?,
        }
        Ok(ended)
    }

    /// Finds a grant that has not ended at `now`, by its id.
    pub async fn find_grant(
        &self,
        grant_id: &str,
        now: WallTime,
    ) -> Result<Option<GrantRow>, SqlError> {
        let mut operation = self.begin("find a grant").await?;
        let sql = format!("SELECT {COLUMNS} FROM grants WHERE grant_id = $1 AND until_ms > $2");
        let query = sqlx::query(AssertSqlSafe(sql)).bind(grant_id).bind(column(now.as_millis()));
        Ok(operation.fetch_one(query, read_grant).await?.map(|(_, grant)| grant))
    }

    /// Lists up to `most` grants of a room that have not ended at `now`, the newest first, from below a number, each
    /// with its number.
    pub async fn list_grants(
        &self,
        room_id: &RoomId,
        below: Option<u64>,
        most: usize,
        now: WallTime,
    ) -> Result<Vec<(u64, GrantRow)>, SqlError> {
        let mut operation = self.begin("list grants").await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM grants WHERE room_id = $1 AND number < $2 AND until_ms > $3
             ORDER BY number DESC LIMIT $4"
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(room_id.as_str())
            .bind(column(below.unwrap_or(u64::MAX)))
            .bind(column(now.as_millis()))
            .bind(column(most as u64));
        operation.fetch(query, read_grant).await
    }

    /// Lists up to `most` changes of grants after a number, in their order. A row that can't be read is left out.
    pub async fn list_grant_changes(
        &self,
        after: u64,
        most: usize,
    ) -> Result<Vec<AccessChange<Standing>>, SqlError> {
        let mut operation = self.begin("list changes of grants").await?;
        let query = sqlx::query(
            "SELECT number, room_id, participant_id, role, via, granted_at_ms, until_ms
             FROM grants WHERE number > $1 ORDER BY number LIMIT $2",
        );
        let query = query.bind(column(after)).bind(column(most as u64));
        let changes = operation.fetch(query, |row| Ok(read_change(row).ok())).await?;
        Ok(changes.into_iter().flatten().collect())
    }

    /// Forgets the refusals of knocks from before a time, and the grants of rooms that are gone. Other grants that
    /// have ended are kept with their room: who has one must not pass for a member.
    pub async fn sweep_grants(&self, before: WallTime) -> Result<(), SqlError> {
        let mut operation = self.begin("sweep grants").await?;
        let over = sqlx::query("DELETE FROM grants WHERE via = $1 AND granted_at_ms < $2");
        let over = over.bind(name_of(Via::Declined)).bind(column(before.as_millis()));
        operation.execute(over).await?;
        sweep_gone(&mut operation, "grants").await
    }
}

impl Operation {
    /// Stores a grant as part of this transaction, as `Sql::grant` does.
    pub(super) async fn grant(
        &mut self,
        grant: &GrantRow,
        replaces: bool,
        most: u64,
    ) -> Result<Granting, SqlError> {
        let taken = next_number(self).await?;
        let others =
            sqlx::query("SELECT COUNT(*) FROM grants WHERE room_id = $1 AND participant_id <> $2")
                .bind(grant.room_id.as_str())
                .bind(grant.participant_id.as_str());
        let others = self.fetch_one(others, |row| number(row, 0)).await?;
        if others.unwrap_or_default() >= most {
            return Ok(Granting::RoomHasMost);
        }
        if !self.is_registered(&grant.room_id).await? {
            return Ok(Granting::RoomIsGone);
        }
        let replaced_until = if replaces { ENDLESS } else { grant.granted_at };
        let insert = sqlx::query(
            "INSERT INTO grants (number, room_id, participant_id, grant_id, display_name, role, via, invite_id,
                                 granted_by, granted_at_ms, until_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (room_id, participant_id) DO UPDATE SET number = excluded.number,
                 grant_id = excluded.grant_id,
                 display_name = CASE excluded.display_name WHEN '' THEN grants.display_name
                                ELSE excluded.display_name END,
                 role = excluded.role, via = excluded.via, invite_id = excluded.invite_id,
                 granted_by = excluded.granted_by, granted_at_ms = excluded.granted_at_ms,
                 until_ms = excluded.until_ms
             WHERE grants.until_ms <= $12",
        )
        .bind(column(taken))
        .bind(grant.room_id.as_str())
        .bind(grant.participant_id.as_str())
        .bind(grant.grant_id.as_str())
        .bind(grant.display_name.as_str())
        .bind(name_of_role(grant.role))
        .bind(name_of(grant.via))
        .bind(grant.invite_id.as_str())
        .bind(grant.by.as_str())
        .bind(column(grant.granted_at.as_millis()))
        .bind(column(grant.until.as_millis()))
        .bind(column(replaced_until.as_millis()));
        let is_stored = self.execute(insert).await? > 0;
        Ok(if is_stored { Granting::Stored(taken) } else { Granting::HoldsAnother })
    }
}

fn read_change(row: &AnyRow) -> Result<AccessChange<Standing>, sqlx::Error> {
    let standing = Standing {
        role: role_of(row.try_get(3)?)?,
        via: via_of(row.try_get(4)?)?,
        since: WallTime::from_millis(number(row, 5)?),
        until: WallTime::from_millis(number(row, 6)?),
    };
    Ok(AccessChange {
        number: number(row, 0)?,
        room_id: RoomId::new(row.try_get::<&str, _>(1)?),
        participant_id: ParticipantId::new(row.try_get::<&str, _>(2)?),
        now: standing,
    })
}

fn read_grant(row: &AnyRow) -> Result<(u64, GrantRow), sqlx::Error> {
    let grant = GrantRow {
        room_id: RoomId::new(row.try_get::<&str, _>(1)?),
        participant_id: ParticipantId::new(row.try_get::<&str, _>(2)?),
        grant_id: row.try_get(3)?,
        display_name: row.try_get(4)?,
        role: role_of(row.try_get(5)?)?,
        via: via_of(row.try_get(6)?)?,
        invite_id: row.try_get(7)?,
        by: row.try_get(8)?,
        granted_at: WallTime::from_millis(number(row, 9)?),
        until: WallTime::from_millis(number(row, 10)?),
    };
    Ok((number(row, 0)?, grant))
}

const VIAS: [(Via, &str); 5] = [
    (Via::Invite, "invite"),
    (Via::Password, "password"),
    (Via::Knock, "knock"),
    (Via::Given, "given"),
    (Via::Declined, "declined"),
];
const ROLES: [(Role, &str); 5] = [
    (Role::CoHost, "co_host"),
    (Role::Moderator, "moderator"),
    (Role::Member, "member"),
    (Role::Guest, "guest"),
    (Role::Viewer, "viewer"),
];

fn name_of(via: Via) -> &'static str {
    VIAS.iter().find(|(known, _)| *known == via).map_or("", |(_, name)| name)
}

fn via_of(text: &str) -> Result<Via, sqlx::Error> {
    let via = VIAS.iter().find(|(_, name)| *name == text);
    via.map(|(via, _)| *via).ok_or_else(|| unreadable("via", text))
}

/// The name of a role in the database: empty for none, and for the host's, which no grant gives.
pub(super) fn name_of_role(role: Option<Role>) -> &'static str {
    ROLES.iter().find(|(known, _)| Some(*known) == role).map_or("", |(_, name)| name)
}

pub(super) fn role_of(text: &str) -> Result<Option<Role>, sqlx::Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let role = ROLES.iter().find(|(_, name)| *name == text);
    role.map(|(role, _)| Some(*role)).ok_or_else(|| unreadable("role", text))
}

fn unreadable(what: &str, text: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("no {what}: {text:?}").into())
}
