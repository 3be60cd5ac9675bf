//! One room's connections to this node, and what other nodes sent about theirs. It is no authority:
//! the store is.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use contracts::CloseCode;
use engine::{Facts, ParticipantId, Room, RoomId, Timestamp};
use tungstenite::Utf8Bytes;

use super::room_state::State;
use super::roster::KeptRoster;
use super::{
    BarrierAction, Connection, Found, Looks, NewConnection, OrderedFrame, Outbox,
    ParticipantCursor, ParticipantPage, Roster, SyncStatus,
};
use crate::store::{Elsewhere, Present};
use crate::wire::{self, Viewers};

/// The largest number of participants that a presence frame lists completely.
const PRESENCE_COMPLETE_MAX: usize = 20;
/// How many participants a presence frame lists if there are more. Few, because each connection
/// keeps a buffer as large as the largest frame it was sent.
const PRESENCE_FIRST: usize = 8;
/// How much the round-trip time must change to be sent to other nodes, in milliseconds.
const RTT_CHANGE_MS_MIN: u64 = 25;

/// One room's connections to this node.
#[derive(Debug)]
pub struct RoomHub {
    /// The id of the room.
    pub room_id: RoomId,
    /// Held while a command is decided and stored, so that writers on this node don't conflict.
    pub gate: tokio::sync::Mutex<()>,
    /// Whether this node follows the room. Held while that changes.
    pub follow_state: tokio::sync::Mutex<FollowState>,
    /// What was found about the media when a player of somebody who commands playback couldn't load it.
    /// Held while it is resolved again.
    pub found: tokio::sync::Mutex<Option<Found>>,
    /// The same for anybody else: nobody who commands playback waits for it.
    pub found_for_others: tokio::sync::Mutex<Option<Found>>,
    /// When the media is looked at again. Held while that is done.
    pub looks: Arc<tokio::sync::Mutex<Looks>>,
    roster: KeptRoster,
    // A std mutex, never held across an await.
    state: Mutex<State>,
}

/// Whether this node follows a room: whether the store sends it the room's commits and presence.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum FollowState {
    /// It doesn't.
    #[default]
    Unfollowed,
    /// It asked the store to, but the outcome is unknown.
    Requested,
    /// It does, and it knows who is connected to other nodes.
    Followed,
}

/// Why a connection wasn't added to a room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AttachError {
    /// The participant has too many connections already.
    TooMany,
    /// The hub has forgotten this room. Ask it for the room again.
    Retired,
}

impl RoomHub {
    pub(super) fn new(room_id: RoomId, now: Timestamp) -> Self {
        let state = State { empty_since: now, ..State::default() };
        let (gate, follow_state) = (tokio::sync::Mutex::default(), tokio::sync::Mutex::default());
        let (found, found_for_others, looks) = Default::default();
        let roster = KeptRoster::default();
        let state = Mutex::new(state);
        Self { room_id, gate, follow_state, found, found_for_others, looks, roster, state }
    }

    /// Adds a connection, unless the participant has `max` already. An older connection with the
    /// same session is closed, and doesn't count: a client may reconnect before its dead socket is noticed.
    pub fn attach(
        &self,
        new: NewConnection,
        max: usize,
        now: Timestamp,
    ) -> Result<Arc<Connection>, AttachError> {
        let mut state = self.lock();
        if state.is_retired {
            return Err(AttachError::Retired);
        }
        let id = new.participant_id.clone();
        let held = state.local.get(&id).map_or(0, |local| local.present.connections);
        if held >= max {
            let is_replaced = |old: &&Arc<Connection>| {
                old.participant_id == id && old.session_id == new.session_id
            };
            let replaced = state.connections.values().filter(is_replaced).count();
            if held.saturating_sub(replaced) >= max {
                return Err(AttachError::TooMany);
            }
        }
        state.add_connection(&new, now);
        for old in state.connections.values().filter(|old| old.session_id == new.session_id) {
            old.outbox.close(CloseCode::SESSION_REPLACED);
        }
        state.last_number += 1;
        let number = state.last_number;
        let connection = Arc::new(Connection {
            number,
            participant_id: id,
            base: new.base,
            session_id: new.session_id,
            family_id: new.family_id,
            ready_capable: new.ready_capable,
            outbox: Outbox::default(),
            rtt_ms: AtomicU64::new(0),
            sync: SyncStatus::default(),
            knocks_seen: AtomicU64::new(0),
        });
        state.connections.insert(number, connection.clone());
        state.arrive_aside(&connection, now);
        Ok(connection)
    }

    /// Gives a participant who is connected here the name that the user was given at a time, in milliseconds of the
    /// wall clock, unless a later one is known. Returns whether that is news.
    pub fn rename(&self, id: &ParticipantId, name: &str, named_at_ms: u64) -> bool {
        self.lock().rename(id, name, named_at_ms)
    }

    /// Removes a connection. Returns what a barrier that waited for it needs now.
    pub fn detach(&self, connection: &Connection, now: Timestamp) -> Option<BarrierAction> {
        let mut state = self.lock();
        state.leave_aside(connection, now);
        state.connections.remove(&connection.number)?;
        state.remove_connection(connection);
        if state.connections.is_empty() {
            state.empty_since = now;
        }
        // A participant who leaves before being ready counts as having delayed the start until now.
        if state.release(connection, now) {
            state.count_ready(&connection.participant_id, true, now);
        }
        state.next_barrier_action()
    }

    /// Marks the room as forgotten, unless it has connections. Returns whether it is.
    pub(super) fn retire(&self) -> bool {
        let mut state = self.lock();
        state.is_retired = state.connections.is_empty();
        state.is_retired
    }

    /// Sends an ordered frame to every connection.
    pub fn publish(&self, frame: &OrderedFrame) {
        self.each(|connection| connection.outbox.push(frame));
    }

    /// Sends who is connected, and how many, to every connection.
    pub fn publish_presence(&self, room: &Room) {
        let viewers = self.viewers();
        let complete = viewers.count <= PRESENCE_COMPLETE_MAX as u64;
        let max = if complete { PRESENCE_COMPLETE_MAX } else { PRESENCE_FIRST };
        // Not a kept one: no later frame would correct it.
        let roster = Roster::of(self.lock().presence());
        let participants = roster.page(room, None, max).items;
        let presence: Utf8Bytes = wire::text(&wire::presence(participants, viewers.count));
        let count: Utf8Bytes = wire::text(&wire::viewer_count(viewers));
        self.each(|connection| {
            connection.outbox.set_presence(&presence);
            connection.outbox.set_viewers(&count);
        });
    }

    /// Sends whether commands can be stored to every connection.
    pub fn set_authority(&self, text: &Utf8Bytes) {
        self.each(|connection| connection.outbox.set_authority(text));
    }

    /// Sends the newest state to every connection, in place of events that are missing.
    pub fn resync_all(&self) {
        self.each(|connection| connection.outbox.resync());
    }

    /// Closes every connection once everything that waits is written.
    pub fn close_all(&self, code: CloseCode) {
        self.each(|connection| connection.outbox.close(code));
    }

    /// Closes every connection of a participant, except for the one with the number `except`.
    pub fn close_participant(
        &self,
        participant_id: &ParticipantId,
        except: Option<u64>,
        code: CloseCode,
    ) {
        self.each(|connection| {
            let is_meant = Some(connection.number) != except;
            if connection.participant_id == *participant_id && is_meant {
                connection.outbox.close(code);
            }
        });
    }

    /// Closes the connection of a session that was resumed on another node.
    pub fn close_session(&self, session_id: &str) {
        self.each(|connection| {
            if connection.session_id == session_id {
                connection.outbox.close(CloseCode::SESSION_REPLACED);
            }
        });
    }

    /// Closes every connection whose access token was issued with a revoked family of refresh tokens.
    pub fn close_revoked(&self, is_revoked: impl Fn(&str) -> bool) {
        self.each(|connection| {
            if connection.family_id.as_deref().is_some_and(&is_revoked) {
                connection.outbox.close(CloseCode::TOKEN_EXPIRED);
            }
        });
    }

    /// Returns how many participants are connected to any node, and the peak.
    pub fn viewers(&self) -> Viewers {
        let state = self.lock();
        Viewers { count: state.count, peak: state.peak }
    }

    /// Returns the number of connections to this node.
    pub fn connection_count(&self) -> usize {
        self.lock().connections.len()
    }

    /// Returns whether a participant is connected to this node.
    pub fn is_here(&self, participant_id: &ParticipantId) -> bool {
        self.lock().local.contains_key(participant_id)
    }

    /// Returns whether this node does what one of the nodes does for the room: the first of its
    /// participants is connected here.
    pub fn leads(&self, room: &Room) -> bool {
        let first = self.list_participants(room, None, 1).items.into_iter().next();
        first.is_some_and(|one| self.is_here(&ParticipantId::new(one.participant_id)))
    }

    /// Finds a participant who is connected to any node, as known to the node that has heard their latest name.
    pub fn find_present(&self, id: &ParticipantId) -> Option<Present> {
        let state = self.lock();
        let local = state.local.get(id).map(|local| &local.present);
        let known =
            local.into_iter().chain(state.remote.iter().filter_map(|node| node.present.get(id)));
        known.max_by(|one, other| one.naming().cmp(&other.naming())).cloned()
    }

    /// Returns for how many milliseconds nobody has been connected to this node; `None` while
    /// somebody is, or while other nodes must be sent a change.
    pub fn idle_for_ms(&self, now: Timestamp) -> Option<u64> {
        let state = self.lock();
        let idle = state.connections.is_empty() && state.unsent.is_empty();
        idle.then(|| now.millis_since(state.empty_since))
    }

    /// Lists up to `take` connected participants behind a cursor: the host first, then the longest
    /// connected. The list of a large room may be a second old.
    pub fn list_participants(
        &self,
        room: &Room,
        after: Option<&ParticipantCursor>,
        take: usize,
    ) -> ParticipantPage {
        let roster =
            self.roster.find_or_make(Instant::now(), || Roster::of(self.lock().presence()));
        roster.page(room, after, take)
    }

    /// Returns what the engine needs to know about the connections to decide a command. `unfollowed`
    /// are connections to other nodes that this hub doesn't know of because it isn't followed.
    pub fn facts(&self, unfollowed: &Elsewhere, room: &Room, now: Timestamp) -> Facts {
        let mut state = self.lock();
        state.take_back_all(now);
        let mut presence = state.presence();
        for (_, node) in &unfollowed.nodes {
            presence.add(node.present.iter(), node.rtt_ms);
        }
        presence.facts(room, now)
    }

    /// Returns the ids of the connected participants.
    pub fn present_ids(&self) -> HashSet<ParticipantId> {
        self.lock().presence().ids().cloned().collect()
    }

    /// Records a round-trip time. Returns whether that of the majority must be sent to other nodes.
    pub fn record_rtt(&self, connection: &Connection, rtt_ms: u64) -> bool {
        let before_ms = connection.rtt_ms.swap(rtt_ms, Ordering::Relaxed);
        // That of the majority is computed only if this may have changed it.
        if !connection.ready_capable || rtt_ms.abs_diff(before_ms) < RTT_CHANGE_MS_MIN {
            return false;
        }
        let state = self.lock();
        state.rtt_ms().abs_diff(state.sent_rtt_ms) > RTT_CHANGE_MS_MIN
    }

    fn each(&self, act: impl Fn(&Connection)) {
        for connection in self.lock().connections.values() {
            act(connection);
        }
    }

    /// Recovers from a panic under the lock: the state is rebuilt from the connections, and they are
    /// closed, so that their clients reconnect to a consistent room.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| {
            self.state.clear_poison();
            let mut state = poisoned.into_inner();
            state.repair();
            state
        })
    }
}

#[cfg(test)]
mod tests;
