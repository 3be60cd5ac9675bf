//! The `room_passwords` table: the hash of each room's password.

use engine::RoomId;
use sqlx::Row;

use super::{Sql, SqlError};

impl Sql {
    /// Stores the hash of a room's password, in place of the one before.
    pub async fn set_room_password(&self, room_id: &RoomId, hash: &str) -> Result<(), SqlError> {
        let mut operation = self.begin("set a room's password").await?;
        let upsert = sqlx::query(
            "INSERT INTO room_passwords (room_id, hash) VALUES ($1, $2)
             ON CONFLICT (room_id) DO UPDATE SET hash = excluded.hash",
        );
        operation.execute(upsert.bind(room_id.as_str()).bind(hash)).await.map(drop)
    }

    /// Finds the hash of a room's password.
    pub async fn find_room_password(&self, room_id: &RoomId) -> Result<Option<String>, SqlError> {
        let mut operation = self.begin("find a room's password").await?;
        let query = sqlx::query("SELECT hash FROM room_passwords WHERE room_id = $1");
        operation.fetch_one(query.bind(room_id.as_str()), |row| row.try_get(0)).await
    }
}
