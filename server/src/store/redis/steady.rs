//! Keeps the room clock steady though the clock of Redis is set, by NTP or by hand: Redis keeps the
//! difference between the two, and the nodes change it.
//!
//! A node that hears of a time that no round trip explains can't know whether Redis' clock was set or its own
//! machine stood still. So it waits whether another node goes on agreeing with Redis: then it was itself.
//! Otherwise the room clock goes on as this node knows it. Where no other node is, that is right as well.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;

use super::beat::Beat;
use super::codec::{number_of, text};
use super::keys;
use super::masters::Master;
use super::node::Node;
use super::script::STEER;

/// How many heartbeats in a row have to show a step: a single answer may be absurd.
const CONFIRMED: u32 = 3;
/// Within this time each node has told whether it agreed with the heartbeat before its last: a little more than
/// two heartbeats.
const TOLD_WITHIN: Duration = Duration::from_millis(1_200);
/// How long a command waits for the room clock.
const SETTLED_WITHIN: Duration = Duration::from_millis(400);

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
enum Verdict {
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

    fn agree(&self, beat: &Beat) {
        *self.lock() =
            State { offset_us: beat.offset_us, agreed_us: Some(beat.raw_us), doubt: None };
        self.agreed.notify_waiters();
    }

    /// Weighs a heartbeat that shows a step.
    fn doubt(&self, beat: &Beat, is_alone: bool, now: Instant) -> Verdict {
        let mut state = self.lock();
        (state.offset_us, state.agreed_us) = (beat.offset_us, None);
        let fresh = || Doubt { since: now, beats: 0, witness: None };
        let doubt = state.doubt.get_or_insert_with(fresh);
        doubt.beats += 1;
        let waited = now.saturating_duration_since(doubt.since);
        let verdict = match &doubt.witness {
            _ if doubt.beats < CONFIRMED => Verdict::Wait,
            _ if is_alone => Verdict::Steer,
            Some(witness) if *witness != beat.witness => Verdict::Follow,
            Some(_) if waited >= TOLD_WITHIN * 2 => Verdict::Steer,
            None if waited >= TOLD_WITHIN => {
                doubt.witness = Some(beat.witness.clone());
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

impl Node {
    /// Measures the room clock by a heartbeat of the master that keeps it, and holds the others to it.
    pub(super) fn measure_clock(self: &Arc<Self>, master: &Arc<Master>, beat: &Beat) {
        let keeps = self.masters.timekeeper().is_some_and(|keeper| Arc::ptr_eq(&keeper, master));
        let mut filter = self.clock_filter.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(step_us) = filter.find_step(beat.exchange) else {
            master.clock.agree(beat);
            if keeps {
                let offset_us = filter.feed(beat.exchange);
                let uncertainty_us = filter.uncertainty_us(self.clock.monotonic_us());
                self.clock.set_offset(offset_us, uncertainty_us);
            }
            return;
        };
        let is_alone = self.is_alone();
        let (server, ms) = (master.address(), step_us / 1000);
        match master.clock.doubt(beat, is_alone, Instant::now()) {
            Verdict::Wait if is_alone => master.check_now.notify_one(),
            Verdict::Wait => {}
            Verdict::Steer => {
                tracing::info!(%server, ms, "the clock of Redis was set; the room clock goes on");
                let (node, master) = (self.clone(), master.clone());
                let (offset_us, witness) = (beat.offset_us, beat.witness.clone());
                self.tasks.spawn(async move {
                    node.steer(&master, (offset_us, witness), offset_us - step_us).await;
                });
            }
            Verdict::Follow if keeps => {
                tracing::warn!(ms, "this machine stood still; its room clock is set");
                let offset_us = filter.set(beat.exchange);
                let uncertainty_us = filter.uncertainty_us(self.clock.monotonic_us());
                self.clock.set_offset(offset_us, uncertainty_us);
            }
            // The one that keeps it says how this node is off.
            Verdict::Follow => {}
        }
    }

    /// Whether this node knows of no other.
    fn is_alone(&self) -> bool {
        self.others.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Changes the difference between the room clock and a master's, unless somebody else was first.
    async fn steer(&self, master: &Master, seen: (i64, String), offset_us: i64) {
        let Ok(client) = master.client() else { return };
        let keys =
            [keys::CLOCK, keys::ALIVE, keys::OUTAGE].map(|name| keys::of_home(&master.home, name));
        let args = vec![text(seen.0), text(seen.1), text(offset_us), text(offset_us)];
        let steered = client.run(&STEER, keys.to_vec(), args).await;
        let is_done = steered.as_ref().is_ok_and(|reply| number_of(reply) == Some(1));
        tracing::debug!(is_done, "steered the room clock");
        master.check_now.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::redis::clock_filter::Exchange;

    const BEAT: Duration = Duration::from_millis(500);

    #[test]
    fn a_node_alone_steers_at_the_third_heartbeat() {
        let clock = MasterClock::default();
        let now = Instant::now();
        for verdict in [Verdict::Wait, Verdict::Wait, Verdict::Steer] {
            assert_eq!(clock.doubt(&beat("n_a:1"), true, now), verdict);
        }
    }

    #[test]
    fn a_node_among_others_steers_once_they_have_stopped_agreeing() {
        let clock = MasterClock::default();
        let start = Instant::now();
        // The first report of another node is about the time before the step.
        let witnesses = ["n_b:7", "n_b:8", "n_b:8", "n_b:8", "n_b:8", "n_b:8"];
        for (number, witness) in (0..).zip(witnesses) {
            let verdict = clock.doubt(&beat(witness), false, start + BEAT * number);
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
                clock.doubt(&beat(&format!("n_b:{number}")), false, start + BEAT * number);
            let expected = if number < 4 { Verdict::Wait } else { Verdict::Follow };
            assert_eq!(verdict, expected, "{number}");
        }
    }

    #[test]
    fn one_absurd_answer_changes_nothing() {
        let clock = MasterClock::default();
        let now = Instant::now();
        for _ in 0..5 {
            assert_eq!(clock.doubt(&beat(""), true, now), Verdict::Wait);
            assert_eq!(clock.agreed(), "");
            clock.agree(&beat(""));
            assert_eq!(clock.agreed(), "5");
        }
    }

    fn beat(witness: &str) -> Beat {
        Beat {
            exchange: Exchange { asked_us: 0, said_us: 5, answered_us: 0 },
            raw_us: 5,
            offset_us: 0,
            witness: witness.to_owned(),
            run: String::new(),
            database: String::new(),
            emptied: false,
            late: false,
            alive: BTreeSet::new(),
            outage: None,
        }
    }
}
