//! Which participants a start doesn't wait for, so that nobody can hold up a room again and again: those who missed
//! a deadline, those whose recent delays add up to too much and, for a while after a newcomer held up a start, other
//! newcomers. Someone who keeps re-buffering makes nobody wait either.

use std::collections::HashSet;

use engine::{DelayLimit, ParticipantId, Timestamp};

use super::room_state::State;
use super::{Connection, RoomHub};

/// For how long a connection that held up a start is set aside, in milliseconds. Being ready in time once ends
/// it.
const ASIDE_MS: u64 = 60_000;
/// For how long a participant who made the room wait must not re-buffer, in milliseconds, before the room
/// waits for that participant again.
const CALM_MS: u64 = 300_000;
/// How many participants who left while they were set aside are remembered, and how many who left as more than
/// newcomers.
const GONE_MAX: usize = 1024;
/// Of how many participants delays are remembered.
const DELAYS_MAX: usize = 4096;

/// How long a participant has delayed starts lately.
#[derive(Debug, Default)]
pub(super) struct Delay {
    limit: DelayLimit,
    /// The last wait that was counted, so that several connections count once.
    counted: Option<u64>,
}

impl RoomHub {
    /// Notes that a connection's player is ready for the start of a wait. If that is in time, starts wait
    /// for it again, unless its participant has delayed them for too long lately, and the participant is no
    /// newcomer any more. Returns whether that is news to other nodes.
    pub fn note_ready(&self, connection: &Connection, since_version: u64, now: Timestamp) -> bool {
        let mut state = self.lock();
        let waited = state.last_wait.filter(|wait| wait.since_version == since_version);
        let Some(wait) = waited else { return false };
        let id = &connection.participant_id;
        let was_awaited = state.release(connection, now);
        let is_set_aside = state.count_ready(id, was_awaited, now);
        if now > wait.deadline {
            return is_set_aside;
        }
        if let Some(local) = state.local.get_mut(id) {
            local.was_ready = true;
        }
        is_set_aside || !state.is_over(id, now) && state.take_back(connection.number)
    }

    /// Returns whether a re-buffering player may make the room wait now, and counts it if so. There
    /// is one count for the room, since participants that take turns, or are made for it, could hold it up
    /// for ever otherwise, and one for each participant, who has to be calm before the room waits again.
    pub fn may_rebuffer(&self, connection: &Connection, now: Timestamp) -> bool {
        let mut state = self.lock();
        state.rebuffered.retain(|_, last| now.millis_since(*last) < CALM_MS);
        let is_calm = !state.rebuffered.contains_key(&connection.participant_id);
        let is_time = state.rebuffers.may_wait(now);
        // One that is gone has nothing to wait for, though its last command may still be carried out.
        let is_here = state.connections.contains_key(&connection.number);
        let is_aside = state.aside.contains_key(&connection.number);
        let is_waited_for = is_here && connection.ready_capable && !is_aside;
        let may = is_calm && is_time && is_waited_for;
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
    /// Stops waiting at starts for participants who held one up, on all of their connections. If newcomers
    /// are among them, starts wait for no newcomer for a while, including those who come then: anybody can
    /// create any number of newcomers.
    pub(super) fn set_late_aside(&mut self, late: &HashSet<ParticipantId>, now: Timestamp) {
        let minute = now.plus_millis(ASIDE_MS);
        let mut rest = None;
        if late.iter().any(|id| self.is_newcomer(id)) {
            self.newcomers.count_wait(now);
            rest = self.newcomers.rests_until();
        }
        for id in late {
            self.count_start(id, self.half_at(now), now);
        }
        let capable = self.connections.values().filter(|connection| connection.ready_capable);
        let until = |connection: &Connection| {
            let id = &connection.participant_id;
            let rest = rest.filter(|_| self.is_newcomer(id));
            let over = self.delays.get(id).and_then(|delay| delay.limit.rests_until());
            if late.contains(id) { rest.max(over).max(Some(minute)) } else { rest }
        };
        let aside: Vec<(u64, Timestamp)> = capable
            .filter_map(|connection| Some((connection.number, until(connection)?)))
            .collect();
        for (number, until) in aside {
            self.set_aside_until(number, until);
        }
    }

    /// Stops waiting for a connection, because its player is ready or it goes. Returns whether its participant
    /// was waited for until then, and isn't any more.
    pub(super) fn release(&mut self, connection: &Connection, now: Timestamp) -> bool {
        let was_awaited = self.barrier.as_mut().is_some_and(|barrier| barrier.release(connection));
        self.note_half(now);
        was_awaited
    }

    /// Counts a start for which a participant was ready, or during which it went. Returns whether that set
    /// it aside.
    pub(super) fn count_ready(
        &mut self,
        id: &ParticipantId,
        was_awaited: bool,
        now: Timestamp,
    ) -> bool {
        if was_awaited {
            return self.count_start(id, self.half_at(now), now);
        }
        // One who isn't waited for delays nothing. Being ready in time makes up for delays before.
        let is_awaited = self.barrier.as_ref().is_some_and(|barrier| barrier.awaits(id));
        let in_time = now.millis_since(self.half_at(now)) <= DelayLimit::FREE_MS;
        !is_awaited && in_time && self.count_start(id, now, now)
    }

    /// Returns when half of the participants were ready for the last start, or else `now`.
    fn half_at(&self, now: Timestamp) -> Timestamp {
        self.last_wait.and_then(|wait| wait.half_at).unwrap_or(now)
    }

    /// Counts a start that a participant has delayed from one time to another. Returns whether that set it
    /// aside.
    fn count_start(&mut self, id: &ParticipantId, from: Timestamp, to: Timestamp) -> bool {
        let delay_ms = to.millis_since(from);
        let is_known = self.delays.contains_key(id);
        if !is_known && (delay_ms <= DelayLimit::FREE_MS || self.delays.len() >= DELAYS_MAX) {
            return false;
        }
        let counted = self.last_wait.map(|wait| wait.since_version);
        let delay = self.delays.entry(id.clone()).or_default();
        if delay.counted == counted {
            return false;
        }
        delay.counted = counted;
        let was_over = delay.limit.is_over(to);
        delay.limit.count_start(delay_ms, to);
        let Some(until) = delay.limit.rests_until().filter(|_| !was_over) else { return false };
        let connections = self.connections.values();
        let of_participant =
            connections.filter(|one| one.ready_capable && one.participant_id == *id);
        for number in of_participant.map(|one| one.number).collect::<Vec<_>>() {
            self.set_aside_until(number, until);
        }
        true
    }

    /// Whether a participant has delayed starts for too long lately.
    fn is_over(&self, id: &ParticipantId, now: Timestamp) -> bool {
        self.delays.get(id).is_some_and(|delay| delay.limit.is_over(now))
    }

    /// Waits for everybody again who has been set aside for long enough.
    pub(super) fn take_back_all(&mut self, now: Timestamp) {
        self.delays.retain(|_, delay| !delay.limit.is_forgotten(now));
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
        let over = self.delays.get(id).and_then(|delay| delay.limit.rests_until());
        if let Some(until) = before.max(rest).max(over).filter(|until| *until > now) {
            self.set_aside_until(connection.number, until);
        }
    }

    /// Remembers that a participant who goes was no newcomer any more.
    pub(super) fn leave_ready(&mut self, id: &ParticipantId) {
        if self.gone_ready.len() < GONE_MAX {
            self.gone_ready.insert(id.clone());
        }
    }

    pub(super) fn is_newcomer(&self, id: &ParticipantId) -> bool {
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
        let until = self.aside.get(&number).map_or(until, |before| until.max(*before));
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
