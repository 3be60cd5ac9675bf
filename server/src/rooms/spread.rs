//! Sends a room's spread to those who command playback, and tells it to the other nodes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::SyncReport;
use engine::RoomId;
use futures_util::{StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval};

use super::{Rooms, SENT_AT_ONCE};
use crate::hub::{Connection, RoomHub};
use crate::store::{NodeSpread, Notice};

/// How often the spread is sent and told at most.
const SPREAD_TICK: Duration = Duration::from_secs(1);

impl Rooms {
    /// Records a player's report. It changes no state of the room.
    pub fn report_sync(&self, hub: &RoomHub, connection: &Connection, report: SyncReport) {
        let drift_seconds = report.drift_ms.abs() / 1000.0;
        metrics::histogram!("playhead_sync_drift_seconds").record(drift_seconds);
        let uncertainty_seconds = report.uncertainty_ms / 1000.0;
        metrics::histogram!("playhead_clock_uncertainty_seconds").record(uncertainty_seconds);
        connection.sync.set_report(report, Instant::now());
        self.hub.mark_reporting(&hub.room_id);
    }

    /// Sends the spread of rooms whose players report, until the node ends.
    pub async fn watch_spread(self: Arc<Self>) {
        let mut tick = interval(SPREAD_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut telling = None;
        loop {
            tick.tick().await;
            let may_tell = telling.as_ref().is_none_or(tokio::task::JoinHandle::is_finished);
            let mut unsent = Vec::new();
            for hub in self.hub.take_reporting() {
                self.guard(&hub.room_id, self.show_spread(&hub)).await;
                let may_tell = may_tell && self.hub.is_reachable(&hub.room_id);
                let spread = may_tell.then(|| hub.take_spread_update(Instant::now())).flatten();
                unsent.extend(spread.map(|spread| (hub.room_id.clone(), spread)));
            }
            if !unsent.is_empty() {
                telling = Some(tokio::spawn(self.clone().tell_spreads(unsent)));
            }
        }
    }

    async fn show_spread(&self, hub: &RoomHub) {
        let look_again = match self.find(&hub.room_id).await {
            Ok(room) => hub.publish_spread(&room, Instant::now()),
            Err(_) => hub.connection_count() > 0,
        };
        if look_again {
            self.hub.mark_reporting(&hub.room_id);
        }
    }

    /// Tells the other nodes. A spread that gets lost is sent again, or expires there, within seconds.
    async fn tell_spreads(self: Arc<Self>, unsent: Vec<(RoomId, NodeSpread)>) {
        let tell = |(room_id, spread): (RoomId, NodeSpread)| {
            let store = self.store.clone();
            async move {
                if let Err(error) = store.tell(&room_id, Notice::Spread(spread)).await {
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(error, room.id = %room_id, "spread not told");
                }
            }
        };
        stream::iter(unsent).for_each_concurrent(SENT_AT_ONCE, tell).await;
    }
}
