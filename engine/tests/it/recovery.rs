//! Rebuilt and adopted rooms: nothing changes in them but their place.

use engine::{
    Commit, Copies, Decision, Envelope, Event, HostLoss, LifecycleState, Outage, Place, Profile,
    Rebased, Request, Room, Timestamp, adopt, rebuild, should_adopt,
};
use proptest::option;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;

use crate::history::{History, Turn, histories};
use crate::laws::config;
use crate::story::{HOST, Party, at, envelope, op, seek};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_rebuilt_room_is_its_base_under_a_new_epoch(
        (history, moments) in copied(), above in 1..4_u64, now in any::<u64>(),
        durable in any::<bool>()
    ) {
        let turns = history.turns();
        let rooms = moments.map(|moment| Some(room_at(&history, &turns, moment?)));
        let all: Vec<&Room> = rooms.iter().flatten().collect();
        let Some(highest) = all.iter().map(|room| room.epoch).max() else {
            prop_assert_eq!(rebuild(&copies(&rooms), u64::MAX, at(now), durable, &[]), None);
            return Ok(());
        };
        let rebuilt = rebuild(&copies(&rooms), highest + above, at(now), durable, &[]);
        let rebuilt = rebuilt.expect("the epoch is above all");
        let (room, rebased) = (&rebuilt.room, rebuilt.room.rebased.expect("a rebuilt room"));
        let base = all.iter().find(|base| base.place() == rebased.previous()).expect("one of them");

        let last_change = base.lineage().last_change();
        prop_assert!(all.iter().all(|other| other.lineage().last_change() <= last_change));
        let last = all.iter().map(|room| room.at).max().expect("there is a copy");
        prop_assert_eq!(room.at, at(now).max(last));
        prop_assert_eq!(room.place(), Place { epoch: highest + above, version: base.version + 1 });
        prop_assert_eq!(rebuilt.commit.place(), room.place());
        prop_assert!(rebuilt.commit.follows(base.place()));
        prop_assert_eq!(&rebuilt.commit.op, &None);
        let stored_is_base = rooms[0].as_ref().is_some_and(|stored| stored.place() == base.place());
        prop_assert_eq!(rebased.lost, !(durable && stored_is_base));

        let mut same = (*base).clone();
        (same.epoch, same.version, same.at, same.rebased) =
            (room.epoch, room.version, room.at, room.rebased);
        prop_assert_eq!(&same, room);
        let mut applied = (*base).clone();
        applied.apply(&rebuilt.commit);
        prop_assert_eq!(&applied, room);
        for ms in [0, 1, 150, 60_000, u64::MAX] {
            let then = room.at.plus_millis(ms);
            prop_assert_eq!(room.expected(then), base.expected(then));
        }
    }

    #[test]
    fn an_epoch_that_a_copy_knows_rebuilds_nothing(
        (history, moments) in copied(), below in 0..3_u64, durable in any::<bool>()
    ) {
        let turns = history.turns();
        let rooms = moments.map(|moment| Some(room_at(&history, &turns, moment?)));
        let highest = rooms.iter().flatten().map(|room| room.epoch).max().unwrap_or_default();
        let epoch = highest.saturating_sub(below);
        prop_assert_eq!(rebuild(&copies(&rooms), epoch, at(0), durable, &[]), None);
    }

    #[test]
    fn a_rebuilt_room_remembers_its_commands(history in histories(), moment in any::<Index>()) {
        let turns = history.turns();
        let until = moment.index(turns.len() + 1);
        let base = turns[..until].last().map_or(history.start(), |turn| turn.after.clone());
        let rebuilt = rebuild(&stored(&base), base.epoch + 1, base.at, true, &[]).expect("a rebuild");
        for turn in &turns[..until] {
            let Ok(Decision::Commit(commit)) = &turn.outcome else { continue };
            if commit.op.is_some() {
                let first = Decision::Duplicate(commit.place());
                prop_assert_eq!(rebuilt.room.handle(&turn.request, &turn.facts), Ok(first));
            }
        }
    }

    #[test]
    fn an_adoption_gives_no_change_up((history, moments) in copied(), is_touched in any::<bool>()) {
        let turns = history.turns();
        let rooms = moments.map(|moment| Some(room_at(&history, &turns, moment?)));
        let [Some(base), Some(known), _] = &rooms else { return Ok(()) };
        let epoch = base.epoch.max(known.epoch) + 1;
        let rebuilt = rebuild(&stored(base), epoch, base.at, false, &[]).expect("a rebuild");
        let mut current = rebuilt.room;
        if is_touched {
            current.apply(&touch(&current));
        }
        let adopts = !is_touched && known.lineage().last_change() > base.place();
        prop_assert_eq!(should_adopt(&current, known), adopts);
        prop_assert_eq!(adopt(&current, known, epoch, at(0), &[]), None);
        let adopted = adopt(&current, known, epoch + 1, at(0), &[]);
        prop_assert_eq!(adopted.is_some(), adopts);
        let Some(adopted) = adopted.map(|adopted| adopted.room) else { return Ok(()) };
        let rebased = adopted.rebased.map(|rebased| (rebased.previous(), rebased.lost));
        prop_assert_eq!(rebased, Some((known.place(), true)));
        prop_assert!(adopted.place() > current.place().max(known.place()));
        prop_assert_eq!(adopted.at, current.at.max(known.at));
        prop_assert_eq!((&adopted.playback, &adopted.ops), (&known.playback, &known.ops));
        for other in [&current, known, base] {
            prop_assert!(!should_adopt(&adopted, other));
        }
    }
}

#[test]
fn an_expired_room_is_rebuilt_as_expired() {
    let party = Party::expired();
    let epoch = party.room.epoch + 1;
    let rebuilt =
        rebuild(&stored(&party.room), epoch, party.facts.now, false, &[]).expect("a rebuild");
    assert_eq!(rebuilt.room.lifecycle, party.room.lifecycle);
    assert_eq!(rebuilt.room.lifecycle.state, LifecycleState::Expired);
}

#[test]
fn an_unchanged_rebuilt_room_gives_way_to_a_copy_that_knows_more() {
    let mut party = Party::playing();
    let early = party.room.clone();
    let envelope = Envelope { op: op(HOST, "c1", 1), ..envelope(HOST) };
    let request = Request { envelope, command: seek(9_000) };
    let Ok(Decision::Commit(acked)) = party.send(&request) else { panic!("a seek is committed") };
    let emptied =
        rebuild(&stored(&early), early.epoch + 1, early.at, false, &[]).expect("a rebuild");
    let memory = Copies { stored: Some(&emptied.room), memory: Some(&party.room), snapshot: None };
    let again = rebuild(&memory, early.epoch + 2, early.at, true, &[]).expect("a rebuild");
    let lost = Event::Rebased {
        previous_epoch: acked.epoch,
        previous_version: acked.version,
        lost: true,
        lifecycle: None,
    };
    assert_eq!(again.commit.event, lost);
    let duplicate = Decision::Duplicate(acked.place());
    assert_eq!(again.room.handle(&request, &party.facts), Ok(duplicate));
}

#[test]
fn a_client_that_saw_more_or_missed_a_lossy_rebuild_hears_of_a_loss() {
    let rebased = Rebased {
        previous_epoch: 4,
        previous_version: 10,
        lost: false,
        lossy_epoch: 3,
        lossy_at: Timestamp::default(),
    };
    let saw = |epoch, version| rebased.is_lost_since(Place { epoch, version });
    assert_eq!([saw(4, 9), saw(4, 10), saw(4, 11)], [false, false, true]);
    assert_eq!([saw(3, 9), saw(2, 9)], [false, true], "the third epoch began with a loss");
    let lossy = Rebased { lost: true, lossy_epoch: 5, ..rebased };
    assert!(lossy.is_lost_since(Place { epoch: 4, version: 9 }));
}

#[test]
fn a_rebuilt_room_counts_an_outage_once_and_never_more_than_it_can_have_missed() {
    let base = Party::grace(HostLoss::Expire).room;
    let deadline = base.deadline().expect("a grace period");
    let moved = |length_ms: Option<u64>, until_ms: u64| {
        let outage = [Outage { until: base.at.plus_millis(until_ms), length_ms }];
        let rebuilt = rebuild(&stored(&base), base.epoch + 1, base.at, true, &outage);
        let room = rebuilt.expect("a rebuild").room;
        assert!(room.at >= base.at.plus_millis(until_ms), "it shows that the outage is counted");
        let again = rebuild(&stored(&room), base.epoch + 2, room.at, true, &outage);
        assert_eq!(again.expect("a rebuild").room.deadline(), room.deadline(), "once");
        room.deadline().expect("a grace period").millis_since(deadline)
    };
    assert_eq!(moved(Some(60_000), 90_000), 60_000);
    assert_eq!(moved(Some(u64::MAX), 90_000), 90_000, "it began after the last commit");
    assert_eq!(moved(None, 90_000), 90_000, "nobody knows when it began");
    assert_eq!(moved(Some(60_000), 0), 0, "it was over before");
}

#[test]
fn of_two_outages_a_rebuilt_room_counts_those_that_it_has_not_counted_before() {
    let base = Party::grace(HostLoss::Expire).room;
    let ended = |until_ms, length_ms| {
        let until = base.at.plus_millis(until_ms);
        Outage { until, length_ms: Some(length_ms) }
    };
    let outages = [ended(90_000, 60_000), ended(200_000, 50_000)];
    let counting = |room: &Room, outages: &[Outage]| {
        let rebuilt = rebuild(&stored(room), room.epoch + 1, room.at, true, outages);
        rebuilt.expect("a rebuild").room
    };
    let moved = |after: &Room, before: &Room| {
        let [after, before] = [after, before].map(|room| room.deadline().expect("a grace period"));
        after.millis_since(before)
    };
    assert_eq!(moved(&counting(&base, &outages), &base), 110_000);
    let first = counting(&base, &outages[..1]);
    assert_eq!(moved(&counting(&first, &outages), &first), 50_000, "the second alone");
}

/// A change of `room`, whatever state it is in.
fn touch(room: &Room) -> Commit {
    let profile = Profile { name: "Another name".to_owned(), ..room.profile.clone() };
    let event = Event::RoomChanged { profile };
    Commit { epoch: room.epoch, version: room.version + 1, at: room.at, event, op: None }
}

/// A history, and the moments at which store, node and SQL database copied the room.
fn copied() -> impl Strategy<Value = (History, [Option<Index>; 3])> {
    let moment = || option::weighted(0.8, any::<Index>());
    (histories(), [moment(), moment(), moment()])
}

fn room_at(history: &History, turns: &[Turn], moment: Index) -> Room {
    let turn = turns.get(moment.index(turns.len() + 1));
    turn.map_or_else(
        || turns.last().map_or(history.start(), |turn| turn.after.clone()),
        |turn| turn.before.clone(),
    )
}

fn copies(rooms: &[Option<Room>; 3]) -> Copies<&Room> {
    let [stored, memory, snapshot] = rooms.each_ref().map(Option::as_ref);
    Copies { stored, memory, snapshot }
}

fn stored(room: &Room) -> Copies<&Room> {
    Copies { stored: Some(room), memory: None, snapshot: None }
}
