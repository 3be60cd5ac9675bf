//! The epochs of rooms. Only the database issues them, so that they rise whatever happens to the
//! rooms' state.

use std::collections::{HashMap, HashSet};

use engine::{RoomId, Timestamp};
use sqlx::{AssertSqlSafe, Row};

use super::{delete, in_order, list};
use crate::sql::creations::end_finished_creations;
use crate::sql::operation::{
    Operation, ROWS_PER_STATEMENT, bind_all, column, number, placeholder_rows, placeholders,
};
use crate::sql::{Sql, SqlError};

impl Sql {
    /// Issues a new epoch to each of `rooms` that is registered. The others aren't in the result.
    pub async fn raise_epochs(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, u64)>, SqlError> {
        let mut operation = self.begin_transaction("raise epochs of rooms").await?;
        let raised = raise(&mut operation, &in_order(rooms)).await?;
        operation.commit().await?;
        Ok(raised)
    }

    /// Issues an epoch above `floor`: an epoch that a store holds and the database may not know,
    /// because it was restored from a backup. Returns `None` if the room is unknown.
    pub async fn raise_epoch_above(
        &self,
        room_id: &RoomId,
        floor: u64,
    ) -> Result<Option<u64>, SqlError> {
        const OPERATION: &str = "raise an epoch above another";
        let next = floor.checked_add(1).and_then(|next| i64::try_from(next).ok());
        let next = next.ok_or_else(|| {
            SqlError::of(OPERATION)(sqlx::Error::Encode("no epoch is that high".into()))
        })?;
        let mut operation = self.begin(OPERATION).await?;
        let update = sqlx::query(
            "UPDATE rooms SET epoch = CASE WHEN epoch < $2 THEN $2 ELSE epoch + 1 END
             WHERE room_id = $1 RETURNING epoch",
        )
        .bind(room_id.as_str())
        .bind(next);
        operation.fetch_one(update, |row| number(row, 0)).await
    }

    /// Issues a new epoch to each of `rooms`, given the epoch that its state has, and deletes all
    /// other rooms. Each new epoch is above both the last issued and the given one.
    pub async fn raise_epochs_and_delete_others(
        &self,
        rooms: &[(RoomId, u64)],
        now: Timestamp,
    ) -> Result<Vec<(RoomId, u64)>, SqlError> {
        let mut operation = self.begin_transaction("raise epochs").await?;
        let ids: Vec<RoomId> = rooms.iter().map(|(room_id, _)| room_id.clone()).collect();
        let issued: HashMap<RoomId, u64> =
            raise(&mut operation, &in_order(&ids)).await?.into_iter().collect();
        let mut raised = Vec::with_capacity(rooms.len());
        let mut behind = Vec::new();
        for (room_id, held) in rooms {
            let epoch = issued.get(room_id).copied().unwrap_or(0);
            if epoch <= *held {
                behind.push((room_id, held + 1));
            }
            raised.push((room_id.clone(), epoch.max(held + 1)));
        }
        set(&mut operation, &behind, now).await?;
        delete_others(&mut operation, &ids).await?;
        operation.commit().await?;
        Ok(raised)
    }
}

/// Raises the epochs of `ids`, which must be in order. One that isn't a number begins anew, and the copies of
/// the room say how far it has to rise.
async fn raise(operation: &mut Operation, ids: &[&str]) -> Result<Vec<(RoomId, u64)>, SqlError> {
    let mut raised = Vec::with_capacity(ids.len());
    for ids in ids.chunks(ROWS_PER_STATEMENT) {
        operation.lock_rooms(ids).await?;
        let sql = format!(
            "UPDATE rooms SET epoch = CASE WHEN epoch > 0 THEN CAST(epoch AS BIGINT) + 1 ELSE 1 END \
             WHERE room_id IN {} RETURNING room_id, epoch",
            placeholders(ids.len())
        );
        let rows = operation.fetch(bind_all(sql, ids), |row| {
            Ok((RoomId::new(row.try_get::<&str, _>(0)?), number(row, 1)?))
        });
        raised.extend(rows.await?);
    }
    Ok(raised)
}

/// Sets the epochs of rooms that are missing or behind in the database, because it was restored from
/// a backup.
async fn set(
    operation: &mut Operation,
    rooms: &[(&RoomId, u64)],
    now: Timestamp,
) -> Result<(), SqlError> {
    for rooms in rooms.chunks(ROWS_PER_STATEMENT) {
        let sql = format!(
            "INSERT INTO rooms (room_id, epoch, created_at_ms) VALUES {} \
             ON CONFLICT (room_id) DO UPDATE SET epoch = excluded.epoch",
            placeholder_rows(rooms.len(), 3)
        );
        let insert = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        let insert = rooms.iter().fold(insert, |insert, (room_id, epoch)| {
            insert.bind(room_id.as_str()).bind(column(*epoch)).bind(column(now.as_millis()))
        });
        operation.execute(insert).await?;
    }
    Ok(())
}

/// Deletes every room except `kept`.
async fn delete_others(operation: &mut Operation, kept: &[RoomId]) -> Result<(), SqlError> {
    let kept: HashSet<&RoomId> = kept.iter().collect();
    let mut last = RoomId::new("");
    loop {
        let page = list(operation, last.as_str(), ROWS_PER_STATEMENT).await?;
        let others: Vec<RoomId> =
            page.iter().filter(|room_id| !kept.contains(room_id)).cloned().collect();
        let others = in_order(&others);
        delete(operation, &others).await?;
        end_finished_creations(operation, &others).await?;
        match page.last() {
            Some(room_id) => last = room_id.clone(),
            None => return Ok(()),
        }
    }
}
