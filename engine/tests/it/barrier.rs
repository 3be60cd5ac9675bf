//! Starts that wait until players are ready.

use engine::{Barrier, Command, HostLoss, PlaybackCause, RoomPatch, Status, lead_ms};

use crate::story::{
    CO_HOST, HOST, Party, SERVER, cause_and_author, change_room, ended, media, quality, seek,
    set_media, set_rate,
};

#[test]
fn the_first_play_waits_three_seconds_for_players_that_report_readiness() {
    let mut party = Party::watching();
    party.ready_capable(2);
    let commit = party.does(HOST, Command::Play);
    assert_eq!(cause_and_author(&commit), (PlaybackCause::Play, Some(HOST)));
    assert_eq!((party.playback().status, party.wait()), (Status::Waiting, Some(3_000)));
    assert_eq!((party.position(), party.position_in(2_999)), (0, 0));
    assert_eq!(since(&party), commit.version);
}

#[test]
fn the_first_play_starts_at_once_if_no_player_reports_readiness() {
    let mut party = Party::watching();
    party.facts.rtt_ms = 400;
    party.does(HOST, Command::Play);
    assert_eq!((party.playback().status, party.lead()), (Status::Playing, 0));
    assert_eq!(party.wait(), None);
}

#[test]
fn the_first_play_after_a_paused_seek_waits_too() {
    let mut party = Party::playing();
    party.does(HOST, Command::Pause);
    party.does(HOST, seek(9_000));
    party.ready_capable(1);
    party.does(HOST, Command::Play);
    assert_eq!((party.playback().status, party.wait()), (Status::Waiting, Some(3_000)));
    assert_eq!(party.position(), 9_000);
}

#[test]
fn the_first_play_after_a_seek_back_from_the_end_waits_too() {
    let mut party = Party::playing();
    party.does(HOST, ended("m_1"));
    party.does(HOST, seek(9_000));
    party.ready_capable(1);
    party.does(HOST, Command::Play);
    assert_eq!((party.playback().status, party.wait()), (Status::Waiting, Some(3_000)));
}

#[test]
fn a_seek_while_playing_waits_a_second_and_a_half() {
    let mut party = Party::playing();
    party.ready_capable(1);
    party.later(1_000);
    let commit = party.does(HOST, seek(30_000));
    assert_eq!(cause_and_author(&commit), (PlaybackCause::Seek, Some(HOST)));
    assert_eq!((party.playback().status, party.wait()), (Status::Waiting, Some(1_500)));
    assert_eq!((party.position(), since(&party)), (30_000, commit.version));
}

#[test]
fn a_barrier_counts_every_participant_and_names_the_first_twenty() {
    let mut party = Party::watching();
    party.ready_capable(33);
    party.does(HOST, Command::Play);
    let barrier = party.playback().waiting.as_ref().expect("a barrier");
    assert_eq!((barrier.count, barrier.names.len()), (33, Barrier::NAMES_MAX));
    assert_eq!(barrier.names, party.facts.ready_capable[..20]);
}

#[test]
fn once_every_player_is_ready_the_start_is_scheduled_ahead() {
    let mut party = Party::waiting();
    party.later(700);
    party.facts.rtt_ms = 200;
    let since_version = since(&party);
    let commit = party.does(SERVER, Command::StartReady { since_version });
    assert_eq!(cause_and_author(&commit), (PlaybackCause::Ready, None));
    assert_eq!((party.playback().status, party.lead()), (Status::Playing, 250));
    assert_eq!((party.position_in(250), party.position_in(1_250)), (0, 1_000));
    assert_eq!(party.wait(), None);
}

#[test]
fn a_late_ready_for_a_replaced_barrier_does_nothing() {
    let mut party = Party::waiting();
    let since_version = since(&party);
    party.does(HOST, seek(12_000));
    assert_ne!(since(&party), since_version);
    party.changes_nothing(SERVER, Command::StartReady { since_version });
    assert_eq!(party.playback().status, Status::Waiting);
}

#[test]
fn a_ready_after_the_start_does_nothing() {
    let mut party = Party::waiting();
    let since_version = since(&party);
    party.does(HOST, Command::Play);
    party.changes_nothing(SERVER, Command::StartReady { since_version });
}

#[test]
fn a_start_after_a_pause_during_a_wait_waits_again() {
    for waits in [Party::waiting as fn() -> Party, sought_while_playing] {
        let mut party = waits();
        party.later(500);
        party.does(HOST, Command::Pause);
        party.does(HOST, Command::Play);
        assert_eq!(party.playback().status, Status::Waiting);
        let since_version = since(&party);
        party.does(SERVER, Command::StartReady { since_version });
        party.does(HOST, Command::Pause);
        party.does(HOST, Command::Play);
        assert_eq!(party.playback().status, Status::Playing, "everybody was there");
    }
}

/// A party that waits after a seek while it played.
fn sought_while_playing() -> Party {
    let mut party = Party::waiting();
    let since_version = since(&party);
    party.does(SERVER, Command::StartReady { since_version });
    party.does(HOST, seek(12_000));
    assert!(party.playback().waiting.is_some());
    party
}

#[test]
fn a_selection_during_the_wait_keeps_the_barrier() {
    let mut party = Party::waiting();
    let barrier = party.playback().waiting.clone();
    party.later(500);
    party.does(HOST, set_rate(1_500));
    party.does(HOST, quality(Some("v0")));
    assert_eq!((party.playback().status, &party.playback().waiting), (Status::Waiting, &barrier));
    let since_version = since(&party);
    party.does(SERVER, Command::StartReady { since_version });
    assert_eq!(party.position_in(150 + 2_000), 3_000);
}

#[test]
fn at_the_deadline_playback_starts_even_if_some_players_are_not_ready() {
    let mut party = Party::waiting();
    party.later(2_999);
    party.changes_nothing(SERVER, Command::Deadline);
    party.later(1);
    let commit = party.does(SERVER, Command::Deadline);
    assert_eq!(cause_and_author(&commit), (PlaybackCause::Deadline, None));
    assert_eq!((party.playback().status, party.lead()), (Status::Playing, 150));
    party.changes_nothing(SERVER, Command::Deadline);
}

#[test]
fn at_the_deadline_playback_starts_at_once_if_every_player_has_left() {
    let mut party = Party::waiting();
    party.ready_capable(0);
    party.later(3_000);
    party.does(SERVER, Command::Deadline);
    assert_eq!((party.playback().status, party.lead()), (Status::Playing, 0));
}

#[test]
fn the_deadline_of_a_barrier_is_the_next_deadline_of_the_room() {
    let mut party = Party::waiting();
    assert_eq!(party.room.deadline(), Some(party.facts.now.plus_millis(3_000)));
    party.does(HOST, Command::Pause);
    assert_eq!(party.room.deadline(), None);
}

#[test]
fn the_earlier_of_two_deadlines_is_the_next() {
    let mut party = Party::waiting();
    let barrier = party.room.deadline();
    party.does(SERVER, Command::HostLost);
    assert_eq!(party.room.deadline(), barrier);
    party.later(3_000);
    party.does(SERVER, Command::Deadline);
    assert_eq!(party.playback().status, Status::Playing);
    assert_eq!(party.room.deadline(), party.room.lifecycle.deadline);
}

#[test]
fn play_forces_a_waiting_start() {
    let mut party = Party::waiting();
    party.later(10);
    party.facts.rtt_ms = 100;
    party.does(CO_HOST, Command::Play);
    assert_eq!((party.playback().status, party.lead()), (Status::Playing, 200));
}

#[test]
fn pause_cancels_a_waiting_start_and_the_next_play_waits_again() {
    let mut party = Party::waiting();
    party.later(10);
    party.does(HOST, Command::Pause);
    assert_eq!((party.playback().status, party.wait(), party.lead()), (Status::Paused, None, 0));
    party.does(HOST, Command::Play);
    assert_eq!((party.playback().status, party.wait()), (Status::Waiting, Some(3_000)));
}

#[test]
fn a_seek_replaces_a_waiting_start() {
    let mut party = Party::waiting();
    party.later(1_000);
    let commit = party.does(HOST, seek(12_000));
    assert_eq!((party.position(), since(&party)), (12_000, commit.version));
    assert_eq!((party.playback().status, party.wait()), (Status::Waiting, Some(3_000)));
}

#[test]
fn a_seek_replaces_a_waiting_seek() {
    let mut party = Party::playing();
    party.ready_capable(1);
    party.does(HOST, seek(30_000));
    party.later(1_000);
    party.does(HOST, seek(12_000));
    assert_eq!((party.position(), party.wait()), (12_000, Some(1_500)));
}

#[test]
fn new_media_and_the_end_remove_a_barrier() {
    let mut party = Party::waiting();
    party.does(HOST, set_media(media("m_2", None)));
    assert_eq!((party.playback().status, party.wait()), (Status::Paused, None));
    let mut party = Party::waiting();
    party.does(HOST, ended("m_1"));
    assert_eq!((party.playback().status, party.wait()), (Status::Ended, None));
}

#[test]
fn a_rebuffering_player_holds_up_only_a_room_that_is_set_to_wait() {
    let mut party = Party::playing();
    party.ready_capable(3);
    party.later(4_000);
    party.changes_nothing(SERVER, Command::Rebuffer);
    party.does(HOST, wait_for_rebuffering());
    let commit = party.does(SERVER, Command::Rebuffer);
    assert_eq!(cause_and_author(&commit), (PlaybackCause::Rebuffer, None));
    assert_eq!((party.playback().status, party.wait()), (Status::Waiting, Some(10_000)));
    assert_eq!((party.position_in(9_999), since(&party)), (4_000, commit.version));
    party.changes_nothing(SERVER, Command::Rebuffer);
}

#[test]
fn a_rebuffering_player_holds_up_only_a_playing_room_with_players_that_report_readiness() {
    let mut party = Party::watching();
    party.does(HOST, wait_for_rebuffering());
    party.ready_capable(1);
    party.changes_nothing(SERVER, Command::Rebuffer);
    party.ready_capable(0);
    party.does(HOST, Command::Play);
    party.changes_nothing(SERVER, Command::Rebuffer);
}

#[test]
fn a_barrier_survives_the_loss_of_the_host() {
    let mut party = Party::waiting();
    let patch = RoomPatch {
        host_loss: Some(HostLoss::Hold),
        host_grace_ms: Some(1_000),
        ..RoomPatch::default()
    };
    party.does(HOST, change_room(patch));
    let since_version = since(&party);
    party.does(SERVER, Command::HostLost);
    party.later(1_000);
    party.does(SERVER, Command::Deadline);
    assert_eq!((party.host(), party.playback().status), (None, Status::Waiting));
    party.does(SERVER, Command::StartReady { since_version });
    assert_eq!(party.playback().status, Status::Playing);
}

#[test]
fn a_barrier_of_a_closed_room_starts_nothing() {
    let mut party = Party::waiting();
    let since_version = since(&party);
    party.does(HOST, Command::Delete);
    party.later(3_000);
    party.changes_nothing(SERVER, Command::StartReady { since_version });
    party.changes_nothing(SERVER, Command::Deadline);
}

#[test]
fn a_rebuffering_player_does_not_hold_up_a_closed_room() {
    let mut party = Party::playing();
    party.ready_capable(1);
    party.does(HOST, wait_for_rebuffering());
    party.does(HOST, Command::Delete);
    party.changes_nothing(SERVER, Command::Rebuffer);
}

#[test]
fn the_lead_is_half_the_longest_round_trip_and_150_ms_within_limits() {
    let leads = [0, 1, 2, 200, 2_699, 2_700, 2_702, u64::MAX].map(lead_ms);
    assert_eq!(leads, [150, 150, 151, 250, 1_499, 1_500, 1_500, 1_500]);
}

#[test]
fn a_start_is_never_scheduled_further_ahead_than_a_second_and_a_half() {
    let mut party = Party::waiting();
    party.facts.rtt_ms = u64::MAX;
    party.does(HOST, Command::Play);
    assert_eq!(party.lead(), 1_500);
}

fn since(party: &Party) -> u64 {
    party.playback().waiting.as_ref().expect("a barrier").since_version
}

fn wait_for_rebuffering() -> Command {
    change_room(RoomPatch { rebuffer_barrier: Some(true), ..RoomPatch::default() })
}
