//! Snapshots in SQL, written behind the commits. The newest of each room waits; SQL that is away
//! holds up nobody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::{LifecycleState, Room, RoomId};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::Node;
use super::read::json;
use crate::sql::SnapshotRow;

/// How old a snapshot may get.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after a failure.
const AGAIN: Duration = Duration::from_secs(2);
/// How many are written in one transaction.
const ROWS_MAX: usize = 500;
/// How long the last ones may take when the node goes away.
const LAST: Duration = Duration::from_secs(5);

/// Rooms whose snapshot waits to be written: at most one each.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    // A std mutex: never held across an await.
    waiting: Mutex<HashMap<RoomId, Arc<Room>>>,
    /// An end isn't kept waiting.
    urgent: Notify,
}

impl Backlog {
    /// A room has changed.
    pub(super) fn note(&self, room: &Arc<Room>) {
        let mut waiting = self.lock();
        let newer = waiting
            .get(&room.room_id)
            .is_none_or(|known| (known.epoch, known.version) < (room.epoch, room.version));
        if newer {
            waiting.insert(room.room_id.clone(), room.clone());
        }
        if room.lifecycle.state == LifecycleState::Expired {
            self.urgent.notify_one();
        }
    }

    /// A room whose snapshot waits.
    pub(super) fn find(&self, room_id: &RoomId) -> Option<Arc<Room>> {
        self.lock().get(room_id).cloned()
    }

    /// A room is gone.
    pub(super) fn forget(&self, room_id: &RoomId) {
        self.lock().remove(room_id);
    }

    fn take(&self) -> Vec<Arc<Room>> {
        let mut waiting = self.lock();
        let ids: Vec<RoomId> = waiting.keys().take(ROWS_MAX).cloned().collect();
        ids.iter().filter_map(|id| waiting.remove(id)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Arc<Room>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    /// Writes what waits until the store is closed, and then the rest.
    pub(super) async fn write_snapshots(self: Arc<Self>) {
        let mut failing = false;
        while !self.stop.is_cancelled() {
            tokio::select! {
                () = sleep(if failing { AGAIN } else { WRITE_EVERY }) => {}
                () = self.backlog.urgent.notified(), if !failing => {}
                () = self.stop.cancelled() => {}
            }
            let written = self.write_waiting().await;
            match written {
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
        if !matches!(timeout(LAST, self.write_waiting()).await, Ok(Ok(()))) {
            tracing::warn!("the last snapshots weren't written");
        }
    }

    async fn write_waiting(&self) -> Result<(), crate::sql::SqlError> {
        loop {
            #[expect(clippy::cast_precision_loss, reason = "a count of rooms")]
            metrics::gauge!("playhead_snapshot_backlog").set(self.backlog.lock().len() as f64);
            let rooms = self.backlog.take();
            if rooms.is_empty() {
                return Ok(());
            }
            let rows: Vec<_> = rooms.iter().map(|room| row_of(room)).collect();
            if let Err(error) = self.sql.write_snapshots(&rows).await {
                for room in &rooms {
                    self.backlog.note(room);
                }
                return Err(error);
            }
        }
    }
}

/// A room as SQL keeps it: whole, with the commands that it remembers.
pub(super) fn row_of(room: &Room) -> SnapshotRow {
    SnapshotRow {
        room_id: room.room_id.clone(),
        epoch: room.epoch,
        version: room.version,
        body: json(room).into(),
    }
}
