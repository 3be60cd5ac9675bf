//! The rules that stores and server ask a room for: they agree with what the room decides.

use engine::{
    Command, Commit, Decision, Event, INACTIVE_MS, LeaseChange, LifecycleState, Place, Rebased,
    Request, RoomPatch,
};
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use crate::history::{Turn, histories};
use crate::laws::{commits, config};
use crate::story::{
    CO_HOST, GRACE_MS, GUEST, HOST, MEMBER, Party, SERVER, at, change_room, connected, id, seek,
    transfer,
};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_role_of_former_host_is_held_only_while_there_is_no_host(history in histories()) {
        for turn in history.turns() {
            let room = &turn.after;
            prop_assert!(room.host_id.is_none() || room.former_host_id.is_none());
        }
    }

    #[test]
    fn a_room_awaits_exactly_those_whose_arrival_is_committed(history in histories()) {
        for turn in history.turns() {
            for who in [HOST, CO_HOST, MEMBER, GUEST] {
                let request = Request::of_system(connected(who));
                let decision = turn.after.handle(&request, &turn.facts);
                let is_committed = matches!(decision, Ok(Decision::Commit(_)));
                prop_assert_eq!(turn.after.awaits(&id(who)), is_committed);
            }
        }
    }

    #[test]
    fn a_room_is_hosted_exactly_if_its_host_can_be_lost(history in histories()) {
        for turn in history.turns() {
            let decision =
                turn.after.handle(&Request::of_system(Command::HostLost), &turn.facts);
            prop_assert_eq!(turn.after.is_hosted(), matches!(decision, Ok(Decision::Commit(_))));
        }
    }

    #[test]
    fn every_commit_keeps_a_lease_exactly_while_the_room_is_hosted(history in histories()) {
        let mut lease = None;
        for (turn, commit) in commits(&history) {
            let change = LeaseChange::of(&commit, &turn.after);
            lease = match change {
                LeaseChange::Keep => lease,
                LeaseChange::Until(until) => Some(until),
                LeaseChange::End => None,
            };
            prop_assert_eq!(lease.is_some(), turn.after.is_hosted());
            let has_moved = turn.before.host_id != turn.after.host_id;
            prop_assert!(!has_moved || change != LeaseChange::Keep);
            if let LeaseChange::Until(until) = change {
                let lease_ms = turn.after.profile.settings.host_lease_ms;
                prop_assert_eq!(until, commit.at.plus_millis(lease_ms));
            }
        }
    }

    #[test]
    fn a_room_that_can_be_idle_expires_without_connections(history in histories()) {
        for turn in history.turns() {
            let mut facts = turn.facts.clone();
            facts.connections = 0;
            let decision = turn.after.handle(&Request::of_system(Command::Idle), &facts);
            let expires = matches!(decision, Ok(Decision::Commit(_)));
            prop_assert_eq!(turn.after.idle_ms(), expires.then_some(INACTIVE_MS));
        }
    }

    #[test]
    fn only_some_events_move_a_room_in_or_out_of_the_public_list(history in histories()) {
        for (turn, commit) in commits(&history) {
            let has_moved = turn.before.is_listed() != turn.after.is_listed();
            prop_assert!(!has_moved || commit.event.may_change_listing(), "{:?}", commit);
        }
    }

    #[test]
    fn an_event_that_moves_the_host_names_the_fence(history in histories()) {
        for (turn, commit) in commits(&history) {
            let fence = commit.event.fence();
            prop_assert!(fence.is_none_or(|fence| fence == turn.after.fence));
            prop_assert!(fence.is_some() || turn.before.fence == turn.after.fence);
        }
    }

    #[test]
    fn admission_depends_on_the_kind_of_the_command_alone(history in histories()) {
        for turn in history.turns() {
            let Turn { before, request, outcome, .. } = &turn;
            match before.admit(request.command.kind(), &request.envelope) {
                Err(rejection) => prop_assert_eq!(outcome, &Err(rejection)),
                Ok(Some(place)) => prop_assert_eq!(outcome, &Ok(Decision::Duplicate(place))),
                Ok(None) => prop_assert!(!matches!(outcome, Ok(Decision::Duplicate(_)))),
            }
        }
    }
}

#[test]
fn the_host_and_the_former_host_are_known_by_id() {
    let party = Party::live();
    assert!(party.room.is_host(&id(HOST)) && !party.room.is_host(&id(CO_HOST)));
    assert!(!party.room.is_former_host(&id(HOST)));
    let party = Party::hostless();
    assert!(!party.room.is_host(&id(HOST)));
    assert!(party.room.is_former_host(&id(HOST)) && !party.room.is_former_host(&id(CO_HOST)));
}

#[test]
fn a_lease_runs_only_while_a_live_room_has_a_host() {
    let lease_ms = |party: &Party| party.room.lease_ms();
    assert_eq!(lease_ms(&Party::created()), None);
    assert_eq!(lease_ms(&Party::live()), Some(15_000));
    assert_eq!(lease_ms(&Party::grace(engine::HostLoss::Hold)), None);
    assert_eq!(lease_ms(&Party::hostless()), None);
    assert_eq!(lease_ms(&Party::expired()), None);
}

#[test]
fn a_new_or_returning_host_starts_with_a_whole_lease() {
    let mut party = Party::created();
    let arrival = party.does(SERVER, connected(HOST));
    let lease = LeaseChange::Until(party.facts.now.plus_millis(15_000));
    assert_eq!(LeaseChange::of(&arrival, &party.room), lease);
    party.later(1_000);
    let patch = RoomPatch { is_public: Some(false), ..RoomPatch::default() };
    let change = party.does(HOST, change_room(patch));
    assert_eq!(LeaseChange::of(&change, &party.room), LeaseChange::Keep);
    let moved = party.does(HOST, transfer(GUEST));
    let lease = LeaseChange::Until(party.facts.now.plus_millis(15_000));
    assert_eq!(LeaseChange::of(&moved, &party.room), lease);
    let loss = party.does(SERVER, Command::HostLost);
    assert!(loss.event.is_host_lost() && !moved.event.is_host_lost());
    assert_eq!(LeaseChange::of(&loss, &party.room), LeaseChange::End);
    let arrival = party.does(SERVER, connected(GUEST));
    assert_eq!(LeaseChange::of(&arrival, &party.room), lease);
    assert!(!arrival.event.is_host_lost());
}

#[test]
fn a_room_is_idle_half_an_hour_after_the_last_connection() {
    let party = Party::live();
    let (left, end) = (party.facts.now, party.facts.now.plus_millis(INACTIVE_MS));
    assert_eq!(party.room.idle_at(left), Some(end));
    assert!(party.room.is_idle(left, end));
    assert!(!party.room.is_idle(left, left.plus_millis(INACTIVE_MS - 1)));
    for party in [Party::created(), Party::expired()] {
        assert_eq!(party.room.idle_at(left), None);
        assert!(!party.room.is_idle(left, at(u64::MAX)));
    }
}

#[test]
fn a_public_room_is_listed_while_it_is_open() {
    let mut party = Party::created();
    assert!(party.room.is_listed() && party.room.is_open());
    party.does(SERVER, connected(HOST));
    let patch = RoomPatch { is_public: Some(false), ..RoomPatch::default() };
    party.does(HOST, change_room(patch));
    assert!(!party.room.is_listed() && party.room.is_open());
    let mut party = Party::expired();
    assert!(!party.room.is_listed() && !party.room.is_open() && !party.room.is_deleted());
    party.later(engine::EXPIRED_MS);
    party.does(SERVER, Command::Deadline);
    assert!(!party.room.is_listed() && party.room.is_deleted());
    assert_eq!(party.state(), LifecycleState::Deleted);
}

#[test]
fn rebuffering_holds_up_only_a_playing_room_that_is_set_to_wait() {
    let set = RoomPatch { rebuffer_barrier: Some(true), ..RoomPatch::default() };
    let mut party = Party::playing();
    assert!(!party.room.waits_for_rebuffering());
    party.does(HOST, change_room(set.clone()));
    assert!(party.room.waits_for_rebuffering());
    party.does(HOST, Command::Pause);
    assert!(!party.room.waits_for_rebuffering());
    let mut party = Party::playing();
    party.does(HOST, change_room(set));
    party.does(HOST, Command::Delete);
    assert!(!party.room.waits_for_rebuffering());
}

#[test]
fn only_the_commit_directly_after_a_place_follows_it() {
    let mut party = Party::watching();
    let before = party.room.place();
    let commit = party.does(HOST, seek(5_000));
    let Place { epoch, version } = before;
    assert!(commit.follows(before));
    for other in [
        commit.place(),
        Place { epoch, version: version - 1 },
        Place { epoch: epoch - 1, version },
        Place { epoch: epoch + 1, version },
    ] {
        assert!(!commit.follows(other), "{other:?}");
    }
    let rebase =
        party.does(SERVER, Command::Rebase { epoch: epoch + 3, lost: false, outage_ms: 0 });
    assert!(rebase.follows(commit.place()) && !rebase.follows(before));
    assert!(!rebase.follows(Place { epoch: epoch + 3, version: commit.version }));
}

#[test]
fn a_client_of_an_earlier_epoch_hears_of_the_last_rebuild_and_of_every_loss_since() {
    let mut party = Party::playing();
    let seen = party.room.place();
    assert_eq!(party.room.rebased_since(seen), None);
    let lossy_at = party.does(SERVER, Command::Rebase { epoch: 8, lost: true, outage_ms: 0 }).at;
    let lossy = party.room.place();
    party.does(SERVER, Command::Rebase { epoch: 9, lost: false, outage_ms: 0 });
    party.does(HOST, Command::Pause);
    let rebased = Rebased {
        previous_epoch: lossy.epoch,
        previous_version: lossy.version,
        lost: true,
        lossy_epoch: 8,
        lossy_at,
    };
    assert_eq!(party.room.rebased_since(seen), Some(rebased));
    let kept = Rebased { lost: false, ..rebased };
    assert_eq!(party.room.rebased_since(lossy), Some(kept));
    let beyond = Place { version: lossy.version + 1, ..lossy };
    assert_eq!(party.room.rebased_since(beyond), Some(rebased));
    let current = Place { epoch: 9, version: lossy.version + 1 };
    assert_eq!(party.room.rebased_since(current), None);
    assert_eq!(party.room.rebased_commit(current), None);

    let (previous_epoch, previous_version) = (lossy.epoch, lossy.version);
    let announcement = Commit {
        epoch: 9,
        version: lossy.version + 1,
        at: party.room.at,
        event: Event::Rebased { previous_epoch, previous_version, lost: true, lifecycle: None },
        op: None,
    };
    assert_eq!(party.room.rebased_commit(seen), Some(announcement));
}

#[test]
fn a_deadline_is_due_from_its_instant_on() {
    let mut party = Party::grace(engine::HostLoss::Hold);
    party.later(GRACE_MS - 1);
    assert!(!party.room.is_due(party.facts.now));
    party.later(1);
    assert!(party.room.is_due(party.facts.now));
    party.does(SERVER, Command::Deadline);
    assert!(!party.room.is_due(party.facts.now));
}
