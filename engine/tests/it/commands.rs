//! What every command has in common: order of checks, repeats, fences, versions.

use engine::{Answer, Command, OPS_MAX, Rejection, Request, Role};

use crate::story::{
    CO_HOST, GUEST, HOST, Party, SERVER, media, op, request, seek, set_media, set_rate, set_role,
    transfer,
};

#[test]
fn a_repeated_command_gets_the_first_answer_and_no_second_effect() {
    let mut party = Party::watching();
    let seek = named(HOST, seek(5_000), "c1", 1);
    let Ok(Answer::Commit(first)) = party.send(&seek) else { panic!("no commit") };
    party.does(HOST, set_rate(2_000));
    party.does(SERVER, Command::Rebase { epoch: 50, lost: false });
    let before = party.room.clone();
    let again = party.send(&seek);
    assert_eq!(again, Ok(Answer::Duplicate { epoch: first.epoch, version: first.version }));
    assert_eq!(party.room, before);
}

#[test]
fn the_same_id_with_another_payload_is_refused() {
    let mut party = Party::watching();
    party.send(&named(HOST, seek(5_000), "c1", 1)).expect("allowed");
    let refusal = party.send(&named(HOST, seek(6_000), "c1", 2)).expect_err("reused");
    assert_eq!(refusal.code(), "id_reused");
}

#[test]
fn the_same_id_of_somebody_else_is_another_command() {
    let mut party = Party::watching();
    party.send(&named(HOST, seek(5_000), "c1", 1)).expect("allowed");
    let other = party.send(&named(CO_HOST, seek(6_000), "c1", 2));
    assert!(matches!(other, Ok(Answer::Commit(_))), "{other:?}");
}

#[test]
fn refused_and_needless_commands_are_decided_anew() {
    let mut party = Party::live();
    let pause = named(HOST, Command::Pause, "c1", 1);
    assert_eq!(party.send(&pause), Err(Rejection::NoMedia));
    party.does(HOST, set_media(media("m_1", None)));
    assert_eq!(party.send(&pause), Ok(Answer::Unchanged));
    party.does(HOST, Command::Play);
    let third = party.send(&pause);
    assert!(matches!(third, Ok(Answer::Commit(_))), "{third:?}");
}

#[test]
fn a_repeat_is_recognised_before_role_state_fence_and_version() {
    let mut party = Party::watching();
    let pause = Request {
        fence: Some(party.room.fence),
        expected_version: Some(party.room.version),
        seen_epoch: None,
        ..named(HOST, seek(5_000), "c1", 1)
    };
    let Ok(Answer::Commit(first)) = party.send(&pause) else { panic!("no commit") };
    let duplicate = Ok(Answer::Duplicate { epoch: first.epoch, version: first.version });
    assert_eq!(party.send(&pause), duplicate);
    party.does(HOST, transfer(CO_HOST));
    assert_eq!(party.send(&pause), duplicate);
    party.does(CO_HOST, Command::Delete);
    assert_eq!(party.send(&pause), duplicate);
    let reused = Request { op: op(HOST, "c1", 2), ..pause };
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
        let answer = party.send(&nth(n));
        assert!(matches!(answer, Ok(Answer::Commit(_))), "{answer:?}");
    }
    let first_remembered = party.send(&nth(1));
    assert!(matches!(first_remembered, Ok(Answer::Duplicate { .. })), "{first_remembered:?}");
    assert_eq!(remembered(&party), OPS_MAX);
    assert_eq!(party.room.recall(nth(0).op.as_ref()), Ok(None));
}

#[test]
fn a_command_meant_for_another_version_is_refused() {
    let mut party = Party::playing();
    let version = party.room.version;
    for expected in [0, version - 1, version + 1] {
        let refusal = party.send(&expecting(HOST, Command::Pause, expected));
        assert_eq!(refusal, Err(Rejection::VersionConflict { version }));
    }
    assert_eq!(Rejection::VersionConflict { version }.code(), "version_conflict");
    let answer = party.send(&expecting(HOST, Command::Pause, version));
    assert!(matches!(answer, Ok(Answer::Commit(_))), "{answer:?}");
}

#[test]
fn the_version_is_checked_even_if_it_is_already_so() {
    let mut party = Party::watching();
    let version = party.room.version;
    let refusal = party.send(&expecting(HOST, Command::Pause, version + 1));
    assert_eq!(refusal, Err(Rejection::VersionConflict { version }));
}

#[test]
fn the_role_is_checked_before_the_version() {
    let mut party = Party::playing();
    assert_eq!(party.send(&expecting(GUEST, Command::Pause, 0)), Err(Rejection::NotHost));
    assert_eq!(party.send(&expecting(GUEST, Command::Delete, 0)), Err(Rejection::Forbidden));
    let mut party = Party::expired();
    assert_eq!(party.send(&expecting(GUEST, Command::Pause, 0)), Err(Rejection::RoomClosed));
}

#[test]
fn a_command_of_the_host_with_an_old_fence_is_refused() {
    let mut party = Party::playing();
    let old = party.room.fence;
    party.does(HOST, transfer(CO_HOST));
    party.does(CO_HOST, transfer(HOST));
    let fence = party.room.fence;
    let stale = Request { expected_version: Some(0), ..fenced(HOST, Command::Pause, old) };
    assert_eq!(party.send(&stale), Err(Rejection::StaleFence { fence }));
    assert_eq!(Rejection::StaleFence { fence }.code(), "stale_fence");
    let answer = party.send(&fenced(HOST, Command::Pause, fence));
    assert!(matches!(answer, Ok(Answer::Commit(_))), "{answer:?}");
}

#[test]
fn the_fence_binds_only_the_host() {
    let mut party = Party::playing();
    let answer = party.send(&fenced(CO_HOST, Command::Pause, 99));
    assert!(matches!(answer, Ok(Answer::Commit(_))), "{answer:?}");
    assert_eq!(party.send(&fenced(GUEST, Command::Pause, 99)), Err(Rejection::NotHost));
}

#[test]
fn every_commit_is_one_version_and_carries_its_command() {
    let mut party = Party::watching();
    let version = party.room.version;
    let request = named(HOST, set_role(GUEST, Role::Viewer), "c1", 1);
    let Ok(Answer::Commit(commit)) = party.send(&request) else { panic!("no commit") };
    assert_eq!((commit.version, commit.epoch), (version + 1, party.room.epoch));
    assert_eq!((commit.op, commit.at), (request.op, party.facts.now));
    assert_eq!((party.room.version, party.room.at), (version + 1, party.facts.now));
}

fn named(who: &str, command: Command, name: &str, payload_hash: u64) -> Request {
    Request { op: op(who, name, payload_hash), ..request(who, command) }
}

fn expecting(who: &str, command: Command, version: u64) -> Request {
    Request { expected_version: Some(version), ..request(who, command) }
}

fn fenced(who: &str, command: Command, fence: u64) -> Request {
    Request { fence: Some(fence), ..request(who, command) }
}

/// How many commands the stored room holds.
fn remembered(party: &Party) -> usize {
    let stored = serde_json::to_value(&party.room.ops).expect("a list");
    stored.as_array().expect("a list").len()
}

#[test]
fn an_expected_version_is_one_of_the_epoch_that_its_sender_knows() {
    let mut party = Party::playing();
    let (epoch, version) = (party.room.epoch, party.room.version);
    party.does(SERVER, Command::Rebase { epoch: epoch + 1, lost: true });
    let rebuilt = party.room.version;
    let expecting = |seen_epoch, expected| Request {
        expected_version: Some(expected),
        seen_epoch: Some(seen_epoch),
        ..request(HOST, Command::Pause)
    };
    let conflict = Err(Rejection::VersionConflict { version: rebuilt });
    assert_eq!(party.room.handle(&expecting(epoch, rebuilt), &party.facts), conflict);
    assert_eq!(party.room.handle(&expecting(epoch, version), &party.facts), conflict);
    assert!(party.room.handle(&expecting(epoch + 1, rebuilt), &party.facts).is_ok());
}
