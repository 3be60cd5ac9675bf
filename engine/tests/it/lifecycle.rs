//! The lifecycle of a room, and what happens without its host.

use engine::{
    CREATED_MS, Command, EXPIRED_MS, Event, HostCause, HostLoss, LifecycleCause, LifecycleState,
    Rebased, Rejection, Role, RoomPatch, Status,
};

use crate::story::{
    CO_HOST, GRACE_MS, GUEST, HOST, MEMBER, Party, SERVER, change_room, connected, ended, id, seek,
    set_role, transfer,
};

#[test]
fn the_hosts_first_connection_starts_the_party() {
    let mut party = Party::created();
    party.changes_nothing(SERVER, connected(GUEST));
    let commit = party.does(SERVER, connected(HOST));
    assert_eq!(cause(&commit.event), LifecycleCause::HostConnected);
    assert_eq!((party.state(), party.room.deadline()), (LifecycleState::Live, None));
    party.changes_nothing(SERVER, connected(HOST));
}

#[test]
fn a_room_whose_host_never_connects_expires_after_a_day() {
    let mut party = Party::created();
    party.changes_nothing(SERVER, Command::Idle);
    party.changes_nothing(SERVER, Command::HostLost);
    party.later(CREATED_MS - 1);
    party.changes_nothing(SERVER, Command::Deadline);
    party.later(1);
    let commit = party.does(SERVER, Command::Deadline);
    assert_eq!(cause(&commit.event), LifecycleCause::NeverStarted);
    assert_eq!(party.state(), LifecycleState::Expired);
}

#[test]
fn losing_the_host_changes_nothing_but_the_lifecycle() {
    let mut party = Party::playing();
    let before = party.room.clone();
    party.later(1_000);
    let commit = party.does(SERVER, Command::HostLost);
    assert_eq!(cause(&commit.event), LifecycleCause::HostLost);
    assert_eq!(party.state(), LifecycleState::Grace);
    assert_eq!(party.room.deadline(), Some(party.facts.now.plus_millis(GRACE_MS)));
    assert_eq!((&party.room.playback, &party.room.host_id), (&before.playback, &before.host_id));
    assert_eq!(party.room.fence, before.fence);
    party.changes_nothing(SERVER, Command::HostLost);
    party.does(CO_HOST, Command::Pause);
}

#[test]
fn a_host_who_returns_in_time_is_host_as_before() {
    let mut party = Party::grace(HostLoss::Expire);
    let fence = party.room.fence;
    party.later(GRACE_MS - 1);
    party.changes_nothing(SERVER, Command::Deadline);
    party.changes_nothing(SERVER, connected(CO_HOST));
    let commit = party.does(SERVER, connected(HOST));
    assert_eq!(cause(&commit.event), LifecycleCause::HostConnected);
    assert_eq!((party.state(), party.room.deadline()), (LifecycleState::Live, None));
    assert_eq!((party.host(), party.room.fence), (Some(HOST), fence));
    party.later(1);
    party.changes_nothing(SERVER, Command::Deadline);
}

#[test]
fn by_default_a_room_without_its_host_expires() {
    let mut party = Party::grace(HostLoss::Expire);
    let fence = party.room.fence;
    party.facts.co_hosts = vec![id(CO_HOST)];
    end_grace(&mut party);
    assert_eq!((party.state(), party.room.fence), (LifecycleState::Expired, fence + 1));
}

#[test]
fn promotion_makes_the_longest_connected_co_host_the_host() {
    let mut party = Party::grace(HostLoss::Promote);
    let (fence, playback) = (party.room.fence, party.room.playback.clone());
    party.facts.co_hosts = vec![id(CO_HOST), id(MEMBER)];
    end_grace(&mut party);
    assert_eq!((party.state(), party.host()), (LifecycleState::Live, Some(CO_HOST)));
    assert_eq!((party.room.fence, &party.room.playback), (fence + 1, &playback));
    party.changes_nothing(SERVER, connected(HOST));
    assert_eq!(party.rejects(HOST, Command::Pause), Rejection::NotHost);
    party.does(CO_HOST, transfer(GUEST));
}

#[test]
fn promotion_without_a_co_host_holds_the_room() {
    let mut party = Party::grace(HostLoss::Promote);
    end_grace(&mut party);
    assert_eq!((party.state(), party.host()), (LifecycleState::Live, None));
    party.does(SERVER, connected(HOST));
    assert_eq!(party.host(), Some(HOST));
}

#[test]
fn a_held_room_continues_playing_without_a_host() {
    let mut party = Party::grace(HostLoss::Hold);
    let (fence, playback) = (party.room.fence, party.room.playback.clone());
    end_grace(&mut party);
    assert_eq!((party.state(), party.host()), (LifecycleState::Live, None));
    assert_eq!((party.room.fence, &party.room.playback), (fence + 1, &playback));
    assert_eq!(party.room.deadline(), None);
    assert_eq!(party.rejects(HOST, Command::Pause), Rejection::NotHost);
    party.does(CO_HOST, Command::Pause);
    party.changes_nothing(SERVER, Command::HostLost);
}

#[test]
fn a_room_that_is_set_to_pause_pauses_without_a_host() {
    let mut party = Party::grace(HostLoss::Pause);
    let fence = party.room.fence;
    party.later(GRACE_MS - 20_000);
    party.does(CO_HOST, seek(5_000));
    party.later(20_000);
    party.does(SERVER, Command::Deadline);
    assert_eq!((party.state(), party.host()), (LifecycleState::Live, None));
    assert_eq!((party.playback().status, party.room.fence), (Status::Paused, fence + 1));
    assert_eq!((party.position(), party.position_in(10_000)), (25_000, 25_000));
}

#[test]
fn pausing_without_a_host_cancels_a_barrier_and_keeps_the_end() {
    let mut party = Party::grace(HostLoss::Pause);
    party.later(GRACE_MS);
    party.ready_capable(1);
    party.does(CO_HOST, seek(5_000));
    assert_eq!(party.playback().status, Status::Waiting);
    party.does(SERVER, Command::Deadline);
    assert_eq!((party.playback().status, party.wait()), (Status::Paused, None));

    let mut party = Party::grace(HostLoss::Pause);
    party.does(CO_HOST, ended("m_1"));
    end_grace(&mut party);
    assert_eq!(party.playback().status, Status::Ended);
}

#[test]
fn only_the_former_host_regains_a_room_without_a_host() {
    let mut party = Party::hostless();
    let fence = party.room.fence;
    party.changes_nothing(SERVER, connected(CO_HOST));
    party.changes_nothing(SERVER, connected(GUEST));
    let commit = party.does(SERVER, connected(HOST));
    let expected =
        Event::HostChanged { cause: HostCause::Return, host_id: Some(id(HOST)), fence: fence + 1 };
    assert_eq!(commit.event, expected);
    assert_eq!((party.host(), party.room.former_host_id.as_ref()), (Some(HOST), None));
    party.does(HOST, Command::Pause);
}

#[test]
fn the_former_host_is_the_last_host_not_the_creator() {
    let mut party = Party::live();
    let hold = RoomPatch { host_loss: Some(HostLoss::Hold), ..RoomPatch::default() };
    party.does(HOST, change_room(hold));
    party.does(HOST, transfer(GUEST));
    party.does(SERVER, Command::HostLost);
    end_grace(&mut party);
    party.changes_nothing(SERVER, connected(HOST));
    party.does(SERVER, connected(GUEST));
    assert_eq!(party.host(), Some(GUEST));
}

#[test]
fn a_room_without_any_connection_expires_whatever_the_policy() {
    let live = Party::live();
    let grace = Party::grace(HostLoss::Hold);
    for mut party in [live, grace, Party::hostless()] {
        party.facts.connections = 1;
        party.changes_nothing(SERVER, Command::Idle);
        party.facts.connections = 0;
        let commit = party.does(SERVER, Command::Idle);
        assert_eq!(cause(&commit.event), LifecycleCause::Idle);
        assert_eq!(party.state(), LifecycleState::Expired);
        party.changes_nothing(SERVER, Command::Idle);
    }
}

#[test]
fn the_host_can_end_the_party_in_every_open_state() {
    for mut party in [Party::created(), Party::live(), Party::grace(HostLoss::Hold)] {
        let commit = party.does(HOST, Command::Delete);
        assert_eq!(cause(&commit.event), LifecycleCause::Deleted);
        assert_eq!(party.state(), LifecycleState::Expired);
        assert_eq!(party.room.deadline(), Some(party.facts.now.plus_millis(EXPIRED_MS)));
    }
}

#[test]
fn only_the_creator_can_end_a_room_without_a_host() {
    let mut party = Party::hostless();
    for who in [CO_HOST, MEMBER, GUEST] {
        assert_eq!(party.rejects(who, Command::Delete), Rejection::Forbidden);
    }
    party.does(HOST, Command::Delete);
    assert_eq!(party.state(), LifecycleState::Expired);
}

#[test]
fn the_creator_cannot_end_a_room_with_another_host() {
    let mut party = Party::live();
    party.does(HOST, transfer(GUEST));
    assert_eq!(party.rejects(HOST, Command::Delete), Rejection::Forbidden);
    party.does(GUEST, Command::Delete);
}

#[test]
fn an_expired_room_rejects_every_command_of_every_participant() {
    let mut party = Party::expired();
    let commands = [
        Command::Play,
        Command::Pause,
        seek(0),
        transfer(GUEST),
        set_role(GUEST, Role::CoHost),
        change_room(RoomPatch::default()),
        Command::Delete,
    ];
    for command in commands {
        for who in [HOST, CO_HOST, GUEST] {
            assert_eq!(party.rejects(who, command.clone()), Rejection::RoomClosed);
        }
    }
}

#[test]
fn an_expired_room_never_revives() {
    let mut party = Party::expired();
    for command in [connected(HOST), Command::HostLost, Command::Idle, Command::Deadline] {
        party.changes_nothing(SERVER, command);
    }
}

#[test]
fn an_expired_room_is_deleted_at_its_deadline_and_stays_deleted() {
    let mut party = Party::expired();
    party.later(EXPIRED_MS - 1);
    party.changes_nothing(SERVER, Command::Deadline);
    party.later(1);
    let commit = party.does(SERVER, Command::Deadline);
    assert_eq!(cause(&commit.event), LifecycleCause::Retention);
    assert_eq!((party.state(), party.room.deadline()), (LifecycleState::Deleted, None));
    for command in [connected(HOST), Command::Idle, Command::Deadline] {
        party.changes_nothing(SERVER, command);
    }
    assert_eq!(party.rejects(HOST, Command::Play), Rejection::RoomClosed);
}

#[test]
fn a_rebase_raises_the_epoch_and_names_what_it_replaced() {
    let mut party = Party::playing();
    let (epoch, version) = (party.room.epoch, party.room.version);
    let playback = party.room.playback.clone();
    let commit = party.does(SERVER, Command::Rebase { epoch: epoch + 3, lost: true, outage_ms: 0 });
    assert_eq!((commit.epoch, commit.version), (epoch + 3, version + 1));
    assert_eq!((party.room.epoch, party.room.version), (epoch + 3, version + 1));
    let rebased = Rebased {
        previous_epoch: epoch,
        previous_version: version,
        lost: true,
        lossy_epoch: epoch + 3,
        lossy_at: commit.at,
    };
    assert_eq!(party.room.rebased, Some(rebased));
    assert_eq!(party.room.playback, playback);
}

#[test]
fn an_outage_is_given_back_to_those_who_wait_for_the_host_and_to_nothing_else() {
    for mut party in [Party::created(), Party::grace(HostLoss::Expire)] {
        let before = party.room.deadline().expect("it waits for its host");
        party.later(10 * CREATED_MS);
        rebase(&mut party, 10 * CREATED_MS);
        assert_eq!(party.room.deadline(), Some(before.plus_millis(10 * CREATED_MS)));
        party.changes_nothing(SERVER, Command::Deadline);
        party.does(SERVER, connected(HOST));
        assert_eq!(party.state(), LifecycleState::Live);
    }
    // What was overdue already stays so.
    let mut party = Party::grace(HostLoss::Hold);
    party.later(GRACE_MS + 5_000);
    rebase(&mut party, 5_000);
    party.does(SERVER, Command::Deadline);
    assert_eq!(party.state(), LifecycleState::Live);

    for mut party in [Party::live(), Party::waiting(), Party::expired()] {
        let before = party.room.deadline();
        rebase(&mut party, 5_000);
        assert_eq!(party.room.deadline(), before, "barriers and deletions stay");
    }
}

/// Moves the room to its next epoch after an outage.
#[track_caller]
fn rebase(party: &mut Party, outage_ms: u64) {
    let epoch = party.room.epoch + 1;
    party.does(SERVER, Command::Rebase { epoch, lost: false, outage_ms });
}

#[test]
fn an_epoch_only_rises() {
    let mut party = Party::playing();
    let epoch = party.room.epoch;
    for stale in [0, epoch - 1, epoch] {
        party.changes_nothing(SERVER, Command::Rebase { epoch: stale, lost: false, outage_ms: 0 });
    }
}

/// Lets the grace period run out and carries out the deadline.
#[track_caller]
fn end_grace(party: &mut Party) {
    party.later(GRACE_MS);
    let commit = party.does(SERVER, Command::Deadline);
    assert_eq!(cause(&commit.event), LifecycleCause::GraceEnded);
}

#[track_caller]
fn cause(event: &Event) -> LifecycleCause {
    match event {
        Event::LifecycleChanged { cause, .. } => *cause,
        other => panic!("no edge but {other:?}"),
    }
}
