//! The passwords of rooms.

use std::sync::Arc;

use contracts::ErrorCode;
use engine::RoomId;

use crate::password::Hasher;
use crate::refusal::Refusal;
use crate::sql::{Sql, SqlError};

/// The passwords of all rooms.
#[derive(Debug)]
pub struct Passwords {
    sql: Arc<Sql>,
    hasher: Hasher,
}

impl Passwords {
    pub(super) fn new(sql: Arc<Sql>, hasher: Hasher) -> Self {
        Self { sql, hasher }
    }

    /// Returns the hash of a new password.
    pub async fn hash(&self, password: &str) -> Result<String, Refusal> {
        self.hasher.hash(password).await
    }

    /// Stores the hash of a room's password.
    pub async fn set(&self, room_id: &RoomId, hash: &str) -> Result<(), Refusal> {
        self.sql.set_room_password(room_id, hash).await.map_err(away)
    }

    /// Whether a room has a password.
    pub async fn is_set(&self, room_id: &RoomId) -> Result<bool, Refusal> {
        Ok(self.sql.find_room_password(room_id).await.map_err(away)?.is_some())
    }

    /// Refuses a password that isn't the room's.
    pub async fn check(&self, room_id: &RoomId, password: &str) -> Result<(), Refusal> {
        let hash = self.sql.find_room_password(room_id).await.map_err(away)?;
        let is_right = match hash {
            Some(hash) => self.hasher.verify(password, hash).await?,
            None => false,
        };
        if is_right {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::PasswordWrong, "that isn't the room's password"))
    }
}

fn away(error: SqlError) -> Refusal {
    Refusal::store_unavailable().caused_by(error)
}
