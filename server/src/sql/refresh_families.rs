//! The `refresh_families` table: the refresh tokens that have replaced each other, with the user whom
//! they identify. Times are those of the wall clock.

use std::fmt;

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::operation::{ROWS_PER_STATEMENT, column, number, placeholder_rows};
use super::{Sql, SqlError};
use crate::clock::{WallStep, WallTime};

/// A family of refresh tokens. Only its newest token is valid, and for a while those before it.
#[derive(Clone, Eq, PartialEq)]
pub struct RefreshFamily {
    /// The id, which is part of every token of the family.
    pub family_id: String,
    /// The user whom the tokens identify.
    pub user_id: String,
    /// The user's display name.
    pub display_name: String,
    /// When the user was given the display name.
    pub named_at: WallTime,
    /// The hash of the newest token.
    pub token_hash: Vec<u8>,
    /// How many tokens of the family were issued before it. Those from before tokens were numbered
    /// don't count.
    pub token_number: u32,
    /// The key by which the family recognises tokens that were issued in it. Empty in families from
    /// before there were such keys.
    pub proof_key: Vec<u8>,
    /// What leads from the tokens before to the newest one, encoded by its writer.
    pub predecessors: Vec<u8>,
    /// When the first token was issued.
    pub began_at: WallTime,
    /// When the newest token was issued.
    pub rotated_at: WallTime,
    /// The clock that these times are by. Empty in families from before clocks were told apart.
    pub clock_id: String,
}

/// Which families a sweep deletes.
#[derive(Clone, Copy, Debug)]
pub struct Sweep {
    /// Those that began before this time.
    pub began_before: WallTime,
    /// Those whose newest token was issued before this time.
    pub rotated_before: WallTime,
    /// Beyond this number, those that weren't rotated six hours or more after they began, the oldest first,
    /// and after them those that were rotated longest ago.
    pub families_max: u64,
    /// The largest number to delete at once.
    pub rows_max: usize,
}

/// How many families there are, and how their times compare with a clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FamilyCounts {
    /// All of them.
    pub all: u64,
    /// Those whose newest token was issued after a time.
    pub ahead: u64,
    /// Those whose newest token was issued before another.
    pub over: u64,
}

impl fmt::Debug for RefreshFamily {
    /// Omits the hashes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshFamily").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl Sql {
    /// Stores new families, all or none. One that is stored already stays as it is.
    pub async fn create_refresh_families(
        &self,
        families: &[&RefreshFamily],
    ) -> Result<(), SqlError> {
        let mut operation = self.begin_transaction("create refresh families").await?;
        for families in families.chunks(ROWS_PER_STATEMENT) {
            let sql = format!(
                "INSERT INTO refresh_families (family_id, user_id, display_name, token_hash, \
                 proof_key, predecessors, began_at_ms, rotated_at_ms, clock_id, token_number, \
                 named_at_ms) VALUES {} ON CONFLICT DO NOTHING",
                placeholder_rows(families.len(), 11)
            );
            let insert = sqlx::query(AssertSqlSafe(sql)).persistent(false);
            let insert = families.iter().fold(insert, |insert, family| {
                insert
                    .bind(family.family_id.as_str())
                    .bind(family.user_id.as_str())
                    .bind(family.display_name.as_str())
                    .bind(family.token_hash.as_slice())
                    .bind(family.proof_key.as_slice())
                    .bind(family.predecessors.as_slice())
                    .bind(column(family.began_at.as_millis()))
                    .bind(column(family.rotated_at.as_millis()))
                    .bind(family.clock_id.as_str())
                    .bind(i64::from(family.token_number))
                    .bind(column(family.named_at.as_millis()))
            });
            operation.execute(insert).await?;
        }
        operation.commit().await
    }

    /// Finds a family. One whose row can't be read counts as absent: its person becomes a new guest.
    pub async fn find_refresh_family(
        &self,
        family_id: &str,
    ) -> Result<Option<RefreshFamily>, SqlError> {
        let mut operation = self.begin("find a refresh family").await?;
        let query = sqlx::query(
            "SELECT family_id, user_id, display_name, token_hash, proof_key, predecessors,
             began_at_ms, rotated_at_ms, clock_id, token_number, named_at_ms
             FROM refresh_families WHERE family_id = $1",
        )
        .bind(family_id);
        let found = operation.fetch_one(query, |row| {
            let family = read(row);
            if let Err(error) = &family {
                tracing::warn!(%error, family.id = family_id, "a refresh family can't be read");
            }
            Ok(family.ok())
        });
        Ok(found.await?.flatten())
    }

    /// Gives the user of a family another name at `now`, or right after the name before if that was given later.
    /// Returns when; `None` if there is no such family.
    pub async fn rename_refresh_family(
        &self,
        family_id: &str,
        display_name: &str,
        now: WallTime,
    ) -> Result<Option<WallTime>, SqlError> {
        let mut operation = self.begin("rename the user of a refresh family").await?;
        let update = sqlx::query(
            "UPDATE refresh_families SET display_name = $1,
             named_at_ms = CASE WHEN named_at_ms < $2 THEN $2 ELSE named_at_ms + 1 END
             WHERE family_id = $3 RETURNING named_at_ms",
        )
        .bind(display_name)
        .bind(column(now.as_millis()))
        .bind(family_id);
        let named_at = |row: &AnyRow| Ok(WallTime::from_millis(number(row, 0)?));
        operation.fetch_one(update, named_at).await
    }

    /// Replaces the newest token of a family, and returns the name that its user has by now, and when it was given.
    /// Returns `None`, and changes nothing, if that isn't `from_hash` any more: another node was quicker.
    pub async fn rotate_refresh_family(
        &self,
        from_hash: &[u8],
        to: &RefreshFamily,
    ) -> Result<Option<(String, WallTime)>, SqlError> {
        let mut operation = self.begin("rotate a refresh family").await?;
        let update = sqlx::query(
            "UPDATE refresh_families SET token_hash = $1, proof_key = $2, predecessors = $3,
             began_at_ms = $4, rotated_at_ms = $5, clock_id = $6, token_number = $7
             WHERE family_id = $8 AND token_hash = $9 RETURNING display_name, named_at_ms",
        )
        .bind(to.token_hash.as_slice())
        .bind(to.proof_key.as_slice())
        .bind(to.predecessors.as_slice())
        .bind(column(to.began_at.as_millis()))
        .bind(column(to.rotated_at.as_millis()))
        .bind(to.clock_id.as_str())
        .bind(i64::from(to.token_number))
        .bind(to.family_id.as_str())
        .bind(from_hash);
        let named = |row: &AnyRow| Ok((row.try_get(0)?, WallTime::from_millis(number(row, 1)?)));
        operation.fetch_one(update, named).await
    }

    /// Counts families, and those of them whose newest token was issued after or before a time.
    pub async fn count_refresh_families(
        &self,
        after: WallTime,
        before: WallTime,
    ) -> Result<FamilyCounts, SqlError> {
        let mut operation = self.begin("count refresh families").await?;
        let query = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM refresh_families),
             (SELECT COUNT(*) FROM refresh_families WHERE rotated_at_ms > $1),
             (SELECT COUNT(*) FROM refresh_families WHERE rotated_at_ms < $2)",
        )
        .bind(column(after.as_millis()))
        .bind(column(before.as_millis()));
        let counts = operation.fetch_one(query, |row| {
            let (all, ahead, over) = (number(row, 0)?, number(row, 1)?, number(row, 2)?);
            Ok(FamilyCounts { all, ahead, over })
        });
        Ok(counts.await?.unwrap_or(FamilyCounts { all: 0, ahead: 0, over: 0 }))
    }

    /// Deletes families, at most `rows_max` of them. Returns whether there may be more.
    pub async fn sweep_refresh_families(&self, sweep: Sweep) -> Result<bool, SqlError> {
        let mut operation = self.begin("sweep refresh families").await?;
        let rows_max = sweep.rows_max as u64;
        let over = sqlx::query(
            "DELETE FROM refresh_families WHERE family_id IN (SELECT family_id
             FROM refresh_families WHERE began_at_ms < $1 OR rotated_at_ms < $2 LIMIT $3)",
        )
        .bind(column(sweep.began_before.as_millis()))
        .bind(column(sweep.rotated_before.as_millis()))
        .bind(column(rows_max));
        let mut deleted = operation.execute(over).await?;

        let count = sqlx::query("SELECT COUNT(*) FROM refresh_families");
        let count = operation.fetch_one(count, |row| number(row, 0)).await?.unwrap_or_default();
        let mut surplus = count.saturating_sub(sweep.families_max);
        // An index knows those who never came back, by this very condition: somebody may have made as many
        // guests as there is room for, and refreshed each at once.
        for delete in [
            "DELETE FROM refresh_families WHERE family_id IN (SELECT family_id
             FROM refresh_families WHERE rotated_at_ms - began_at_ms < 21600000
             ORDER BY began_at_ms LIMIT $1)",
            "DELETE FROM refresh_families WHERE family_id IN (SELECT family_id
             FROM refresh_families ORDER BY rotated_at_ms LIMIT $1)",
        ] {
            let most = surplus.min(rows_max.saturating_sub(deleted));
            if most > 0 {
                let done = operation.execute(sqlx::query(delete).bind(column(most))).await?;
                surplus = surplus.saturating_sub(done);
                deleted += done;
            }
        }
        Ok(deleted >= rows_max)
    }

    /// Moves the times that the clock `before` wrote until it was set. It is `after` from then on, so that a
    /// repetition moves nothing.
    pub async fn shift_refresh_families(
        &self,
        step: WallStep,
        before: &str,
        after: &str,
    ) -> Result<(), SqlError> {
        let mut operation = self.begin("shift refresh families").await?;
        // A family may have begun before this clock was watched, by another one.
        let update = sqlx::query(
            "UPDATE refresh_families SET rotated_at_ms = rotated_at_ms + $1, clock_id = $4,
             began_at_ms = CASE WHEN began_at_ms < $2 THEN began_at_ms ELSE began_at_ms + $1 END
             WHERE rotated_at_ms >= $2 AND rotated_at_ms <= $3 AND clock_id = $5",
        )
        .bind(step.by_ms)
        .bind(column(step.from.as_millis()))
        .bind(column(step.to.as_millis()))
        .bind(after)
        .bind(before);
        operation.execute(update).await.map(drop)
    }

    /// Moves times after `from` back to `to`, which is by the clock `clock_id`: they were written before a
    /// wall clock was set back, and would count as new until it has caught up.
    pub async fn pull_back_refresh_families(
        &self,
        from: WallTime,
        to: WallTime,
        clock_id: &str,
    ) -> Result<(), SqlError> {
        let mut operation = self.begin("pull back refresh families").await?;
        let update = sqlx::query(
            "UPDATE refresh_families SET rotated_at_ms = $1, clock_id = $3,
             began_at_ms = CASE WHEN began_at_ms > $1 THEN $1 ELSE began_at_ms END
             WHERE rotated_at_ms > $2",
        )
        .bind(column(to.as_millis()))
        .bind(column(from.as_millis()))
        .bind(clock_id);
        operation.execute(update).await.map(drop)
    }
}

fn read(row: &AnyRow) -> Result<RefreshFamily, sqlx::Error> {
    Ok(RefreshFamily {
        family_id: row.try_get(0)?,
        user_id: row.try_get(1)?,
        display_name: row.try_get(2)?,
        token_hash: row.try_get(3)?,
        proof_key: row.try_get::<Option<Vec<u8>>, _>(4)?.unwrap_or_default(),
        predecessors: row.try_get(5)?,
        began_at: WallTime::from_millis(number(row, 6)?),
        rotated_at: WallTime::from_millis(number(row, 7)?),
        clock_id: row.try_get(8)?,
        token_number: u32::try_from(number(row, 9)?).unwrap_or(u32::MAX),
        named_at: WallTime::from_millis(number(row, 10)?),
    })
}
