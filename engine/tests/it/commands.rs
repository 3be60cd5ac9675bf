//! What all commands have in common: the order of checks, repeats, fences and versions.

use engine::{Command, Decision, Envelope, OPS_MAX, Place, Rejection, Request, Role};

use crate::story::{
    CO_HOST, GUEST, HOST, Party, SERVER, envelope, media, op, seek, set_media, set_rate, set_role,
    transfer,
};

#[test]
fn a_repeated_command_gets_the_first_answer_and_no_second_effect() {
    let mut party = Party::watching();
    let seek = named(HOST, seek(5_000), "c1", 1);
    let Ok(Decision::Commit(first)) = party.send(&seek) else { panic!("no commit") };
    party.does(HOST, set_rate(2_000));
    party.does(SERVER, Command::Rebase { epoch: 50, lost: false, outage_ms: 0 });
    let before = party.room.clone();
    let again = party.send(&seek);
    assert_eq!(again, Ok(Decision::Duplicate(first.place())));
    assert_eq!(party.room, before);
}

#[test]
fn the_same_id_with_another_payload_is_rejected() {
    let mut party = Party::watching();
    party.send(&named(HOST, seek(5_000), "c1", 1)).expect("allowed");
    let rejection = party.send(&named(HOST, seek(6_000), "c1", 2)).expect_err("reused");
    assert_eq!(rejection, Rejection::IdReused);
}

#[test]
fn the_same_id_from_another_participant_is_another_command() {
    let mut party = Party::watching();
    party.send(&named(HOST, seek(5_000), "c1", 1)).expect("allowed");
    let other = party.send(&named(CO_HOST, seek(6_000), "c1", 2));
    assert!(matches!(other, Ok(Decision::Commit(_))), "{other:?}");
}

#[test]
fn rejected_and_redundant_commands_are_decided_again() {
    let mut party = Party::live();
    let pause = named(HOST, Command::Pause, "c1", 1);
    assert_eq!(party.send(&pause), Err(Rejection::NoMedia));
    party.does(HOST, set_media(media("m_1", None)));
    assert_eq!(party.send(&pause), Ok(Decision::Unchanged));
    party.does(HOST, Command::Play);
    let third = party.send(&pause);
    assert!(matches!(third, Ok(Decision::Commit(_))), "{third:?}");
}

#[test]
fn a_repeat_is_recognised_before_role_state_fence_and_version_are_checked() {
    let mut party = Party::watching();
    let envelope = Envelope {
        op: op(HOST, "c1", 1),
        fence: Some(party.room.fence),
        expected: Some(party.room.place()),
        ..envelope(HOST)
    };
    let seek = Request { envelope, command: seek(5_000) };
    let Ok(Decision::Commit(first)) = party.send(&seek) else { panic!("no commit") };
    let duplicate = Ok(Decision::Duplicate(first.place()));
    assert_eq!(party.send(&seek), duplicate);
    party.does(HOST, transfer(CO_HOST));
    assert_eq!(party.send(&seek), duplicate);
    party.does(CO_HOST, Command::Delete);
    assert_eq!(party.send(&seek), duplicate);
    let mut reused = seek;
    reused.envelope.op = op(HOST, "c1", 2);
    assert_eq!(party.send(&reused), Err(Rejection::IdReused));
}

#[test]
fn the_last_1024_commits_are_remembered_and_no_more() {
    assert_eq!(OPS_MAX, 1024);
    let mut party = Party::watching();
    let nth = |n: u64| {
        named(HOST, seek(if n.is_multiple_of(2) { 1_000 } else { 2_000 }), &format!("c{n}"), n)
    };
    for n in 0..=1024 {
        let decision = party.send(&nth(n));
        assert!(matches!(decision, Ok(Decision::Commit(_))), "{decision:?}");
    }
    let first_remembered = party.send(&nth(1));
    assert!(matches!(first_remembered, Ok(Decision::Duplicate(_))), "{first_remembered:?}");
    assert_eq!(remembered(&party), OPS_MAX);
    assert_eq!(party.room.recall(nth(0).envelope.op.as_ref()), Ok(None));
}

#[test]
fn a_command_that_expects_another_version_is_rejected() {
    let mut party = Party::playing();
    let Place { epoch, version } = party.room.place();
    for expected in [0, version - 1, version + 1] {
        let expected = Place { epoch, version: expected };
        let rejection = party.send(&expecting(HOST, Command::Pause, expected));
        assert_eq!(rejection, Err(Rejection::VersionConflict { version }));
    }
    let decision = party.send(&expecting(HOST, Command::Pause, Place { epoch, version }));
    assert!(matches!(decision, Ok(Decision::Commit(_))), "{decision:?}");
}

#[test]
fn a_version_of_an_earlier_epoch_is_another_version() {
    let mut party = Party::playing();
    let before = party.room.place();
    party.does(SERVER, Command::Rebase { epoch: before.epoch + 1, lost: true, outage_ms: 0 });
    let now = party.room.place();
    let conflict = Err(Rejection::VersionConflict { version: now.version });
    for expected in [before, Place { epoch: before.epoch, version: now.version }] {
        let rejection = party.room.handle(&expecting(HOST, Command::Pause, expected), &party.facts);
        assert_eq!(rejection, conflict);
    }
    assert!(party.room.handle(&expecting(HOST, Command::Pause, now), &party.facts).is_ok());
}

#[test]
fn the_version_is_checked_even_if_nothing_would_change() {
    let mut party = Party::watching();
    let Place { epoch, version } = party.room.place();
    let ahead = Place { epoch, version: version + 1 };
    let rejection = party.send(&expecting(HOST, Command::Pause, ahead));
    assert_eq!(rejection, Err(Rejection::VersionConflict { version }));
}

#[test]
fn the_role_is_checked_before_the_version() {
    let outdated = Place { epoch: 0, version: 0 };
    let mut party = Party::playing();
    let pause = expecting(GUEST, Command::Pause, outdated);
    assert_eq!(party.send(&pause), Err(Rejection::NotHost));
    let delete = expecting(GUEST, Command::Delete, outdated);
    assert_eq!(party.send(&delete), Err(Rejection::Forbidden));
    let mut party = Party::expired();
    assert_eq!(party.send(&pause), Err(Rejection::RoomClosed));
}

#[test]
fn a_command_of_the_host_with_an_old_fence_is_rejected() {
    let mut party = Party::playing();
    let old = party.room.fence;
    party.does(HOST, transfer(CO_HOST));
    party.does(CO_HOST, transfer(HOST));
    let fence = party.room.fence;
    let mut stale = fenced(HOST, Command::Pause, old);
    stale.envelope.expected = Some(Place { epoch: 0, version: 0 });
    assert_eq!(party.send(&stale), Err(Rejection::StaleFence { fence }));
    let decision = party.send(&fenced(HOST, Command::Pause, fence));
    assert!(matches!(decision, Ok(Decision::Commit(_))), "{decision:?}");
}

#[test]
fn the_fence_is_compared_only_for_the_host() {
    let mut party = Party::playing();
    let decision = party.send(&fenced(CO_HOST, Command::Pause, 99));
    assert!(matches!(decision, Ok(Decision::Commit(_))), "{decision:?}");
    assert_eq!(party.send(&fenced(GUEST, Command::Pause, 99)), Err(Rejection::NotHost));
}

#[test]
fn every_commit_raises_the_version_by_one_and_carries_its_op() {
    let mut party = Party::watching();
    let version = party.room.version;
    let request = named(HOST, set_role(GUEST, Role::Viewer), "c1", 1);
    let Ok(Decision::Commit(commit)) = party.send(&request) else { panic!("no commit") };
    assert_eq!((commit.version, commit.epoch), (version + 1, party.room.epoch));
    assert_eq!((commit.op, commit.at), (request.envelope.op, party.facts.now));
    assert_eq!((party.room.version, party.room.at), (version + 1, party.facts.now));
}

fn named(who: &str, command: Command, name: &str, payload_hash: u64) -> Request {
    let envelope = Envelope { op: op(who, name, payload_hash), ..envelope(who) };
    Request { envelope, command }
}

fn expecting(who: &str, command: Command, expected: Place) -> Request {
    let envelope = Envelope { expected: Some(expected), ..envelope(who) };
    Request { envelope, command }
}

fn fenced(who: &str, command: Command, fence: u64) -> Request {
    let envelope = Envelope { fence: Some(fence), ..envelope(who) };
    Request { envelope, command }
}

/// The number of commands that the stored room holds.
fn remembered(party: &Party) -> usize {
    let stored = serde_json::to_value(&party.room.ops).expect("a list");
    stored.as_array().expect("a list").len()
}
