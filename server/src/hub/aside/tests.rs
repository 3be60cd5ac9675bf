//! Nobody holds up a room again and again, whatever the pattern and however many they are.

use std::sync::Arc;

use engine::{Facts, ParticipantId, Role, Room, RoomId};

use super::*;
use crate::hub::{BarrierAction, Hub, NewConnection};
use crate::store::Elsewhere;
use crate::store::laws::room;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
/// The deadline of each wait.
const DEADLINE: Timestamp = Timestamp::from_millis(1_003_000);

#[test]
fn a_player_that_missed_a_deadline_is_not_waited_for_until_it_is_ready_in_time() {
    let hub = hub();
    let (anna, ben) = (connect(&hub, "anna"), connect(&hub, "ben"));
    miss(&hub, &anna, 7);
    assert_eq!(awaited(&hub, DEADLINE), ["anna"]);
    let told = hub.take_presence_update().came;
    let of_ben = told.iter().find(|one| one.participant_id.as_str() == "ben").expect("ben");
    assert!(!of_ben.ready_capable, "no other node waits for this one because of ben");

    assert_eq!(hub.begin_wait(9, DEADLINE, NOW), None);
    assert_eq!(hub.ready(&anna, 9), Some(BarrierAction::Start(9)));
    assert!(!hub.note_ready(&ben, 7, NOW), "that wait is over");
    assert!(!hub.note_ready(&ben, 9, DEADLINE.plus_millis(1)), "late again");
    assert!(!hub.note_ready(&anna, 9, NOW), "not set aside");
    assert!(hub.note_ready(&ben, 9, DEADLINE), "in time, though the start came sooner");
    assert_eq!(awaited(&hub, DEADLINE), ["anna", "ben"]);
}

#[test]
fn a_wait_that_ends_before_its_deadline_sets_nobody_aside() {
    let hub = hub();
    connect(&hub, "anna");
    connect(&hub, "ben");
    assert_eq!(hub.begin_wait(7, DEADLINE, NOW), None);
    assert!(!hub.end_wait(None));
    assert_eq!(awaited(&hub, NOW), ["anna", "ben"]);
}

#[test]
fn a_participant_who_comes_back_is_still_set_aside_but_for_no_longer_than_a_minute() {
    let hub = hub();
    let (anna, ben) = (connect(&hub, "anna"), connect(&hub, "ben"));
    miss(&hub, &anna, 7);
    hub.detach(&ben, DEADLINE);
    connect(&hub, "ben");
    assert_eq!(awaited(&hub, DEADLINE), ["anna"]);
    let later = DEADLINE.plus_millis(ASIDE_MS);
    assert_eq!(awaited(&hub, later), ["anna", "ben"]);
    hub.detach(&anna, later);
    assert_eq!(awaited(&hub, later), ["ben"]);
}

#[test]
fn newcomers_who_come_one_after_another_and_are_never_ready_hold_up_few_starts() {
    let hub = hub();
    let (anna, ben) = begin_with(&hub);
    let mut held = Vec::new();
    for (seconds, version) in (0..3600).step_by(10).zip(2..) {
        let now = NOW.plus_millis(seconds * 1000);
        let (name, deadline) = (format!("fresh{seconds}"), now.plus_millis(3_000));
        let fresh = connect_at(&hub, &name, now);
        let is_held = awaited(&hub, now).contains(&name);
        assert_eq!(hub.begin_wait(version, deadline, now), None);
        be_ready(&hub, &anna, version, now);
        let start = be_ready(&hub, &ben, version, now);
        assert_eq!(start.is_none(), is_held, "after {seconds} s");
        hub.end_wait(is_held.then_some(deadline));
        held.extend(is_held.then_some(seconds));
        hub.detach(&fresh, deadline);
    }
    assert_eq!(held, [0, 40, 110, 240, 490, 980, 1950, 2920]);
}

#[test]
fn newcomers_who_are_never_ready_hold_up_few_starts_even_if_they_are_most() {
    let hub = hub();
    let (anna, ben) = begin_with(&hub);
    for name in ["one", "two", "three", "four"] {
        connect(&hub, name);
    }
    assert_eq!(hub.begin_wait(2, DEADLINE, NOW), None);
    assert_eq!(be_ready(&hub, &anna, 2, NOW), None);
    assert_eq!(be_ready(&hub, &ben, 2, NOW), None);
    assert!(hub.end_wait(Some(DEADLINE)));
    assert_eq!(awaited(&hub, DEADLINE), ["anna", "ben"]);
}

#[test]
fn a_film_that_is_slow_for_most_of_those_who_were_ready_before_sets_nobody_aside() {
    let hub = hub();
    begin_with(&hub);
    let newcomers = ["one", "two", "three"].map(|name| connect(&hub, name));
    assert_eq!(hub.begin_wait(2, DEADLINE, NOW), None);
    for newcomer in &newcomers {
        assert_eq!(be_ready(&hub, newcomer, 2, NOW), None);
    }
    assert!(!hub.end_wait(Some(DEADLINE)), "anna and ben are late");
}

#[test]
fn a_majority_that_stops_being_ready_holds_up_few_starts() {
    let hub = hub();
    let (anna, ben) = begin_with(&hub);
    let sleepers: Vec<_> = ["one", "two", "three"].map(|name| connect(&hub, name)).into();
    for sleeper in &sleepers {
        assert!(!hub.note_ready(sleeper, 1, NOW));
    }
    let mut held = Vec::new();
    for (seconds, version) in (0..600).step_by(10).zip(2..) {
        let now = NOW.plus_millis(seconds * 1000);
        let is_held = awaited(&hub, now).len() > 2;
        assert_eq!(hub.begin_wait(version, now.plus_millis(3_000), now), None);
        for awake in [&anna, &ben] {
            be_ready(&hub, awake, version, now);
        }
        hub.end_wait(is_held.then_some(now.plus_millis(3_000)));
        held.extend(is_held.then_some(seconds));
    }
    // Without a limit it would be each of the sixty.
    assert_eq!(held, [0, 10, 80, 90, 160, 170, 240, 310, 320, 390, 460, 530]);
}

#[test]
fn a_newcomer_is_waited_for_unless_another_has_just_held_up_a_start_or_once_it_was_ready() {
    let hub = hub();
    let (anna, ben) = begin_with(&hub);
    connect(&hub, "cleo");
    assert_eq!(awaited(&hub, NOW), ["anna", "ben", "cleo"]);
    assert_eq!(hub.begin_wait(2, DEADLINE, NOW), None);
    let dora = connect(&hub, "dora");
    be_ready(&hub, &anna, 2, NOW);
    assert_eq!(be_ready(&hub, &ben, 2, NOW), None);
    assert!(hub.end_wait(Some(DEADLINE)));
    let emma = connect_at(&hub, "emma", DEADLINE);
    assert_eq!(awaited(&hub, DEADLINE), ["anna", "ben"]);

    // Nobody waits for them, but they are loading, and ready in time.
    let next = DEADLINE.plus_millis(3_000);
    assert_eq!(hub.begin_wait(3, next, DEADLINE), None);
    assert!(hub.note_ready(&dora, 3, DEADLINE));
    assert_eq!(awaited(&hub, DEADLINE), ["anna", "ben", "dora"]);
    // And the others after a rest.
    let rested = DEADLINE.plus_millis(30_000);
    assert_eq!(awaited(&hub, rested), ["anna", "ben", "dora", "emma"]);
    hub.detach(&emma, rested);
}

#[test]
fn a_participant_who_was_ready_before_and_comes_back_is_no_newcomer() {
    let hub = hub();
    let (anna, ben) = begin_with(&hub);
    connect(&hub, "cleo");
    assert_eq!(hub.begin_wait(2, DEADLINE, NOW), None);
    be_ready(&hub, &anna, 2, NOW);
    be_ready(&hub, &ben, 2, NOW);
    assert!(hub.end_wait(Some(DEADLINE)));
    hub.detach(&ben, DEADLINE);
    connect_at(&hub, "ben", DEADLINE);
    assert_eq!(awaited(&hub, DEADLINE), ["anna", "ben"]);
}

#[test]
fn a_player_that_is_always_ready_shortly_before_the_deadline_is_waited_for_a_few_times() {
    let hub = hub();
    let (anna, ben) = begin_with(&hub);
    let late = NOW.plus_millis(1_400);
    let held = starts(&hub, |version| {
        be_ready(&hub, &anna, version, NOW);
        be_ready(&hub, &ben, version, late);
        false
    });
    assert_eq!(held, [2, 3, 4, 5, 6]);
}

#[test]
fn a_participant_who_leaves_shortly_before_the_deadline_and_comes_back_is_waited_for_as_rarely() {
    let hub = hub();
    let (anna, mut ben) = begin_with(&hub);
    let late = NOW.plus_millis(1_400);
    let held = starts(&hub, |version| {
        be_ready(&hub, &anna, version, NOW);
        hub.detach(&ben, late);
        ben = connect(&hub, "ben");
        false
    });
    assert_eq!(held, [2, 3, 4, 5, 6]);
}

#[test]
fn a_player_that_is_ready_every_other_time_is_waited_for_a_few_times() {
    let hub = hub();
    let (anna, ben) = begin_with(&hub);
    let held = starts(&hub, |version| {
        be_ready(&hub, &anna, version, NOW);
        let is_ready = version % 2 == 1;
        if is_ready {
            be_ready(&hub, &ben, version, NOW);
        }
        !is_ready
    });
    // Those with an odd number are held up by nobody.
    assert_eq!(held.into_iter().filter(|version| version % 2 == 0).collect::<Vec<_>>(), [2, 4, 18]);
}

#[test]
fn eight_silent_connections_of_one_participant_hold_up_one_start() {
    let hub = hub();
    let (anna, _ben) = begin_with(&hub);
    for _ in 0..7 {
        connect(&hub, "ben");
    }
    let held = starts(&hub, |version| {
        be_ready(&hub, &anna, version, NOW);
        true
    });
    assert_eq!(held, [2]);
}

#[test]
fn eight_connections_of_one_participant_that_take_turns_are_waited_for_as_one_would_be() {
    let hub = hub();
    let (anna, ben) = begin_with(&hub);
    let mut eight = vec![ben];
    eight.resize_with(8, || connect(&hub, "ben"));
    let held = starts(&hub, |version| {
        be_ready(&hub, &anna, version, NOW);
        for (turn, connection) in (0..).zip(&eight) {
            if turn != version % 8 {
                be_ready(&hub, connection, version, NOW);
            }
        }
        true
    });
    assert_eq!(held, [2, 4, 12, 14]);
}

#[test]
fn a_participant_who_keeps_rebuffering_makes_the_room_wait_once() {
    let hub = hub();
    let (anna, ben) = (connect(&hub, "anna"), connect(&hub, "ben"));
    let after = |seconds: u64| NOW.plus_millis(seconds * 1000);
    assert!(hub.may_rebuffer(&anna, NOW));
    assert!(!hub.may_rebuffer(&ben, after(29)), "the room has just waited");
    assert!(hub.may_rebuffer(&ben, after(30)), "which isn't held against ben");
    for seconds in (60..600).step_by(30) {
        assert!(!hub.may_rebuffer(&anna, after(seconds)), "after {seconds} s");
    }
    assert!(hub.may_rebuffer(&anna, after(570 + 300)), "after five calm minutes");
}

#[test]
fn ever_new_participants_make_the_room_wait_only_so_often() {
    let hub = hub();
    let after = |seconds: u64| NOW.plus_millis(seconds * 1000);
    let waits = (0..3600).filter(|seconds| {
        let fresh = connect(&hub, &format!("fresh{seconds}"));
        let may = hub.may_rebuffer(&fresh, after(*seconds));
        hub.detach(&fresh, after(*seconds));
        may
    });
    assert_eq!(waits.collect::<Vec<_>>(), [0, 30, 90, 210, 450, 930, 1890, 2850]);
}

#[test]
fn a_wait_that_another_node_committed_counts_too() {
    let hub = hub();
    let anna = connect(&hub, "anna");
    let after = |seconds: u64| NOW.plus_millis(seconds * 1000);
    hub.note_rebuffer(NOW);
    hub.note_rebuffer(after(30));
    assert!(!hub.may_rebuffer(&anna, after(89)));
    assert!(hub.may_rebuffer(&anna, after(90)));
}

/// Lets a wait end at its deadline, with anna alone ready.
fn miss(hub: &RoomHub, anna: &Connection, since_version: u64) {
    assert_eq!(hub.begin_wait(since_version, DEADLINE, NOW), None);
    assert_eq!(be_ready(hub, anna, since_version, NOW), None);
    assert!(hub.end_wait(Some(DEADLINE)));
}

/// Makes some starts, in which the players behave as `play` says; it returns whether one of them stays silent.
/// Returns which of the starts waited for ben.
fn starts(hub: &RoomHub, mut play: impl FnMut(u64) -> bool) -> Vec<u64> {
    let mut held = Vec::new();
    for version in 2..20 {
        let is_held = awaited(hub, NOW).contains(&"ben".to_owned());
        assert_eq!(hub.begin_wait(version, DEADLINE, NOW), None);
        let is_silent = play(version);
        hub.end_wait((is_held && is_silent).then_some(DEADLINE));
        held.extend(is_held.then_some(version));
    }
    held
}

/// Lets a player be ready, as its report does.
fn be_ready(
    hub: &RoomHub,
    connection: &Connection,
    since_version: u64,
    now: Timestamp,
) -> Option<BarrierAction> {
    hub.note_ready(connection, since_version, now);
    hub.ready(connection, since_version)
}

/// Lets anna and ben be ready for a start.
fn begin_with(hub: &RoomHub) -> (Arc<Connection>, Arc<Connection>) {
    let (anna, ben) = (connect(hub, "anna"), connect(hub, "ben"));
    assert_eq!(hub.begin_wait(1, DEADLINE, NOW), None);
    assert_eq!(be_ready(hub, &anna, 1, NOW), None);
    assert_eq!(be_ready(hub, &ben, 1, NOW), Some(BarrierAction::Start(1)));
    assert!(!hub.end_wait(None));
    (anna, ben)
}

/// Returns whose players a start waits for.
fn awaited(hub: &RoomHub, now: Timestamp) -> Vec<String> {
    let room: Room = room("hub");
    let Facts { ready_capable, .. } = hub.facts(&Elsewhere::default(), &room, now);
    ready_capable.iter().map(ToString::to_string).collect()
}

fn hub() -> Arc<RoomHub> {
    Hub::default().find_or_create(&RoomId::new("r_hub"), NOW)
}

fn connect(hub: &RoomHub, name: &str) -> Arc<Connection> {
    connect_at(hub, name, NOW)
}

fn connect_at(hub: &RoomHub, name: &str, now: Timestamp) -> Arc<Connection> {
    let new = NewConnection {
        participant_id: ParticipantId::new(name),
        user_id: format!("u_{name}"),
        display_name: name.to_owned(),
        named_at_ms: 0,
        base: Role::Guest,
        session_id: format!("s_{name}_{}", hub.connection_count()),
        family_id: None,
        ready_capable: true,
    };
    hub.attach(new, 8, now).unwrap()
}
