//! The laws: what holds in every history, for any commands of any senders at any time.

use engine::{
    Command, Commit, Decision, Event, LifecycleState, MediaCause, Op, Place, Playback, ROLES_MAX,
    Rate, Rejection, Role, Room, Status, Timestamp,
};
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

use crate::history::{History, Turn, histories};
use crate::jumps::{ends_earlier, stops_ahead};
use crate::permission::{is_playback, may_send};

/// A failure prints its history; nothing is written next to the sources.
pub(crate) fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_commit_raises_the_version_by_one(history in histories()) {
        for (turn, commit) in commits(&history) {
            prop_assert_eq!(commit.version, turn.before.version + 1);
            prop_assert_eq!(turn.after.place(), commit.place());
            prop_assert!(commit.follows(turn.before.place()));
            prop_assert!(!commit.follows(turn.after.place()));
            if let Command::Rebase { epoch, .. } = turn.request.command {
                prop_assert_eq!(commit.epoch, epoch);
                prop_assert!(commit.epoch > turn.before.epoch);
            } else {
                prop_assert_eq!(commit.epoch, turn.before.epoch);
            }
        }
    }

    #[test]
    fn only_a_seek_new_media_and_the_end_move_the_playhead(history in histories()) {
        for (turn, commit) in commits(&history) {
            let moves = matches!(
                turn.request.command,
                Command::Seek { .. } | Command::SetMedia { .. } | Command::Ended { .. }
            );
            // A live source moves its window, and playback with it: the naive room knows where to.
            let live = turn.before.live_edge().is_some();
            if moves || live || stops_ahead(&turn) || ends_earlier(&turn) {
                continue;
            }
            let playhead = Playhead { before: &turn.before, after: &turn.after, at: commit.at };
            prop_assert!(playhead.is_continuous(), "{:?} moved {:?}", commit, turn.before.playback);
            prop_assert!(playhead.keeps_moving(), "{:?} bent {:?}", commit, turn.before.playback);
        }
    }

    #[test]
    fn applying_the_commits_reproduces_the_room(history in histories()) {
        let mut replayed = history.start();
        let mut stored = json(&history.start());
        for turn in history.turns() {
            if let Ok(Decision::Commit(commit)) = &turn.outcome {
                replayed.apply(commit);
                let mut read: Room = serde_json::from_str(&stored).expect("a stored room");
                let published: Commit =
                    serde_json::from_str(&json(commit)).expect("a published commit");
                read.apply(&published);
                stored = json(&read);
            }
            prop_assert_eq!(&replayed, &turn.after);
        }
        let read: Room = serde_json::from_str(&stored).expect("a stored room");
        prop_assert_eq!(&read, &replayed);
    }

    #[test]
    fn the_playhead_stays_within_the_media(history in histories()) {
        for turn in history.turns() {
            let (room, playback) = (&turn.after, &turn.after.playback);
            prop_assert!((Rate::MIN_MILLI..=Rate::MAX_MILLI).contains(&playback.rate.as_milli()));
            let end = room.duration().map_or(u64::MAX, |duration| duration.as_millis());
            prop_assert!(playback.position.as_millis() <= end);
            for ms in [0, 1, 1_000, 86_400_000, u64::MAX] {
                prop_assert!(room.expected(room.at.plus_millis(ms)).as_millis() <= end);
            }
            prop_assert_eq!(playback.media_id.is_some(), room.media.is_some());
            if room.media.is_none() {
                prop_assert_eq!((playback.status, playback.position.as_millis()), (Status::Paused, 0));
            }
        }
    }

    #[test]
    fn the_playhead_never_moves_back_as_time_passes(history in histories()) {
        for turn in history.turns() {
            let instants = [0, 1, 150, 1_000, 10_000, 60_000];
            let positions = instants.map(|ms| turn.after.expected(turn.after.at.plus_millis(ms)));
            prop_assert!(positions.is_sorted(), "{positions:?}");
        }
    }

    #[test]
    fn a_barrier_exists_exactly_while_the_room_waits(history in histories()) {
        for turn in history.turns() {
            let (room, waiting) = (&turn.after, &turn.after.playback.waiting);
            prop_assert_eq!(room.playback.status == Status::Waiting, waiting.is_some());
            let Some(barrier) = waiting else { continue };
            prop_assert!(barrier.since_version <= room.version);
            prop_assert!(barrier.names.len() <= 20 && barrier.names.len() <= barrier.count as usize);
            if turn.before.playback.waiting.as_ref() != Some(barrier) {
                prop_assert_eq!(barrier.since_version, room.version);
                prop_assert!(barrier.deadline > room.at);
            }
        }
    }

    #[test]
    fn a_decision_depends_on_nothing_but_its_arguments(history in histories()) {
        for turn in history.turns() {
            prop_assert_eq!(turn.before.handle(&turn.request, &turn.facts), turn.outcome);
        }
    }

    #[test]
    fn a_command_that_changes_nothing_is_not_committed(history in histories()) {
        for (turn, commit) in commits(&history) {
            // A seek may be repeated while playing; the same media may be chosen again.
            if !matches!(turn.request.command, Command::Seek { .. } | Command::SetMedia { .. }) {
                let same = is_same_but_for_its_place(&turn.before, &turn.after);
                prop_assert!(!same, "{:?} changed nothing", commit);
            }
        }
    }

    #[test]
    fn room_time_never_goes_back(history in histories()) {
        for turn in history.turns() {
            prop_assert!(turn.after.at >= turn.before.at);
            if let Ok(Decision::Commit(commit)) = &turn.outcome {
                prop_assert_eq!(commit.at, turn.facts.now.max(turn.before.at));
                prop_assert_eq!(turn.after.at, commit.at);
            }
        }
    }

    #[test]
    fn the_fence_rises_with_each_change_of_host(history in histories()) {
        for turn in history.turns() {
            let moved = turn.before.host_id != turn.after.host_id;
            prop_assert!(turn.after.fence >= turn.before.fence + u64::from(moved));
            prop_assert!(turn.after.fence <= turn.before.fence + 1);
        }
    }

    #[test]
    fn the_lifecycle_takes_only_the_allowed_edges(history in histories()) {
        use LifecycleState::{Created, Deleted, Expired, Grace, Live};
        for turn in history.turns() {
            let edge = (turn.before.lifecycle.state, turn.after.lifecycle.state);
            let allowed = matches!(
                edge,
                (Created | Grace, Live)
                    | (Live, Grace)
                    | (Created | Live | Grace, Expired)
                    | (Expired, Deleted)
            );
            prop_assert!(edge.0 == edge.1 || allowed, "{edge:?}");
            let ends_by_itself = turn.after.lifecycle.deadline.is_some();
            prop_assert_eq!(ends_by_itself, matches!(edge.1, Created | Grace | Expired));
        }
    }

    #[test]
    fn only_deadlines_and_rebases_change_a_closed_room(history in histories()) {
        for (turn, commit) in commits(&history) {
            if !turn.before.is_open() {
                let due = matches!(turn.request.command, Command::Deadline | Command::Rebase { .. });
                let ages = matches!(
                    commit.event,
                    Event::LifecycleChanged { .. } | Event::Rebased { .. }
                );
                prop_assert!(due && ages && by_server(&turn), "{:?}", commit);
            }
        }
    }

    #[test]
    fn a_repeated_command_gets_its_first_answer(history in histories()) {
        let mut committed: Vec<(Op, Place)> = Vec::new();
        for turn in history.turns() {
            let Some(op) = &turn.request.envelope.op else { continue };
            let same_id = |known: &&(Op, Place)| {
                known.0.id == op.id && known.0.participant_id == op.participant_id
            };
            match (committed.iter().find(same_id), &turn.outcome) {
                (Some((known, place)), outcome) => {
                    let expected = if known.payload_hash == op.payload_hash {
                        Ok(Decision::Duplicate(*place))
                    } else {
                        Err(Rejection::IdReused)
                    };
                    prop_assert_eq!(outcome, &expected);
                }
                (None, Ok(Decision::Commit(commit))) => {
                    prop_assert_eq!(commit.op.as_ref(), Some(op));
                    committed.push((op.clone(), commit.place()));
                }
                (None, outcome) => {
                    let is_reused = matches!(outcome, Err(Rejection::IdReused));
                    let is_duplicate = matches!(outcome, Ok(Decision::Duplicate(_)));
                    prop_assert!(!is_reused && !is_duplicate, "{:?} was never committed", op);
                }
            }
        }
    }

    #[test]
    fn participants_who_do_not_command_playback_are_rejected(history in histories()) {
        for turn in history.turns() {
            let role = turn.before.role_of(&turn.request.envelope.actor);
            let may_send = role.is_none_or(|role| may_send(&turn.before, role, &turn.request.command));
            let repeated = turn.before.recall(turn.request.envelope.op.as_ref()) != Ok(None);
            if may_send || repeated || !is_playback(&turn.request.command) {
                continue;
            }
            let is_open = turn.before.is_open();
            let expected = if is_open { Rejection::NotHost } else { Rejection::RoomClosed };
            prop_assert_eq!(turn.outcome, Err(expected));
        }
    }

    #[test]
    fn participants_change_only_what_their_role_allows(history in histories()) {
        for (turn, commit) in commits(&history) {
            let role = turn.before.role_of(&turn.request.envelope.actor);
            let allowed = match &commit.event {
                Event::PlaybackChanged { by: Some(_), .. }
                | Event::MediaChanged { cause: MediaCause::SetMedia | MediaCause::Measured, .. } => {
                    role.is_some_and(|role| may_send(&turn.before, role, &turn.request.command))
                }
                Event::RoleChanged { .. } => {
                    let removes = matches!(turn.request.command, Command::Remove { .. });
                    role == Some(Role::Host) || removes && role.is_some_and(Role::moderates)
                }
                Event::RoomChanged { .. } => role == Some(Role::Host),
                Event::HostChanged { .. } => role.is_none_or(|role| role == Role::Host),
                Event::LifecycleChanged { .. } => {
                    let creator = Some(&turn.before.creator_id);
                    let hostless = turn.before.host_id.is_none();
                    let is_creator = turn.request.envelope.actor.participant() == creator;
                    role.is_none_or(|role| role == Role::Host) || (hostless && is_creator)
                }
                Event::PlaybackChanged { by: None, .. }
                | Event::MediaChanged { .. }
                | Event::Rebased { .. } => role.is_none(),
            };
            prop_assert!(allowed, "{role:?} committed {:?}", commit);
        }
    }

    #[test]
    fn a_deadline_is_carried_out_once_when_it_is_due(history in histories()) {
        for turn in history.turns() {
            let Ok(decision) = &turn.outcome else { continue };
            if turn.request.command == Command::Deadline && by_server(&turn) {
                let now = turn.facts.now.max(turn.before.at);
                let before = due(&turn.before, now);
                prop_assert_eq!(!before.is_empty(), matches!(decision, Decision::Commit(_)));
                // Only later kinds are left, or made due: a start may meet the end of the window.
                prop_assert!(due(&turn.after, now).iter().all(|left| Some(left) > before.first()));
            }
        }
    }

    #[test]
    fn the_next_deadline_of_a_room_is_its_earliest(history in histories()) {
        for turn in history.turns() {
            let Some(next) = turn.after.deadline() else {
                let last = Timestamp::from_millis(u64::MAX);
                prop_assert!(due(&turn.after, last).is_empty() && !turn.after.is_due(last));
                continue;
            };
            let just_before = Timestamp::from_millis(next.as_millis() - 1);
            prop_assert!(due(&turn.after, just_before).is_empty());
            prop_assert!(!due(&turn.after, next).is_empty());
            prop_assert!(turn.after.is_due(next) && !turn.after.is_due(just_before));
        }
    }

    #[test]
    fn at_most_256_roles_are_granted_and_none_is_host(history in histories()) {
        for turn in history.turns() {
            prop_assert!(turn.after.roles.len() <= ROLES_MAX);
            let is_grantable = |role: &Role| role.is_granted() && *role != Role::Host;
            prop_assert!(turn.after.roles.values().all(is_grantable));
        }
    }
}

/// The kinds of deadlines, in the order in which they are carried out.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Due {
    Lifecycle,
    Barrier,
    WindowEnd,
}

/// The playhead before and after a commit.
struct Playhead<'a> {
    before: &'a Room,
    after: &'a Room,
    at: Timestamp,
}

impl Playhead<'_> {
    /// Whether the commit leaves the playhead at the position that it had reached.
    fn is_continuous(&self) -> bool {
        self.before.expected(self.at).as_millis().abs_diff(self.after.expected(self.at).as_millis())
            <= 1
    }

    /// Whether it moves on from there as the new status and rate say, from the scheduled instant on.
    fn keeps_moving(&self) -> bool {
        let (was, is) = (&self.before.playback, &self.after.playback);
        let from = self.before.expected(self.at).as_millis();
        let starts = match (was.status, is.status) {
            (Status::Playing, Status::Playing) => was.anchor_at.max(self.at),
            (_, Status::Playing) => is.anchor_at,
            _ => self.at,
        };
        [0, 1, 100, 1_600, 30_000, 600_000].into_iter().all(|ms| {
            let t = self.at.plus_millis(ms);
            let position = self.after.expected(t).as_millis();
            position.abs_diff(self.reached(from, is, t.millis_since(starts))) <= 1
        })
    }

    fn reached(&self, from: u64, playback: &Playback, moving_ms: u64) -> u64 {
        let moved = match playback.status {
            Status::Playing => moving_ms.saturating_mul(playback.rate.as_milli().into()) / 1000,
            Status::Paused | Status::Waiting | Status::Ended => 0,
        };
        let end = self.after.duration().map_or(u64::MAX, |duration| duration.as_millis());
        from.saturating_add(moved).min(end)
    }
}

fn by_server(turn: &Turn) -> bool {
    turn.request.envelope.actor.participant().is_none()
}

/// The turns of a history that were committed.
pub(crate) fn commits(history: &History) -> impl Iterator<Item = (Turn, Commit)> {
    history.turns().into_iter().filter_map(|turn| match &turn.outcome {
        Ok(Decision::Commit(commit)) => {
            let commit = (**commit).clone();
            Some((turn, commit))
        }
        _ => None,
    })
}

/// Whether two rooms differ at most in the number and time of their commits.
fn is_same_but_for_its_place(before: &Room, after: &Room) -> bool {
    let mut after = after.clone();
    after.version = before.version;
    after.at = before.at;
    after.ops = before.ops.clone();
    after.playback.anchor_at = before.playback.anchor_at;
    after == *before
}

/// The committed deadlines that are due.
fn due(room: &Room, now: Timestamp) -> Vec<Due> {
    let waiting = room.playback.waiting.as_ref().filter(|_| room.is_open());
    let window_end = room.window_end().filter(|_| room.is_open());
    let named = [
        (Due::Lifecycle, room.lifecycle.deadline),
        (Due::Barrier, waiting.map(|barrier| barrier.deadline)),
        (Due::WindowEnd, window_end),
    ];
    let due = named.into_iter().filter(|(_, deadline)| deadline.is_some_and(|due| due <= now));
    due.map(|(kind, _)| kind).collect()
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("text")
}
