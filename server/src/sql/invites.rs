//! The `invites` table: the hashes of invites that people bring along to a room, with their uses. Times are those of
//! the wall clock.

use engine::{Role, RoomId};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::access_changes::sweep_gone;
use super::grants::{name_of_role, role_of};
use super::operation::{column, number};
use super::{ENDLESS, GrantRow, Granting, Sql, SqlError};
use crate::clock::WallTime;

const COLUMNS: &str =
    "number, invite_id, room_id, role, uses, used, created_by, created_at_ms, until_ms";
/// The uses of an invite that any number of people may use.
const ANY_NUMBER: u64 = i64::MAX.cast_unsigned();

/// An invite, without its secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InviteRow {
    /// The id of the invite.
    pub invite_id: String,
    /// The room.
    pub room_id: RoomId,
    /// The role that it gives, if any.
    pub role: Option<Role>,
    /// How many people may use it; `None` if any number may.
    pub uses: Option<u64>,
    /// How many people have used it.
    pub used: u64,
    /// The participant who made it.
    pub by: String,
    /// When it was made.
    pub created_at: WallTime,
    /// When it ends, or `ENDLESS`.
    pub until: WallTime,
}

impl InviteRow {
    /// Returns when it ends, if it does.
    pub fn end(&self) -> Option<WallTime> {
        (self.until < ENDLESS).then_some(self.until)
    }

    fn is_used_up(&self) -> bool {
        self.uses.is_some_and(|uses| self.used >= uses)
    }
}

/// What became of an invite that somebody brought along.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Redeeming {
    /// A grant is stored, under this number among all changes.
    Granted(u64, GrantRow),
    /// The person has used the invite before, or holds a grant that it doesn't better.
    Held,
    /// It is unknown, another room's, used up, or has ended; or the person was shown out after using it.
    Invalid,
    /// The room has as many grants as it may.
    RoomHasMost,
}

impl Sql {
    /// Stores an invite by the hash of its secret. Returns whether it did: a room has at most `most` that can still be
    /// used.
    pub async fn add_invite(
        &self,
        invite: &InviteRow,
        secret_hash: &str,
        most: u64,
    ) -> Result<bool, SqlError> {
        let mut operation = self.begin_transaction("add an invite").await?;
        // One after the other for each room, so that the numbers rise and are counted.
        operation.lock_rooms(&[invite.room_id.as_str()]).await?;
        let over = sqlx::query(
            "DELETE FROM invites WHERE room_id = $1 AND (until_ms <= $2 OR used >= uses)",
        )
        .bind(invite.room_id.as_str())
        .bind(column(invite.created_at.as_millis()));
        operation.execute(over).await?;
        let count = sqlx::query("SELECT COUNT(*) FROM invites WHERE room_id = $1")
            .bind(invite.room_id.as_str());
        let others = operation.fetch_one(count, |row| number(row, 0)).await?.unwrap_or_default();
        if others >= most || !operation.is_registered(&invite.room_id).await? {
            return operation.undo().await.map(|()| false);
        }
        let insert = sqlx::query(
            "INSERT INTO invites (invite_id, number, room_id, secret_hash, role, uses, used, created_by,
                                  created_at_ms, until_ms)
             VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM invites WHERE room_id = $2), $2, $3, $4, $5, 0, $6,
                     $7, $8)",
        )
        .bind(invite.invite_id.as_str())
        .bind(invite.room_id.as_str())
        .bind(secret_hash)
        .bind(name_of_role(invite.role))
        .bind(column(invite.uses.unwrap_or(ANY_NUMBER)))
        .bind(invite.by.as_str())
        .bind(column(invite.created_at.as_millis()))
        .bind(column(invite.until.as_millis()));
        operation.execute(insert).await?;
        operation.commit().await.map(|()| true)
    }

    /// Uses an invite for the participant that `grant` names, whose role, invite and giver are filled in. A room has
    /// at most `most` grants.
    pub async fn redeem_invite(
        &self,
        secret_hash: &str,
        grant: GrantRow,
        most: u64,
    ) -> Result<Redeeming, SqlError> {
        let now = grant.granted_at;
        let Some((invite, used_until)) = self.find_invite(secret_hash, &grant).await? else {
            return Ok(Redeeming::Invalid);
        };
        match used_until {
            Some(until) if until > now => return Ok(Redeeming::Held),
            // They were shown out, and need another one.
            Some(_) => return Ok(Redeeming::Invalid),
            None if invite.is_used_up() => return Ok(Redeeming::Invalid),
            None => {}
        }
        let grant = GrantRow {
            role: invite.role,
            invite_id: invite.invite_id.clone(),
            by: invite.by,
            ..grant
        };
        let mut operation = self.begin_transaction("redeem an invite").await?;
        // First of all, so that everybody waits here, and nobody for a row that somebody holds who waits for this one.
        let replaces = invite.role.is_some();
        let granting = operation.grant(&grant, replaces, most).await?;
        let number = match granting {
            Granting::Stored(number) => number,
            Granting::HoldsAnother => return operation.undo().await.map(|()| Redeeming::Held),
            Granting::RoomHasMost => {
                return operation.undo().await.map(|()| Redeeming::RoomHasMost);
            }
            Granting::RoomIsGone => return operation.undo().await.map(|()| Redeeming::Invalid),
        };
        let update = sqlx::query(
            "UPDATE invites SET used = used + 1 WHERE invite_id = $1 AND used < uses AND until_ms > $2",
        )
        .bind(invite.invite_id.as_str())
        .bind(column(now.as_millis()));
        if operation.execute(update).await? == 0 {
            return operation.undo().await.map(|()| Redeeming::Invalid);
        }
        operation.commit().await?;
        Ok(Redeeming::Granted(number, grant))
    }

    /// Finds an invite that has not ended, by the hash of its secret, for the grant that it is to be used for. Also
    /// returns until when the participant holds a grant by it, if they have used it last.
    async fn find_invite(
        &self,
        secret_hash: &str,
        grant: &GrantRow,
    ) -> Result<Option<(InviteRow, Option<WallTime>)>, SqlError> {
        let mut operation = self.begin("find an invite").await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM invites WHERE secret_hash = $1 AND room_id = $2 AND until_ms > $3"
        );
        let now = column(grant.granted_at.as_millis());
        let find = sqlx::query(AssertSqlSafe(sql))
            .bind(secret_hash)
            .bind(grant.room_id.as_str())
            .bind(now);
        let Some((_, invite)) = operation.fetch_one(find, read_invite).await? else {
            return Ok(None);
        };
        let held = sqlx::query(
            "SELECT until_ms FROM grants
             WHERE room_id = $1 AND participant_id = $2 AND invite_id = $3",
        )
        .bind(grant.room_id.as_str())
        .bind(grant.participant_id.as_str())
        .bind(invite.invite_id.as_str());
        let until = operation.fetch_one(held, |row| number(row, 0)).await?;
        Ok(Some((invite, until.map(WallTime::from_millis))))
    }

    /// Lists up to `most` invites of a room that can still be used at `now`, the newest first, from below a number,
    /// each with its number.
    pub async fn list_invites(
        &self,
        room_id: &RoomId,
        below: Option<u64>,
        most: usize,
        now: WallTime,
    ) -> Result<Vec<(u64, InviteRow)>, SqlError> {
        let mut operation = self.begin("list invites").await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM invites
             WHERE room_id = $1 AND number < $2 AND until_ms > $3 AND used < uses
             ORDER BY number DESC LIMIT $4"
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(room_id.as_str())
            .bind(column(below.unwrap_or(u64::MAX)))
            .bind(column(now.as_millis()))
            .bind(column(most as u64));
        operation.fetch(query, read_invite).await
    }

    /// Revokes an invite. Returns whether there was one.
    pub async fn revoke_invite(&self, room_id: &RoomId, invite_id: &str) -> Result<bool, SqlError> {
        let mut operation = self.begin("revoke an invite").await?;
        let delete = sqlx::query("DELETE FROM invites WHERE room_id = $1 AND invite_id = $2")
            .bind(room_id.as_str())
            .bind(invite_id);
        Ok(operation.execute(delete).await? > 0)
    }

    /// Forgets the invites and passwords of rooms that are gone.
    pub async fn sweep_invites(&self) -> Result<(), SqlError> {
        let mut operation = self.begin("sweep invites").await?;
        sweep_gone(&mut operation, "invites").await?;
        sweep_gone(&mut operation, "room_passwords").await
    }
}

fn read_invite(row: &AnyRow) -> Result<(u64, InviteRow), sqlx::Error> {
    let invite = InviteRow {
        invite_id: row.try_get(1)?,
        room_id: RoomId::new(row.try_get::<&str, _>(2)?),
        role: role_of(row.try_get(3)?)?,
        uses: Some(number(row, 4)?).filter(|uses| *uses < ANY_NUMBER),
        used: number(row, 5)?,
        by: row.try_get(6)?,
        created_at: WallTime::from_millis(number(row, 7)?),
        until: WallTime::from_millis(number(row, 8)?),
    };
    Ok((number(row, 0)?, invite))
}
