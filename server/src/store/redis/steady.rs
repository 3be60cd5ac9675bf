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

/// How many consecutive heartbeats must show a step; a single reply may be nonsense.
const CONFIRMED: u32 = 3;
/// Within this time every node has reported whether it agreed with its last heartbeat but one: a little more than
/// two heartbeats.
const TOLD_WITHIN: Duration = Duration::from_millis(1_200);
/// How long a node must have known the clock, since it came or last followed, before it may vouch for it or change
/// it for others: what it was told may have been about to change.
const JUDGES_AFTER: Duration = Duration::from_secs(5);
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
    /// Since when this node knows the room clock.
    known_since: Option<Instant>,
    answered: Option<Instant>,
    doubt: Option<Doubt>,
}

/// A step, as this node met it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Step {
    /// When it heard of it.
    pub(super) since: Instant,
    /// For how long it had had no answer then.
    pub(super) silent: Duration,
}

/// What heartbeats that show a step say.
#[derive(Debug)]
struct Doubt {
    step: Step,
    /// The offset that the master told: if another comes, by somebody's steering or because it was lost, this is
    /// another step.
    offset_us: i64,
    beats: u32,
    /// Who had agreed last, once others could no longer mean the time before the step.
    witness: Option<String>,
}

/// What to do about a step.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Wait,
    /// The master's clock was set: its difference to the room clock changes.
    Steer(Step),
    /// Others agree with it: this machine stood still.
    Follow,
}

impl State {
    fn is_judge(&self, now: Instant) -> bool {
        let known = self.known_since.map(|since| now.saturating_duration_since(since));
        known.is_some_and(|known| known >= JUDGES_AFTER)
    }
}

impl MasterClock {
    /// The room clock minus the master's, in microseconds.
    pub(super) fn offset_us(&self) -> i64 {
        self.lock().offset_us
    }

    /// The last time of the master that agreed with the room clock, for the next heartbeat; empty if its last
    /// one didn't.
    pub(super) fn agreed(&self) -> String {
        let state = self.lock();
        let agreed_us = state.agreed_us.filter(|_| state.is_judge(Instant::now()));
        agreed_us.map(|us| us.to_string()).unwrap_or_default()
    }

    /// Whether heartbeats have agreed for so long that this node can judge others by them.
    pub(super) fn is_judge(&self) -> bool {
        self.lock().is_judge(Instant::now())
    }

    /// Whether the last heartbeats showed a step.
    pub(super) fn is_doubted(&self) -> bool {
        self.lock().doubt.is_some()
    }

    /// Notes a heartbeat that failed: what agreed before may not agree any more, and who was to bear witness
    /// may have been cut off as well.
    pub(super) fn miss(&self) {
        let mut state = self.lock();
        state.agreed_us = None;
        state.doubt = None;
    }

    /// Waits for a heartbeat that shows no step, but not for ever.
    pub(super) async fn settled(&self) {
        let _ = timeout(SETTLED_WITHIN, self.agreed.notified()).await;
    }

    /// Notes a heartbeat that shows no step.
    pub(super) fn agree(&self, told: &Told, now: Instant) {
        let mut state = self.lock();
        (state.offset_us, state.agreed_us) = (told.offset_us, Some(told.raw_us));
        state.known_since.get_or_insert(now);
        state.answered = Some(now);
        state.doubt = None;
        drop(state);
        self.agreed.notify_waiters();
    }

    /// Weighs a heartbeat that shows a step.
    /// `is_judge` says whether this node knows the room clock well.
    pub(super) fn doubt(
        &self,
        told: &Told,
        (is_alone, is_judge): (bool, bool),
        now: Instant,
    ) -> Verdict {
        let mut state = self.lock();
        (state.offset_us, state.agreed_us) = (told.offset_us, None);
        let answered = state.answered.replace(now).unwrap_or(now);
        let silent = now.saturating_duration_since(answered);
        state.doubt.take_if(|doubt| doubt.offset_us != told.offset_us);
        let step = Step { since: now, silent };
        let fresh = Doubt { step, offset_us: told.offset_us, beats: 0, witness: None };
        let doubt = state.doubt.get_or_insert(fresh);
        doubt.beats += 1;
        let waited = now.saturating_duration_since(doubt.step.since);
        let verdict = match &doubt.witness {
            _ if doubt.beats < CONFIRMED => Verdict::Wait,
            _ if is_alone => Verdict::Steer(doubt.step),
            Some(witness) if *witness != told.witness && !told.witness.is_empty() => {
                Verdict::Follow
            }
            Some(_) if waited < TOLD_WITHIN * 2 => Verdict::Wait,
            Some(_) if is_judge => Verdict::Steer(doubt.step),
            Some(_) => Verdict::Follow,
            None if waited >= TOLD_WITHIN => {
                doubt.witness = Some(told.witness.clone());
                Verdict::Wait
            }
            _ => Verdict::Wait,
        };
        if verdict != Verdict::Wait {
            state.doubt = None;
        }
        if verdict == Verdict::Follow {
            state.known_since = None;
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
        clock.agree(&told(""), now);
        let later = now + BEAT * 4;
        let step = Step { since: later, silent: BEAT * 4 };
        for verdict in [Verdict::Wait, Verdict::Wait, Verdict::Steer(step)] {
            assert_eq!(clock.doubt(&told("n_a:1"), (true, false), later), verdict);
        }
    }

    #[test]
    fn a_node_among_others_steers_once_they_have_stopped_agreeing() {
        let clock = MasterClock::default();
        let start = Instant::now();
        // The first report of another node is about the time before the step.
        let witnesses = ["n_b:7", "n_b:8", "n_b:8", "n_b:8", "n_b:8", "n_b:8"];
        for (number, witness) in (0..).zip(witnesses) {
            let verdict = clock.doubt(&told(witness), (false, true), start + BEAT * number);
            assert_eq!(matches!(verdict, Verdict::Steer(_)), number == 5, "{number}");
        }
    }

    #[test]
    fn a_node_follows_if_another_goes_on_agreeing() {
        let clock = MasterClock::default();
        let start = Instant::now();
        for number in 0..5 {
            let verdict =
                clock.doubt(&told(&format!("n_b:{number}")), (false, true), start + BEAT * number);
            let expected = if number < 4 { Verdict::Wait } else { Verdict::Follow };
            assert_eq!(verdict, expected, "{number}");
        }
    }

    #[test]
    fn another_step_in_the_middle_of_a_doubt_is_weighed_anew() {
        let clock = MasterClock::default();
        let start = Instant::now();
        // Somebody steers after two seconds, and Redis loses that, and who bore witness, at once.
        for (number, offset_us, witness) in
            [(0, 0, "n_b:7"), (3, 0, "n_b:8"), (4, 7, "n_b:8"), (5, 0, ""), (9, 0, ""), (10, 0, "")]
        {
            let told = Told { offset_us, ..told(witness) };
            let verdict = clock.doubt(&told, (false, true), start + BEAT * number);
            assert_eq!(verdict, Verdict::Wait, "{number}");
        }
        let steered = clock.doubt(&told(""), (false, true), start + BEAT * 11);
        assert!(matches!(steered, Verdict::Steer(_)), "{steered:?}");
    }

    #[test]
    fn a_new_node_among_others_follows_though_nobody_bears_witness() {
        let clock = MasterClock::default();
        let start = Instant::now();
        for number in 0..6 {
            let verdict = clock.doubt(&told(""), (false, false), start + BEAT * number);
            assert_eq!(verdict == Verdict::Follow, number == 5, "{number}");
        }
    }

    #[test]
    fn one_absurd_answer_changes_nothing() {
        let clock = MasterClock::default();
        let now = Instant::now();
        for _ in 0..5 {
            assert_eq!(clock.doubt(&told(""), (true, true), now), Verdict::Wait);
            assert!(clock.is_doubted());
            clock.agree(&told(""), now);
            assert!(!clock.is_doubted());
        }
    }

    #[test]
    fn a_node_bears_witness_while_its_heartbeats_agree_but_not_when_it_is_new() {
        let clock = MasterClock::default();
        let Some(began) = Instant::now().checked_sub(JUDGES_AFTER) else { return };
        clock.agree(&told(""), Instant::now());
        assert_eq!(clock.agreed(), "");
        let clock = MasterClock::default();
        clock.agree(&told(""), began);
        assert_eq!(clock.agreed(), "5");
        clock.miss();
        assert_eq!(clock.agreed(), "", "it may have changed meanwhile");
        clock.agree(&told(""), Instant::now());
        assert_eq!(clock.agreed(), "5");
        clock.doubt(&told(""), (false, true), Instant::now());
        assert_eq!(clock.agreed(), "");
    }

    fn told(witness: &str) -> Told {
        Told { raw_us: 5, offset_us: 0, witness: witness.to_owned() }
    }
}
