//! Play, pause, seek, rate, selections, media and the end of the media.

use engine::{Command, Event, PlaybackCause, Position, Rate, Rejection, Status};

use crate::story::{
    CO_HOST, DURATION_MS, HOST, Party, SERVER, audio, cause_and_author, ended, media, quality,
    rate, seek, set_media, set_rate, subtitle,
};

/// The largest position where the duration is unknown: 2^53 - 1.
const LAST_MS: u64 = 9_007_199_254_740_991;

#[test]
fn every_playback_command_needs_media() {
    let mut party = Party::live();
    let commands = [
        Command::Play,
        Command::Pause,
        seek(0),
        set_rate(1500),
        quality(None),
        quality(Some("v0")),
        subtitle(None),
        subtitle(Some("s0")),
        audio("a0"),
    ];
    for command in commands {
        assert_eq!(party.rejects(HOST, command), Rejection::NoMedia);
    }
}

#[test]
fn the_end_of_media_that_was_never_set_changes_nothing() {
    Party::live().changes_nothing(HOST, ended("m_1"));
}

#[test]
fn play_starts_from_the_current_position() {
    let mut party = Party::watching();
    party.does(HOST, seek(7_000));
    let commit = party.does(HOST, Command::Play);
    assert_eq!(cause_and_author(&commit), (PlaybackCause::Play, Some(HOST)));
    assert_eq!((party.position(), party.position_in(2_500)), (7_000, 9_500));
}

#[test]
fn play_while_playing_changes_nothing() {
    Party::playing().changes_nothing(HOST, Command::Play);
}

#[test]
fn pause_keeps_the_position_that_was_reached() {
    let mut party = Party::playing();
    party.later(2_500);
    let commit = party.does(HOST, Command::Pause);
    assert_eq!(cause_and_author(&commit), (PlaybackCause::Pause, Some(HOST)));
    assert_eq!(party.playback().anchor_at, party.facts.now);
    assert_eq!(party.position_in(60_000), 2_500);
}

#[test]
fn pause_while_paused_changes_nothing() {
    Party::watching().changes_nothing(HOST, Command::Pause);
}

#[test]
fn pause_after_the_end_changes_nothing() {
    let mut party = Party::playing();
    party.does(HOST, ended("m_1"));
    party.changes_nothing(HOST, Command::Pause);
    assert_eq!(party.playback().status, Status::Ended);
}

#[test]
fn pause_before_a_scheduled_start_keeps_the_position_of_the_start() {
    let mut party = Party::playing();
    party.does(HOST, Command::Pause);
    party.ready_capable(1);
    party.does(HOST, Command::Play);
    assert_eq!(party.lead(), 150);
    party.later(100);
    party.does(HOST, Command::Pause);
    assert_eq!((party.position(), party.lead()), (0, 0));
}

#[test]
fn resuming_after_a_plain_pause_needs_no_barrier() {
    let mut party = Party::playing();
    party.ready_capable(2);
    party.later(3_000);
    party.does(HOST, Command::Pause);
    party.does(HOST, Command::Play);
    assert_eq!(party.playback().status, Status::Playing);
    assert_eq!(
        (party.lead(), party.position_in(150), party.position_in(1_150)),
        (150, 3_000, 4_000)
    );
}

#[test]
fn a_seek_may_reach_both_ends_of_the_media_and_no_further() {
    let mut party = Party::watching();
    for to_ms in [DURATION_MS, 0] {
        party.does(HOST, seek(i64::try_from(to_ms).expect("small")));
        assert_eq!(party.position(), to_ms);
    }
    for to_ms in [-1, 60_001, i64::MIN, i64::MAX] {
        let rejection = party.ask(HOST, seek(to_ms)).expect_err("out of range");
        assert_eq!(rejection, Rejection::PositionOutOfRange { duration_ms: Some(DURATION_MS) });
    }
}

#[test]
fn a_seek_in_media_of_unknown_duration_may_go_as_far_as_a_client_can_count() {
    let mut party = Party::live();
    party.does(HOST, set_media(media("m_live", None)));
    party.does(HOST, seek(i64::try_from(LAST_MS).expect("fits")));
    assert_eq!(party.position(), LAST_MS);
    for to_ms in [-1, i64::try_from(LAST_MS + 1).expect("fits")] {
        let rejection = party.ask(HOST, seek(to_ms)).expect_err("out of range");
        assert_eq!(rejection, Rejection::PositionOutOfRange { duration_ms: None });
    }
}

#[test]
fn a_paused_seek_to_the_current_position_changes_nothing() {
    let mut party = Party::watching();
    let commit = party.does(HOST, seek(5_000));
    assert_eq!(cause_and_author(&commit), (PlaybackCause::Seek, Some(HOST)));
    party.later(1_000);
    party.changes_nothing(HOST, seek(5_000));
    assert_eq!(party.playback().status, Status::Paused);
}

#[test]
fn a_seek_while_playing_continues_playing_if_no_player_reports_readiness() {
    let mut party = Party::playing();
    party.later(2_000);
    party.does(HOST, seek(40_000));
    assert_eq!(party.playback().status, Status::Playing);
    assert_eq!((party.lead(), party.position(), party.position_in(500)), (0, 40_000, 40_500));
}

#[test]
fn play_after_the_end_is_rejected() {
    let mut party = Party::playing();
    party.does(HOST, ended("m_1"));
    assert_eq!(party.rejects(HOST, Command::Play), Rejection::MediaEnded);
}

#[test]
fn a_seek_after_the_end_pauses() {
    let mut party = Party::playing();
    party.does(HOST, ended("m_1"));
    party.does(HOST, seek(10_000));
    assert_eq!((party.playback().status, party.position()), (Status::Paused, 10_000));
    party.does(HOST, Command::Play);
    assert_eq!(party.playback().status, Status::Playing);
}

#[test]
fn a_seek_to_the_very_end_after_the_end_pauses_too() {
    let mut party = Party::playing();
    party.does(HOST, ended("m_1"));
    party.does(HOST, seek(60_000));
    assert_eq!((party.playback().status, party.position()), (Status::Paused, DURATION_MS));
}

#[test]
fn after_the_end_the_playhead_stands_at_the_duration() {
    let mut party = Party::playing();
    party.later(59_800);
    let commit = party.does(CO_HOST, ended("m_1"));
    assert_eq!(cause_and_author(&commit), (PlaybackCause::Ended, Some(CO_HOST)));
    assert_eq!(party.playback().status, Status::Ended);
    assert_eq!((party.position(), party.position_in(5_000)), (DURATION_MS, DURATION_MS));
    party.changes_nothing(HOST, ended("m_1"));
}

#[test]
fn the_end_of_media_of_unknown_duration_is_the_position_of_the_playhead() {
    let mut party = Party::live();
    party.does(HOST, set_media(media("m_live", None)));
    party.does(HOST, Command::Play);
    party.later(4_200);
    party.does(HOST, ended("m_live"));
    assert_eq!((party.playback().status, party.position_in(9_000)), (Status::Ended, 4_200));
}

#[test]
fn the_end_of_other_media_changes_nothing() {
    let mut party = Party::playing();
    party.changes_nothing(HOST, ended("m_0"));
    assert_eq!(party.playback().status, Status::Playing);
}

#[test]
fn the_playhead_stops_by_itself_at_the_end_but_nothing_is_committed() {
    let mut party = Party::playing();
    party.later(DURATION_MS + 10_000);
    assert_eq!(party.position(), DURATION_MS);
    party.changes_nothing(SERVER, Command::Deadline);
    assert_eq!(party.playback().status, Status::Playing);
}

#[test]
fn a_new_rate_applies_from_the_instant_of_the_commit() {
    let mut party = Party::playing();
    party.later(4_000);
    let commit = party.does(HOST, set_rate(1_500));
    assert_eq!(cause_and_author(&commit), (PlaybackCause::SetRate, Some(HOST)));
    assert_eq!((party.position(), party.position_in(2_000)), (4_000, 7_000));
    party.changes_nothing(HOST, set_rate(1_500));
}

#[test]
fn a_new_rate_before_a_scheduled_start_keeps_the_start() {
    let mut party = Party::waiting();
    party.does(HOST, Command::Play);
    party.later(50);
    party.does(HOST, set_rate(2_000));
    assert_eq!((party.lead(), party.position_in(100), party.position_in(600)), (100, 0, 1_000));
}

#[test]
fn a_paused_playhead_stands_still_at_any_rate() {
    let mut party = Party::watching();
    party.does(HOST, seek(3_000));
    party.does(HOST, set_rate(4_000));
    assert_eq!((party.playback().status, party.position_in(9_000)), (Status::Paused, 3_000));
}

#[test]
fn a_rate_lies_between_a_quarter_and_four() {
    assert_eq!(Rate::from_milli(249), None);
    assert_eq!(Rate::from_milli(4_001), None);
    assert_eq!((rate(250).as_milli(), rate(4_000).as_milli()), (250, 4_000));
    assert!(serde_json::from_str::<Rate>("249").is_err());
}

#[test]
fn a_quality_must_belong_to_the_media() {
    let mut party = Party::playing();
    assert_eq!(party.rejects(HOST, quality(Some("v9"))), Rejection::QualityUnavailable);
    party.changes_nothing(HOST, quality(None));
    let commit = party.does(HOST, quality(Some("v0")));
    assert_eq!(cause_and_author(&commit).0, PlaybackCause::ChangeQuality);
    assert_eq!(party.playback().rendition.as_deref(), Some("v0"));
    party.changes_nothing(HOST, quality(Some("v0")));
    party.does(HOST, quality(None));
    assert_eq!(party.playback().rendition, None);
}

#[test]
fn subtitles_must_belong_to_the_media_or_be_off() {
    let mut party = Party::playing();
    assert_eq!(party.rejects(HOST, subtitle(Some("a0"))), Rejection::TrackUnavailable);
    let commit = party.does(HOST, subtitle(Some("s1")));
    assert_eq!(cause_and_author(&commit).0, PlaybackCause::ChangeSubtitle);
    assert_eq!(party.playback().text_track.as_deref(), Some("s1"));
    party.changes_nothing(HOST, subtitle(Some("s1")));
    party.does(HOST, subtitle(None));
    assert_eq!(party.playback().text_track, None);
}

#[test]
fn an_audio_track_must_belong_to_the_media() {
    let mut party = Party::playing();
    assert_eq!(party.rejects(HOST, audio("s0")), Rejection::TrackUnavailable);
    party.changes_nothing(HOST, audio("a1"));
    let commit = party.does(HOST, audio("a0"));
    assert_eq!(cause_and_author(&commit).0, PlaybackCause::ChangeAudio);
    assert_eq!(party.playback().audio_track.as_deref(), Some("a0"));
}

#[test]
fn a_selection_does_not_move_the_playhead() {
    for select in [quality(Some("v0")), subtitle(Some("s0")), audio("a0")] {
        let mut party = Party::playing();
        party.later(2_345);
        let soon = (party.position(), party.position_in(1_000));
        party.does(HOST, select);
        assert_eq!((party.position(), party.position_in(1_000)), soon);
    }
}

#[test]
fn new_media_is_paused_at_the_start_with_no_selections() {
    let mut party = Party::playing();
    party.later(5_000);
    for choice in [set_rate(2_000), quality(Some("v0")), subtitle(Some("s0")), audio("a0")] {
        party.does(HOST, choice);
    }
    let commit = party.does(HOST, set_media(media("m_2", Some(1_000))));
    let Event::MediaChanged { by: Some(by), media, .. } = &commit.event else {
        panic!("{:?}", commit.event)
    };
    assert_eq!((by.as_str(), media.media_id.as_str()), (HOST, "m_2"));
    let playback = party.playback();
    assert_eq!(playback.media_id.as_ref(), Some(&media.media_id));
    assert_eq!((playback.status, playback.position), (Status::Paused, Position::START));
    assert_eq!((playback.rate, playback.anchor_at), (Rate::NORMAL, party.facts.now));
    assert_eq!((&playback.rendition, &playback.text_track), (&None, &None));
    assert_eq!(playback.audio_track.as_deref(), Some("a1"));
    let rejection = party.rejects(HOST, seek(1_001));
    assert!(matches!(rejection, Rejection::PositionOutOfRange { .. }), "{rejection:?}");
}

#[test]
fn without_a_default_the_first_audio_track_plays_and_without_any_there_is_no_choice() {
    let mut party = Party::live();
    let mut plain = media("m_2", None);
    plain.source.audio_tracks.iter_mut().for_each(|track| track.default = false);
    party.does(HOST, set_media(plain.clone()));
    assert_eq!(party.playback().audio_track.as_deref(), Some("a0"));
    plain.source.audio_tracks.clear();
    party.does(HOST, set_media(plain));
    assert_eq!(party.playback().audio_track, None);
    assert_eq!(party.rejects(HOST, audio("a0")), Rejection::TrackUnavailable);
}

#[test]
fn choosing_the_same_media_again_starts_it_again() {
    let mut party = Party::playing();
    party.later(5_000);
    party.does(HOST, set_media(media("m_1", Some(DURATION_MS))));
    assert_eq!((party.playback().status, party.position()), (Status::Paused, 0));
}
