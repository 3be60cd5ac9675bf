//! Keeps the room clock steady though the clock of Redis is set, by NTP or by hand: Redis keeps the
//! difference between the two, and the nodes change it.
//!
//! A node that hears of a time that no round trip explains can't know whether Redis' clock was set or its own
//! machine stood still. So it waits whether another node goes on agreeing with Redis: then it was itself.
//! Otherwise the room clock goes on as this node knows it. Where no other node is, that is right as well.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;

/// How many heartbeats in a row have to show a step: a single answer may be absurd.
const CONFIRMED: u32 = 3;
/// Within this time each node has told whether it agreed with the heartbeat before its last: a little more than
/// two heartbeats.
const TOLD_WITHIN: Duration = Duration::from_millis(1_200);
/// How long a command waits for the room clock.
const SETTLED_WITHIN: Duration = Duration::from_millis(400);

/// What a master says of its clock.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// What it is, in microseconds.
    pub(super) raw_us: u64,
    /// The room clock minus it, in microseconds.
    pub(super) offset_us: i64,
    /// Who last agreed with the sum, and when.
    pub(super) witness: String,
}

/// What a node knows of the clock of one master.
#[derive(Debug, Default)]
pub(super) struct MasterClock {
    state: Mutex<State>,
    /// Wakes those that wait for a heartbeat that shows no step.
    agreed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The room clock minus the master's, in microseconds, as the master keeps it.
    offset_us: i64,
    /// The last time of the master that agreed with the room clock, if its last did.
    agreed_us: Option<u64>,
    doubt: Option<Doubt>,
}

/// Since when heartbeats show a step.
#[derive(Debug)]
struct Doubt {
    since: Instant,
    beats: u32,
    /// Who had agreed last, once others could no longer mean the time before the step.
    witness: Option<String>,
}

/// What to do about a step.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Wait,
    /// The master's clock was set: its difference to the room clock changes.
    Steer,
    /// Others agree with it: this machine stood still.
    Follow,
}

impl MasterClock {
    /// The room clock minus the master's, in microseconds.
    pub(super) fn offset_us(&self) -> i64 {
        self.lock().offset_us
    }

    /// The last time of the master that agreed with the room clock, for the next heartbeat; empty if its last
    /// one didn't.
    pub(super) fn agreed(&self) -> String {
        self.lock().agreed_us.map(|us| us.to_string()).unwrap_or_default()
    }

    /// Waits for a heartbeat that shows no step, but not for ever.
    pub(super) async fn settled(&self) {
        let _ = timeout(SETTLED_WITHIN, self.agreed.notified()).await;
    }

    /// Notes a heartbeat that shows no step.
    pub(super) fn agree(&self, told: &Told) {
        *self.lock() =
            State { offset_us: told.offset_us, agreed_us: Some(told.raw_us), doubt: None };
        self.agreed.notify_waiters();
    }

    /// Weighs a heartbeat that shows a step.
    pub(super) fn doubt(&self, told: &Told, is_alone: bool, now: Instant) -> Verdict {
        let mut state = self.lock();
        (state.offset_us, state.agreed_us) = (told.offset_us, None);
        let fresh = || Doubt { since: now, beats: 0, witness: None };
        let doubt = state.doubt.get_or_insert_with(fresh);
        doubt.beats += 1;
        let waited = now.saturating_duration_since(doubt.since);
        let verdict = match &doubt.witness {
            _ if doubt.beats < CONFIRMED => Verdict::Wait,
            _ if is_alone => Verdict::Steer,
            Some(witness) if *witness != told.witness => Verdict::Follow,
            Some(_) if waited >= TOLD_WITHIN * 2 => Verdict::Steer,
            None if waited >= TOLD_WITHIN => {
                doubt.witness = Some(told.witness.clone());
                Verdict::Wait
            }
            _ => Verdict::Wait,
        };
        if verdict != Verdict::Wait {
            state.doubt = None;
        }
        verdict
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEAT: Duration = Duration::from_millis(500);

    #[test]
    fn a_node_alone_steers_at_the_third_heartbeat() {
        let clock = MasterClock::default();
        let now = Instant::now();
        for verdict in [Verdict::Wait, Verdict::Wait, Verdict::Steer] {
            assert_eq!(clock.doubt(&told("n_a:1"), true, now), verdict);
        }
    }

    #[test]
    fn a_node_among_others_steers_once_they_have_stopped_agreeing() {
        let clock = MasterClock::default();
        let start = Instant::now();
        // The first report of another node is about the time before the step.
        let witnesses = ["n_b:7", "n_b:8", "n_b:8", "n_b:8", "n_b:8", "n_b:8"];
        for (number, witness) in (0..).zip(witnesses) {
            let verdict = clock.doubt(&told(witness), false, start + BEAT * number);
            let expected = if number < 5 { Verdict::Wait } else { Verdict::Steer };
            assert_eq!(verdict, expected, "{number}");
        }
    }

    #[test]
    fn a_node_follows_if_another_goes_on_agreeing() {
        let clock = MasterClock::default();
        let start = Instant::now();
        for number in 0..5 {
            let verdict =
                clock.doubt(&told(&format!("n_b:{number}")), false, start + BEAT * number);
            let expected = if number < 4 { Verdict::Wait } else { Verdict::Follow };
            assert_eq!(verdict, expected, "{number}");
        }
    }

    #[test]
    fn one_absurd_answer_changes_nothing() {
        let clock = MasterClock::default();
        let now = Instant::now();
        for _ in 0..5 {
            assert_eq!(clock.doubt(&told(""), true, now), Verdict::Wait);
            assert_eq!(clock.agreed(), "");
            clock.agree(&told(""));
            assert_eq!(clock.agreed(), "5");
        }
    }

    fn told(witness: &str) -> Told {
        Told { raw_us: 5, offset_us: 0, witness: witness.to_owned() }
    }
}
