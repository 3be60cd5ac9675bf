//! Who is set aside: a participant alone must not be able to hold up a room again and again, and neither must
//! many who come one after another. One who wasn't ready at the deadline of a start isn't waited for. Neither
//! are newcomers for a while, after one of them wasn't. And one who keeps re-buffering makes nobody wait.

use std::collections::HashSet;

use engine::{ParticipantId, Timestamp};

use super::room_state::State;
use super::{Connection, RoomHub};

/// For how long a connection is set aside that held up a start, in milliseconds. Being ready in time once ends
/// it.
const ASIDE_MS: u64 = 60_000;
/// For how long a participant who made the room wait must not re-buffer, in milliseconds, before the room
/// waits for that participant again.
const CALM_MS: u64 = 300_000;
/// How many participants are remembered who left while they were set aside, and how many who left and were no
/// newcomers any more.
const GONE_MAX: usize = 1024;

impl RoomHub {
    /// Notes that a connection's player is ready for the start of a wait. If that is in time, starts wait
    /// for it again, and its participant is no newcomer any more. Returns whether that is news to other nodes.
    pub fn note_ready(&self, connection: &Connection, since_version: u64, now: Timestamp) -> bool {
        let mut state = self.lock();
        let waited = state.last_wait;
        let in_time = waited.is_some_and(|(of, until)| of == since_version && now <= until);
        if in_time && let Some(local) = state.local.get_mut(&connection.participant_id) {
            local.was_ready = true;
        }
        in_time && state.take_back(connection.number)
    }

    /// Returns whether a re-buffering player may make the room wait now, and counts it if so. There
    /// is one count for the room, since participants that take turns, or are made for it, could hold it up
    /// for ever otherwise, and one for each participant, who has to be calm before the room waits again.
    pub fn may_rebuffer(&self, connection: &Connection, now: Timestamp) -> bool {
        let mut state = self.lock();
        state.rebuffered.retain(|_, last| now.millis_since(*last) < CALM_MS);
        let is_calm = !state.rebuffered.contains_key(&connection.participant_id);
        let is_time = state.rebuffers.may_wait(now);
        let may = is_calm && is_time && !state.aside.contains_key(&connection.number);
        if may {
            state.rebuffers.count_wait(now);
        }
        if may || !is_calm {
            state.rebuffered.insert(connection.participant_id.clone(), now);
        }
        may
    }

    /// Counts a wait for a re-buffering player that was committed, by any node.
    pub fn note_rebuffer(&self, at: Timestamp) {
        self.lock().rebuffers.count_wait(at);
    }
}

impl State {
    /// Stops waiting at starts for the players of connections that held one up. If newcomers are among them,
    /// starts wait for no newcomer for a while, those included who come then: anybody can be as many of them
    /// as needed.
    pub(super) fn set_late_aside(&mut self, late: &HashSet<u64>, now: Timestamp) {
        let minute = now.plus_millis(ASIDE_MS);
        for number in late {
            self.set_aside_until(*number, minute);
        }
        let capable = self.connections.values().filter(|connection| connection.ready_capable);
        let newcomers = capable.filter(|connection| self.is_newcomer(&connection.participant_id));
        let newcomers: Vec<u64> = newcomers.map(|connection| connection.number).collect();
        if !newcomers.iter().any(|number| late.contains(number)) {
            return;
        }
        self.newcomers.count_wait(now);
        let rest = self.newcomers.rests_until().unwrap_or(now);
        for number in newcomers {
            let until = if late.contains(&number) { rest.max(minute) } else { rest };
            self.set_aside_until(number, until);
        }
    }

    /// Waits for everybody again who has been set aside for long enough.
    pub(super) fn take_back_all(&mut self, now: Timestamp) {
        let over = self.aside.iter().filter(|(_, until)| **until <= now);
        for number in over.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.take_back(number);
        }
    }

    /// Sets a new connection aside if the participant left while set aside: coming back is no excuse. And if
    /// starts wait for no newcomer now, and the participant is one.
    pub(super) fn arrive_aside(&mut self, connection: &Connection, now: Timestamp) {
        if !connection.ready_capable {
            return;
        }
        let id = &connection.participant_id;
        let before = self.gone_aside.remove(id);
        let rest = self.newcomers.rests_until().filter(|_| self.is_newcomer(id));
        if let Some(until) = before.max(rest).filter(|until| *until > now) {
            self.set_aside_until(connection.number, until);
        }
    }

    /// Remembers that a participant who goes was no newcomer any more.
    pub(super) fn leave_ready(&mut self, id: &ParticipantId) {
        if self.gone_ready.len() < GONE_MAX {
            self.gone_ready.insert(id.clone());
        }
    }

    fn is_newcomer(&self, id: &ParticipantId) -> bool {
        self.local.get(id).is_none_or(|local| !local.was_ready)
    }

    /// Remembers that a connection that goes was set aside.
    pub(super) fn leave_aside(&mut self, connection: &Connection, now: Timestamp) {
        let Some(until) = self.aside.get(&connection.number).copied() else { return };
        self.take_back(connection.number);
        if self.gone_aside.len() >= GONE_MAX {
            self.gone_aside.retain(|_, until| *until > now);
        }
        if self.gone_aside.len() < GONE_MAX {
            self.gone_aside.insert(connection.participant_id.clone(), until);
        }
    }

    fn set_aside_until(&mut self, number: u64, until: Timestamp) {
        if self.aside.insert(number, until).is_none() {
            self.recount_player(number, |players| players.saturating_sub(1));
        }
    }

    /// Waits for a connection's player again. Returns whether it was set aside.
    fn take_back(&mut self, number: u64) -> bool {
        let was_aside = self.aside.remove(&number).is_some();
        if was_aside {
            self.recount_player(number, |players| players + 1);
        }
        was_aside
    }

    /// Changes for how many players of a connection's participant starts wait.
    fn recount_player(&mut self, number: u64, change: impl Fn(usize) -> usize) {
        let Some(connection) = self.connections.get(&number) else { return };
        let id = connection.participant_id.clone();
        let Some(local) = self.local.get_mut(&id) else { return };
        local.ready_capable = change(local.ready_capable);
        local.present.ready_capable = local.ready_capable > 0;
        self.unsent.insert(id);
    }
}

#[cfg(test)]
mod tests;
