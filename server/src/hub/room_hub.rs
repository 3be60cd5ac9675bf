//! One room's connections on this node, and what other nodes told of theirs: presence and
//! readiness. Nothing here is authority.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::ws::Utf8Bytes;
use contracts::CloseCode;
use engine::{Facts, ParticipantId, Room, RoomId, Timestamp};

use super::barrier::Barrier;
use super::room_state::State;
use super::{
    BarrierStep, Connection, NewConnection, OrderedFrame, Outbox, ParticipantCursor,
    ParticipantPage, Reported,
};
use crate::store::{Elsewhere, NodeId};
use crate::wire::{self, Viewers};

/// Up to how many participants a presence frame names everybody …
const PRESENCE_WHOLE_MAX: usize = 20;
/// … and how many it names beyond. Each connection keeps a buffer as large as its largest frame.
const PRESENCE_FIRST: usize = 8;
/// How often a room waits for a member whose player ran dry, in milliseconds.
const REBUFFER_EVERY_MS: u64 = 30_000;
/// By how much the longest round trip must have changed before other nodes are told, in milliseconds.
const RTT_STEP_MS: u64 = 25;

/// One room's connections on this node.
#[derive(Debug)]
pub struct RoomHub {
    /// Which room.
    pub room_id: RoomId,
    /// Held while a command is decided and stored, so that this node's writers don't conflict.
    pub gate: tokio::sync::Mutex<()>,
    /// Whether the store tells news of the room; held while that changes.
    pub followed: tokio::sync::Mutex<Followed>,
    // A std mutex: never held across an await.
    state: Mutex<State>,
}

/// Whether the store tells news of a room.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Followed {
    /// No.
    #[default]
    No,
    /// It was asked to, and it isn't known whether it does.
    Asked,
    /// Yes, and it is known who is connected to other nodes.
    Yes,
}

/// A connection that is in the room's.
#[derive(Clone, Debug)]
pub struct Attached {
    /// The connection.
    pub connection: Arc<Connection>,
    /// Whether it is its participant's first to this node.
    pub is_first: bool,
}

/// Why a connection isn't in the room's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotAttached {
    /// The participant has too many already.
    TooMany,
    /// The hub has forgotten this room; ask it for the room again.
    Retired,
}

impl RoomHub {
    pub(super) fn new(room_id: RoomId, now: Timestamp) -> Self {
        let state = State { empty_since: now, ..State::default() };
        let (gate, followed) = (tokio::sync::Mutex::default(), tokio::sync::Mutex::default());
        Self { room_id, gate, followed, state: Mutex::new(state) }
    }

    /// Adds a connection, unless the participant has `max` already. One that carries the same
    /// session is closed: a client comes back before its dead socket is noticed.
    pub fn attach(
        &self,
        new: NewConnection,
        max: usize,
        now: Timestamp,
    ) -> Result<Attached, NotAttached> {
        let mut state = self.lock();
        if state.is_retired {
            return Err(NotAttached::Retired);
        }
        let id = new.participant_id.clone();
        if state.here.get(&id).is_some_and(|here| here.present.connections >= max) {
            return Err(NotAttached::TooMany);
        }
        let is_first = state.arrive(&new, now);
        for old in state.connections.values().filter(|old| old.session_id == new.session_id) {
            old.outbox.close(CloseCode::SESSION_REPLACED);
        }
        state.numbers += 1;
        let number = state.numbers;
        let connection = Arc::new(Connection {
            number,
            participant_id: id,
            base: new.base,
            session_id: new.session_id,
            ready_capable: new.ready_capable,
            outbox: Outbox::default(),
            rtt_ms: AtomicU64::new(0),
            reported: Reported::default(),
        });
        state.connections.insert(number, connection.clone());
        Ok(Attached { connection, is_first })
    }

    /// Removes a connection, and says what that does to a barrier.
    pub fn detach(&self, connection: &Connection, now: Timestamp) -> Option<BarrierStep> {
        let mut state = self.lock();
        state.connections.remove(&connection.number)?;
        state.depart(connection);
        if state.connections.is_empty() {
            state.empty_since = now;
        }
        state.barrier.as_mut()?.release(connection.number);
        state.step()
    }

    /// Marks the room forgotten, unless somebody is connected.
    pub(super) fn retire(&self) -> bool {
        let mut state = self.lock();
        state.is_retired = state.connections.is_empty();
        state.is_retired
    }

    /// A frame to every connection.
    pub fn publish(&self, frame: &OrderedFrame) {
        self.each(|connection| connection.outbox.push(frame));
    }

    /// Who and how many are here, to every connection.
    pub fn publish_presence(&self, room: &Room) {
        let viewers = self.viewers();
        let whole = viewers.count <= PRESENCE_WHOLE_MAX as u64;
        let names = if whole { PRESENCE_WHOLE_MAX } else { PRESENCE_FIRST };
        let names = self.list_participants(room, None, names).items;
        let presence: Utf8Bytes = wire::text(&wire::presence(names, viewers.count));
        let count: Utf8Bytes = wire::text(&wire::viewer_count(viewers));
        self.each(|connection| {
            connection.outbox.set_presence(&presence);
            connection.outbox.set_viewers(&count);
        });
    }

    /// Whether commands can be stored, to every connection.
    pub fn set_authority(&self, text: &Utf8Bytes) {
        self.each(|connection| connection.outbox.set_authority(text));
    }

    /// The newest state to every connection, instead of steps that can't be had.
    pub fn resync_all(&self) {
        self.each(|connection| connection.outbox.resync());
    }

    /// Closes every connection after what is on its way.
    pub fn close_all(&self, code: CloseCode) {
        self.each(|connection| connection.outbox.close(code));
    }

    /// Closes every connection of one participant but `except`.
    pub fn close_participant(&self, participant_id: &ParticipantId, except: u64, code: CloseCode) {
        self.each(|connection| {
            if connection.participant_id == *participant_id && connection.number != except {
                connection.outbox.close(code);
            }
        });
    }

    /// Closes a connection whose session goes on at another node.
    pub fn close_session(&self, session_id: &str) {
        self.each(|connection| {
            if connection.session_id == session_id {
                connection.outbox.close(CloseCode::SESSION_REPLACED);
            }
        });
    }

    /// How many participants are connected, to any node.
    pub fn viewers(&self) -> Viewers {
        let state = self.lock();
        Viewers { count: state.count, peak: state.peak }
    }

    /// How many connections this node has.
    pub fn connection_count(&self) -> usize {
        self.lock().connections.len()
    }

    /// Whether a participant has a connection to this node.
    pub fn is_here(&self, participant_id: &ParticipantId) -> bool {
        self.lock().here.contains_key(participant_id)
    }

    /// For how long nobody has been connected here and there was nothing to tell, in milliseconds.
    pub fn idle_for_ms(&self, now: Timestamp) -> Option<u64> {
        let state = self.lock();
        let idle = state.connections.is_empty() && state.untold.is_empty();
        idle.then(|| now.millis_since(state.empty_since))
    }

    /// Lists up to `take` connected participants behind a cursor: the host first, then the longest
    /// connected.
    pub fn list_participants(
        &self,
        room: &Room,
        after: Option<&ParticipantCursor>,
        take: usize,
    ) -> ParticipantPage {
        self.lock().presence().list(room, after, take)
    }

    /// What a decision needs to know of the connections. `beside` are those that this room doesn't
    /// know of, because it isn't followed.
    pub fn facts(&self, beside: &Elsewhere, room: &Room, now: Timestamp) -> Facts {
        let state = self.lock();
        let mut presence = state.presence();
        for (_, node) in &beside.nodes {
            presence.add(node.present.iter(), node.rtt_ms_max);
        }
        presence.facts(room, now)
    }

    /// Connected participants.
    pub fn present_ids(&self) -> HashSet<ParticipantId> {
        self.lock().presence().ids().cloned().collect()
    }

    /// A commit entered a wait: everybody connected with a player that announces is waited for.
    pub fn begin_wait(&self, since_version: u64) -> Option<BarrierStep> {
        let mut state = self.lock();
        if state.barrier.as_ref().is_some_and(|barrier| barrier.since_version == since_version) {
            return None;
        }
        if state.starting == Some(since_version) {
            // Another commit came between.
            return Some(BarrierStep::Start(since_version));
        }
        let capable = state.connections.values().filter(|connection| connection.ready_capable);
        let missing = capable.map(|connection| connection.number).collect();
        let mut nodes = state.nodes.ready_capable();
        if state.ready.0 == since_version {
            nodes.retain(|node_id| !state.ready.1.contains(node_id));
        }
        let to_tell = !state.nodes.is_empty();
        state.barrier = Some(Barrier::new(since_version, missing, nodes, to_tell));
        state.step()
    }

    /// A commit ended the wait, whatever it was.
    pub fn end_wait(&self) {
        let mut state = self.lock();
        (state.barrier, state.starting) = (None, None);
    }

    /// A player is ready for a barrier.
    pub fn ready(&self, connection: &Connection, since_version: u64) -> Option<BarrierStep> {
        let mut state = self.lock();
        let barrier = state.barrier.as_mut();
        barrier.filter(|b| b.since_version == since_version)?.release(connection.number);
        state.step()
    }

    /// Nobody connected to another node holds up a barrier any more.
    pub fn node_ready(&self, node_id: NodeId, since_version: u64) -> Option<BarrierStep> {
        let mut state = self.lock();
        if state.ready.0 != since_version {
            state.ready = (since_version, HashSet::new());
        }
        let barrier = state.barrier.as_mut().filter(|b| b.since_version == since_version);
        if let Some(barrier) = barrier {
            barrier.release_node(&node_id);
        }
        // It may be told before the commit that entered the wait is.
        state.ready.1.insert(node_id);
        state.step()
    }

    /// Whether a member whose player ran dry may make the room wait now. Members that take turns
    /// would hold a room for ever if each were counted alone.
    pub fn may_rebuffer(&self, now: Timestamp) -> bool {
        let mut state = self.lock();
        let may = state.rebuffered.is_none_or(|last| now.millis_since(last) >= REBUFFER_EVERY_MS);
        if may {
            state.rebuffered = Some(now);
        }
        may
    }

    /// Takes a round trip; whether other nodes should hear of it.
    pub fn measured(&self, connection: &Connection, rtt_ms: u64) -> bool {
        let before_ms = connection.rtt_ms.swap(rtt_ms, Ordering::Relaxed);
        if !connection.ready_capable {
            return false;
        }
        let state = self.lock();
        let told_ms = state.told_rtt_ms;
        // Looked for only when it may have been the longest that got shorter.
        let fell = before_ms + RTT_STEP_MS >= told_ms && rtt_ms + RTT_STEP_MS < told_ms;
        rtt_ms > told_ms + RTT_STEP_MS || fell && state.rtt_ms_max() + RTT_STEP_MS < told_ms
    }

    fn each(&self, tell: impl Fn(&Connection)) {
        for connection in self.lock().connections.values() {
            tell(connection);
        }
    }

    /// Recovers from a panic in here: what may be half done is made anew from the connections, and
    /// they are closed, so that their clients come back to a room that is right.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| {
            self.state.clear_poison();
            let mut state = poisoned.into_inner();
            state.mend();
            state
        })
    }
}

#[cfg(test)]
mod tests;
