//! Invites: secrets that people bring along to a room. Only their hashes are kept.

use std::sync::Arc;

use contracts::{ErrorCode, INVITE_MAX};
use engine::RoomId;
use sha2::{Digest, Sha256};

use crate::clock::WallTime;
use crate::id;
use crate::refusal::Refusal;
use crate::sql::{InviteRow, Sql, SqlError};

/// The invites of all rooms.
#[derive(Debug)]
pub struct Invites {
    sql: Arc<Sql>,
    /// How many invites that can still be used a room may have.
    max: u64,
}

impl Invites {
    /// A room may have `max` invites.
    pub(super) fn new(sql: Arc<Sql>, max: u64) -> Self {
        Self { sql, max }
    }

    /// Stores an invite. Returns its secret, which nobody can be told again.
    pub async fn create(&self, invite: &InviteRow) -> Result<String, Refusal> {
        let secret = id::secret();
        let secret_hash = Self::hash(&secret).unwrap_or_default();
        if self.sql.add_invite(invite, &secret_hash, self.max).await.map_err(away)? {
            return Ok(secret);
        }
        let detail =
            format!("a room has at most {} invites; revoke some, or let them end", self.max);
        Err(Refusal::new(ErrorCode::LimitReached, detail))
    }

    /// Lists up to `most` invites of a room that can still be used, the newest first, from below a number, each with
    /// its number.
    pub async fn list(
        &self,
        room_id: &RoomId,
        below: Option<u64>,
        most: usize,
    ) -> Result<Vec<(u64, InviteRow)>, Refusal> {
        self.sql.list_invites(room_id, below, most, WallTime::now()).await.map_err(away)
    }

    /// Revokes an invite, or refuses one that isn't there. Those who have used it stay.
    pub async fn revoke(&self, room_id: &RoomId, invite_id: &str) -> Result<(), Refusal> {
        if self.sql.revoke_invite(room_id, invite_id).await.map_err(away)? {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::InviteNotFound, "there is no such invite"))
    }

    /// Returns the hash by which an invite is kept. `None` if the text can't be one.
    pub(super) fn hash(invite: &str) -> Option<String> {
        let is_plain = (1..=INVITE_MAX).contains(&invite.len())
            && invite.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let digest = || Sha256::digest(invite).iter().map(|byte| format!("{byte:02x}")).collect();
        is_plain.then(digest)
    }
}

fn away(error: SqlError) -> Refusal {
    Refusal::store_unavailable().caused_by(error)
}
