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
    assert_eq!(hub.ready(anna, since_version), None);
    assert!(hub.end_wait(Some(DEADLINE)));
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
    let new = NewConnection {
        participant_id: ParticipantId::new(name),
        user_id: format!("u_{name}"),
        display_name: name.to_owned(),
        base: Role::Guest,
        session_id: format!("s_{name}_{}", hub.connection_count()),
        ready_capable: true,
    };
    hub.attach(new, 8, NOW).unwrap().connection
}
