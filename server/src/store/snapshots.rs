//! Writes snapshots to SQL behind the commits. While SQL is away, nothing waits for it.

use std::time::Duration;

use engine::Room;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::backlog::Backlog;
use crate::sql::{SnapshotRow, Sql, SqlError};

/// How long to wait after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How snapshots follow the commits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How far a snapshot may be behind.
    pub(super) every: Duration,
    /// How long writing the last snapshots may take when the node stops.
    pub(super) last: Duration,
}

/// Writes snapshots until `stop`, and then the remaining ones.
pub(super) async fn write_behind(
    backlog: &Backlog,
    sql: &Sql,
    pace: Pace,
    stop: &CancellationToken,
) {
    let mut failing = false;
    while !stop.is_cancelled() {
        tokio::select! {
            () = sleep(if failing { RETRY_AFTER } else { pace.every }) => {}
            () = backlog.urgent.notified(), if !failing => {}
            () = stop.cancelled() => {}
        }
        match write_all(backlog, sql).await {
            Ok(()) if std::mem::take(&mut failing) => {
                tracing::info!("snapshots are written again");
            }
            Ok(()) => {}
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "snapshots wait: SQL can't be written");
                }
            }
        }
    }
    if !matches!(timeout(pace.last, write_all(backlog, sql)).await, Ok(Ok(()))) {
        tracing::warn!("the last snapshots weren't written");
    }
}

async fn write_all(backlog: &Backlog, sql: &Sql) -> Result<(), SqlError> {
    loop {
        #[expect(clippy::cast_precision_loss, reason = "a count of rooms")]
        metrics::gauge!("playhead_snapshot_backlog").set(backlog.len() as f64);
        let rooms = backlog.take();
        if rooms.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = rooms.iter().map(|room| snapshot_of(room)).collect();
        if let Err(error) = sql.write_snapshots(&rows).await {
            for room in &rooms {
                backlog.add(room);
            }
            return Err(error);
        }
    }
}

/// Encodes a room for SQL: in full, with the commands that it remembers.
pub(super) fn snapshot_of(room: &Room) -> SnapshotRow {
    SnapshotRow {
        room_id: room.room_id.clone(),
        epoch: room.epoch,
        version: room.version,
        body: serde_json::to_vec(room).expect("a room is plain data"),
    }
}
