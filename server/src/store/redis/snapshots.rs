//! Writes snapshots to SQL behind the commits. While SQL is away, nothing waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::codec::snapshot_of;
use super::node::Node;
use crate::sql::SqlError;

/// How far a snapshot may be behind.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// How long writing the last snapshots may take when the node stops.
const LAST: Duration = Duration::from_secs(5);

impl Node {
    /// Writes snapshots until the store is closed, and then the remaining ones.
    pub(super) async fn write_snapshots(self: Arc<Self>) {
        let mut failing = false;
        while !self.stop.is_cancelled() {
            tokio::select! {
                () = sleep(if failing { RETRY_AFTER } else { WRITE_EVERY }) => {}
                () = self.backlog.urgent.notified(), if !failing => {}
                () = self.stop.cancelled() => {}
            }
            match self.write_backlog().await {
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
        if !matches!(timeout(LAST, self.write_backlog()).await, Ok(Ok(()))) {
            tracing::warn!("the last snapshots weren't written");
        }
    }

    async fn write_backlog(&self) -> Result<(), SqlError> {
        loop {
            #[expect(clippy::cast_precision_loss, reason = "a count of rooms")]
            metrics::gauge!("playhead_snapshot_backlog").set(self.backlog.len() as f64);
            let rooms = self.backlog.take();
            if rooms.is_empty() {
                return Ok(());
            }
            let rows: Vec<_> = rooms.iter().map(|room| snapshot_of(room)).collect();
            if let Err(error) = self.sql.write_snapshots(&rows).await {
                for room in &rooms {
                    self.backlog.add(room);
                }
                return Err(error);
            }
        }
    }
}
