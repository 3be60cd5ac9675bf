//! Finds a room by its code.

use engine::RoomId;
use sqlx::Row;

use super::{Sql, SqlError};

impl Sql {
    /// The room of a code, in canonical form.
    pub async fn find_code(&self, code: &str) -> Result<Option<RoomId>, SqlError> {
        let mut work = self.work("find a code").await?;
        let query = sqlx::query("SELECT room_id FROM rooms WHERE code = $1").bind(code);
        work.fetch_one(query, |row| row.try_get::<&str, _>(0).map(RoomId::new)).await
    }
}
