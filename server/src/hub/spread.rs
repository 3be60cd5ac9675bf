//! How far a room's players are apart, as they report it. Shown to those who command; nothing else
//! comes of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use contracts::{SyncChanged, SyncReport};
use engine::{Role, Room};

use super::room_state::State;
use super::{Connection, RoomHub};
use crate::store::{NodeId, NodeSpread};
use crate::wire;

/// For how long a report counts, and what another node told.
const FRESH: Duration = Duration::from_secs(5);
/// How often other nodes are told what hasn't changed, so that they don't take it for stale.
const TELL_AGAIN: Duration = Duration::from_secs(2);
/// How much a number must have changed to be worth a frame, in milliseconds.
const STEP_MS: f64 = 0.5;

/// What one connection reported, and was told.
#[derive(Debug, Default)]
pub struct Reported(Mutex<Latest>);

#[derive(Debug, Default)]
struct Latest {
    report: Option<(SyncReport, Instant)>,
    told: SyncChanged,
}

impl Reported {
    /// Takes the newest report.
    pub fn set(&self, report: SyncReport, now: Instant) {
        self.lock().report = Some((report, now));
    }

    fn fresh(&self, now: Instant) -> Option<SyncReport> {
        let latest = self.lock();
        latest.report.filter(|(_, at)| is_fresh(*at, now)).map(|(report, _)| report)
    }

    /// Whether the connection is to be told; if so, it counts as told.
    fn take_news(&self, spread: SyncChanged) -> bool {
        let mut latest = self.lock();
        let news = is_another(latest.told, spread);
        if news {
            latest.told = spread;
        }
        news
    }

    /// Who isn't told any more begins anew when it is again.
    fn forget_told(&self) {
        self.lock().told = SyncChanged::default();
    }

    fn lock(&self) -> MutexGuard<'_, Latest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What other nodes told of their players, and what they were told of those here.
#[derive(Debug, Default)]
pub(super) struct Spreads {
    elsewhere: HashMap<NodeId, (NodeSpread, Instant)>,
    told: Option<(NodeSpread, Instant)>,
}

impl Spreads {
    /// A node is gone.
    pub(super) fn forget(&mut self, node_id: &NodeId) {
        self.elsewhere.remove(node_id);
    }
}

impl RoomHub {
    /// Players at another node reported.
    pub fn node_reported(&self, node_id: NodeId, spread: NodeSpread, now: Instant) {
        self.lock().spreads.elsewhere.insert(node_id, (spread, now));
    }

    /// Tells those who command what they don't know yet. Whether this is to be looked at again.
    pub fn show_spread(&self, room: &Room, now: Instant) -> bool {
        let mut state = self.lock();
        state.spreads.elsewhere.retain(|_, (_, at)| is_fresh(*at, now));
        let elsewhere = state.spreads.elsewhere.values().map(|(spread, _)| *spread);
        let all = elsewhere.fold(here(&state, now), join);
        let spread = of_all(all);
        let mut frame: Option<Utf8Bytes> = None;
        for connection in state.connections.values() {
            if !commands(room, connection) {
                connection.reported.forget_told();
            } else if connection.reported.take_news(spread) {
                let text = frame.get_or_insert_with(|| wire::text(&wire::sync_changed(spread)));
                connection.outbox.set_spread(text);
            }
        }
        all.reporting > 0 || state.spreads.told.is_some()
    }

    /// What other nodes are to be told now, if anything.
    pub fn take_spread(&self, now: Instant) -> Option<NodeSpread> {
        let mut state = self.lock();
        let here = here(&state, now);
        let told = state.spreads.told.filter(|_| !state.nodes.is_empty());
        let is_due = match told {
            _ if state.nodes.is_empty() => false,
            None => here.reporting > 0,
            Some((_, at)) if now.saturating_duration_since(at) >= TELL_AGAIN => true,
            Some((told, _)) => is_another_of_node(told, here),
        };
        let told = if is_due { Some((here, now)) } else { told };
        state.spreads.told = told.filter(|(told, _)| told.reporting > 0);
        is_due.then_some(here)
    }
}

/// Whether a connection's participant sees the room's spread.
fn commands(room: &Room, connection: &Connection) -> bool {
    let role = room.role_of_participant(&connection.participant_id, connection.base);
    matches!(role, Role::Host | Role::CoHost)
}

/// The players connected to this node.
fn here(state: &State, now: Instant) -> NodeSpread {
    let reports = state.connections.values().filter_map(|one| one.reported.fresh(now));
    let one = |report: SyncReport| NodeSpread {
        reporting: 1,
        drift_ms_min: report.drift_ms,
        drift_ms_max: report.drift_ms,
        uncertainty_ms: report.uncertainty_ms,
    };
    reports.map(one).fold(NodeSpread::default(), join)
}

fn join(one: NodeSpread, other: NodeSpread) -> NodeSpread {
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

/// As it is shown: to a microsecond.
fn of_all(all: NodeSpread) -> SyncChanged {
    let rounded = |ms: f64| (ms * 1000.0).round() / 1000.0;
    SyncChanged {
        reporting: all.reporting,
        spread_ms: rounded(all.drift_ms_max - all.drift_ms_min),
        uncertainty_ms: rounded(all.uncertainty_ms),
    }
}

/// Whether the difference is worth a frame.
fn is_another(told: SyncChanged, now: SyncChanged) -> bool {
    told.reporting != now.reporting
        || differ(told.spread_ms, now.spread_ms)
        || differ(told.uncertainty_ms, now.uncertainty_ms)
}

/// Whether the difference is worth a message to other nodes.
fn is_another_of_node(told: NodeSpread, now: NodeSpread) -> bool {
    told.reporting != now.reporting
        || differ(told.drift_ms_min, now.drift_ms_min)
        || differ(told.drift_ms_max, now.drift_ms_max)
        || differ(told.uncertainty_ms, now.uncertainty_ms)
}

fn differ(one_ms: f64, other_ms: f64) -> bool {
    (one_ms - other_ms).abs() >= STEP_MS
}

fn is_fresh(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < FRESH
}
