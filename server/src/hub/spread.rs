//! How far apart a room's players are, from their reports. It is shown to those who control
//! playback, and affects nothing else.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use contracts::{SyncChanged, SyncReport};
use engine::Room;
use tungstenite::Utf8Bytes;

use super::room_state::State;
use super::{Connection, RoomHub};
use crate::store::{NodeId, NodeSpread};
use crate::wire;

/// How long a connection's report or another node's spread counts.
const FRESH: Duration = Duration::from_secs(5);
/// How often a spread that hasn't changed is sent to other nodes again, so that it stays fresh.
const RESEND_EVERY: Duration = Duration::from_secs(2);
/// How much a value must change to be worth sending, in milliseconds.
const CHANGE_MS_MIN: f64 = 0.5;

/// The last report of one connection's player, and the spread that it was last sent.
#[derive(Debug, Default)]
pub struct SyncStatus(Mutex<Latest>);

#[derive(Debug, Default)]
struct Latest {
    report: Option<(SyncReport, Instant)>,
    sent: SyncChanged,
}

impl SyncStatus {
    /// Records the newest report.
    pub fn set_report(&self, report: SyncReport, now: Instant) {
        self.lock().report = Some((report, now));
    }

    fn fresh_report(&self, now: Instant) -> Option<SyncReport> {
        let latest = self.lock();
        latest.report.filter(|(_, at)| is_fresh(*at, now)).map(|(report, _)| report)
    }

    /// Returns whether the spread is worth sending, and if so, counts it as sent.
    fn take_change(&self, spread: SyncChanged) -> bool {
        let mut latest = self.lock();
        let changed = is_changed(latest.sent, spread);
        if changed {
            latest.sent = spread;
        }
        changed
    }

    /// Forgets what was sent, so that a connection that may see the spread again starts anew.
    fn forget_sent(&self) {
        self.lock().sent = SyncChanged::default();
    }

    fn lock(&self) -> MutexGuard<'_, Latest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The spreads of other nodes, and the spread that this node last sent them.
#[derive(Debug, Default)]
pub(super) struct Spreads {
    remote: HashMap<NodeId, (NodeSpread, Instant)>,
    sent: Option<(NodeSpread, Instant)>,
}

impl Spreads {
    /// Forgets a node, which is gone.
    pub(super) fn forget(&mut self, node_id: &NodeId) {
        self.remote.remove(node_id);
    }
}

impl RoomHub {
    /// Takes in the spread of the players connected to another node.
    pub fn set_node_spread(&self, node_id: NodeId, spread: NodeSpread, now: Instant) {
        self.lock().spreads.remote.insert(node_id, (spread, now));
    }

    /// Sends the spread to those who control playback, if it changed. Returns whether the room must
    /// be looked at again.
    pub fn publish_spread(&self, room: &Room, now: Instant) -> bool {
        let mut state = self.lock();
        state.spreads.remote.retain(|_, (_, at)| is_fresh(*at, now));
        let remote = state.spreads.remote.values().map(|(spread, _)| *spread);
        let all = remote.fold(local_spread(&state, now), merge);
        let spread = sync_changed(all);
        let mut frame: Option<Utf8Bytes> = None;
        for connection in state.connections.values() {
            if !sees_spread(room, connection) {
                connection.sync.forget_sent();
            } else if connection.sync.take_change(spread) {
                let text = frame.get_or_insert_with(|| wire::text(&wire::sync_changed(spread)));
                connection.outbox.set_spread(text);
            }
        }
        all.reporting > 0 || state.spreads.sent.is_some()
    }

    /// Returns the spread to send to other nodes now, if any, and counts it as sent.
    pub fn take_spread_update(&self, now: Instant) -> Option<NodeSpread> {
        let mut state = self.lock();
        let local = local_spread(&state, now);
        let sent = state.spreads.sent.filter(|_| !state.remote.is_empty());
        let is_due = match sent {
            _ if state.remote.is_empty() => false,
            None => local.reporting > 0,
            Some((_, at)) if now.saturating_duration_since(at) >= RESEND_EVERY => true,
            Some((sent, _)) => is_node_changed(sent, local),
        };
        let sent = if is_due { Some((local, now)) } else { sent };
        state.spreads.sent = sent.filter(|(sent, _)| sent.reporting > 0);
        is_due.then_some(local)
    }
}

/// Returns whether a connection's participant may see the room's spread.
fn sees_spread(room: &Room, connection: &Connection) -> bool {
    room.role_of_participant(&connection.participant_id, connection.base).commands_playback()
}

/// Returns the spread of the players connected to this node.
fn local_spread(state: &State, now: Instant) -> NodeSpread {
    let reports = state.connections.values().filter_map(|one| one.sync.fresh_report(now));
    let of_one = |report: SyncReport| NodeSpread {
        reporting: 1,
        drift_ms_min: report.drift_ms,
        drift_ms_max: report.drift_ms,
        uncertainty_ms: report.uncertainty_ms,
    };
    reports.map(of_one).fold(NodeSpread::default(), merge)
}

fn merge(one: NodeSpread, other: NodeSpread) -> NodeSpread {
    match (one.reporting, other.reporting) {
        (0, _) => other,
        (_, 0) => one,
        _ => NodeSpread {
            reporting: one.reporting.saturating_add(other.reporting),
            drift_ms_min: one.drift_ms_min.min(other.drift_ms_min),
            drift_ms_max: one.drift_ms_max.max(other.drift_ms_max),
            uncertainty_ms: one.uncertainty_ms.max(other.uncertainty_ms),
        },
    }
}

/// Returns the spread as it is sent to clients, rounded to a microsecond.
fn sync_changed(all: NodeSpread) -> SyncChanged {
    let rounded = |ms: f64| (ms * 1000.0).round() / 1000.0;
    SyncChanged {
        reporting: all.reporting,
        spread_ms: rounded(all.drift_ms_max - all.drift_ms_min),
        uncertainty_ms: rounded(all.uncertainty_ms),
    }
}

/// Returns whether the difference is worth a frame.
fn is_changed(sent: SyncChanged, now: SyncChanged) -> bool {
    sent.reporting != now.reporting
        || differ(sent.spread_ms, now.spread_ms)
        || differ(sent.uncertainty_ms, now.uncertainty_ms)
}

/// Returns whether the difference is worth a message to other nodes.
fn is_node_changed(sent: NodeSpread, now: NodeSpread) -> bool {
    sent.reporting != now.reporting
        || differ(sent.drift_ms_min, now.drift_ms_min)
        || differ(sent.drift_ms_max, now.drift_ms_max)
        || differ(sent.uncertainty_ms, now.uncertainty_ms)
}

fn differ(one_ms: f64, other_ms: f64) -> bool {
    (one_ms - other_ms).abs() >= CHANGE_MS_MIN
}

fn is_fresh(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < FRESH
}
