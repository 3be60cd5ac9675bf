//! Examples of live sources: a window of 20 s, of which the last 6 s are too new to play.

use engine::{Command, Decision, Event, PlaybackCause, Rejection, Status};
use proptest::prelude::{prop_assert, proptest};

use crate::history::histories;
use crate::laws::config;
use crate::story::{
    HOST, Party, SERVER, T0, cause_and_author, ended, live_media, seek, set_media, set_rate,
};

const WINDOW_MS: u64 = 20_000;
const HOLD_BACK_MS: u64 = 6_000;

/// A live source is set, 1 s after it was resolved, and nobody has played it yet.
fn watching_live() -> Party {
    let mut party = Party::live();
    party.later(1_000);
    party.does(HOST, set_media(live_media("m_1", WINDOW_MS, HOLD_BACK_MS)));
    party
}

fn playing_live() -> Party {
    let mut party = watching_live();
    party.does(HOST, Command::Play);
    party
}

/// How far the playhead is behind the edge now, in milliseconds.
fn behind(party: &Party) -> u64 {
    party.facts.now.as_millis() - party.position()
}

fn ask_seek(party: &mut Party, behind_ms: u64) -> Result<Decision, Rejection> {
    let to_ms = party.facts.now.as_millis() - behind_ms;
    party.ask(HOST, seek(i64::try_from(to_ms).expect("fits")))
}

#[test]
fn a_live_source_begins_at_the_edge_and_not_at_its_start() {
    let party = watching_live();
    assert_eq!((party.playback().status, party.position()), (Status::Paused, T0 + 1_000 - 6_000));
    assert_eq!(party.room.duration(), None);
}

#[test]
fn the_first_play_begins_at_the_edge_however_late_it_comes() {
    let mut party = watching_live();
    party.later(600_000);
    party.does(HOST, Command::Play);
    assert_eq!((party.playback().status, behind(&party)), (Status::Playing, HOLD_BACK_MS));
    party.later(3_600_000);
    assert_eq!(behind(&party), HOLD_BACK_MS);
}

#[test]
fn the_wait_for_players_before_the_first_start_keeps_its_place() {
    let mut party = watching_live();
    party.later(5_000);
    party.ready_capable(2);
    party.does(HOST, Command::Play);
    assert_eq!((party.playback().status, behind(&party)), (Status::Waiting, HOLD_BACK_MS));
    let since_version = party.room.version;
    party.later(900);
    party.does(SERVER, Command::StartReady { since_version });
    assert_eq!((party.lead(), behind(&party)), (150, HOLD_BACK_MS + 900));
    party.later(150);
    assert_eq!(behind(&party), HOLD_BACK_MS + 1_050);
}

#[test]
fn a_short_pause_continues_where_it_was() {
    let mut party = playing_live();
    party.later(2_000);
    party.does(HOST, Command::Pause);
    party.later(9_000);
    party.does(HOST, Command::Play);
    assert_eq!(behind(&party), HOLD_BACK_MS + 9_000);
}

#[test]
fn after_a_pause_longer_than_the_window_play_goes_to_the_nearest_moment_in_it() {
    let mut party = playing_live();
    party.does(HOST, Command::Pause);
    let paused_at = party.position();
    party.later(60_000);
    assert_eq!(party.position(), paused_at);
    party.does(HOST, Command::Play);
    assert_eq!((party.playback().status, behind(&party)), (Status::Playing, WINDOW_MS));
}

#[test]
fn that_moment_is_loaded_by_nobody_so_players_are_waited_for() {
    let mut party = playing_live();
    party.does(HOST, Command::Pause);
    party.later(60_000);
    party.ready_capable(1);
    party.does(HOST, Command::Play);
    assert_eq!((party.playback().status, behind(&party)), (Status::Waiting, WINDOW_MS));
    party.later(3_000);
    party.does(SERVER, Command::Deadline);
    party.later(150);
    assert_eq!((party.playback().status, behind(&party)), (Status::Playing, WINDOW_MS));
}

#[test]
fn a_seek_may_reach_both_ends_of_the_window_as_it_is_now_and_no_further() {
    let mut party = playing_live();
    party.later(30_000);
    for behind_ms in [WINDOW_MS, HOLD_BACK_MS] {
        ask_seek(&mut party, behind_ms).expect("inside the window");
        assert_eq!(behind(&party), behind_ms);
    }
    let before = party.room.clone();
    let now_ms = party.facts.now.as_millis();
    for behind_ms in [WINDOW_MS + 1, HOLD_BACK_MS - 1, 0] {
        let rejection = ask_seek(&mut party, behind_ms).expect_err("outside the window");
        let (earliest_ms, latest_ms) = (now_ms - WINDOW_MS, now_ms - HOLD_BACK_MS);
        assert_eq!(rejection, Rejection::OutsideWindow { earliest_ms, latest_ms });
    }
    for to_ms in [0, -1, i64::MIN, i64::MAX] {
        let rejection = party.rejects(HOST, seek(to_ms));
        assert!(matches!(rejection, Rejection::OutsideWindow { .. }), "{rejection:?}");
    }
    assert_eq!(party.room, before);
}

#[test]
fn a_window_shorter_than_the_distance_from_the_edge_has_one_position() {
    let mut party = Party::live();
    party.does(HOST, set_media(live_media("m_1", 4_000, HOLD_BACK_MS)));
    assert_eq!(behind(&party), 4_000);
    assert!(ask_seek(&mut party, 4_000).is_ok());
    assert!(ask_seek(&mut party, 3_999).is_err());
}

#[test]
fn a_fast_rate_catches_up_with_the_edge_and_then_goes_on_at_normal_speed() {
    let mut party = playing_live();
    ask_seek(&mut party, 10_000).expect("inside the window");
    let commit = party.does(HOST, set_rate(1_500));
    assert_eq!(party.room.deadline(), Some(commit.at.plus_millis(8_000)));
    party.later(8_000);
    assert_eq!(behind(&party), HOLD_BACK_MS);
    party.later(2_000);
    assert_eq!(behind(&party), HOLD_BACK_MS);
    let commit = party.does(SERVER, Command::Deadline);
    assert_eq!(cause_and_author(&commit), (PlaybackCause::WindowEnd, None));
    assert_eq!((party.playback().rate.as_milli(), party.room.deadline()), (1_000, None));
    party.later(60_000);
    assert_eq!(behind(&party), HOLD_BACK_MS);
}

#[test]
fn a_slow_rate_is_carried_along_by_the_start_of_the_window() {
    let mut party = playing_live();
    party.does(HOST, set_rate(500));
    party.later(28_000);
    assert_eq!(behind(&party), WINDOW_MS);
    let commit = party.does(SERVER, Command::Deadline);
    assert_eq!(cause_and_author(&commit), (PlaybackCause::WindowEnd, None));
    party.later(5_000);
    assert_eq!(behind(&party), WINDOW_MS);
}

#[test]
fn a_window_that_keeps_all_grows_and_carries_nobody_along() {
    let mut party = Party::live();
    let mut media = live_media("m_1", WINDOW_MS, HOLD_BACK_MS);
    media.source.live_edge.as_mut().expect("an edge").keeps_all = true;
    party.does(HOST, set_media(media));
    party.later(600_000);
    let first_ms = i64::try_from(T0 - WINDOW_MS).expect("fits");
    let rejection = party.rejects(HOST, seek(first_ms - 1));
    assert!(matches!(rejection, Rejection::OutsideWindow { .. }), "{rejection:?}");
    party.does(HOST, seek(first_ms));
    party.does(HOST, Command::Play);
    party.does(HOST, set_rate(500));
    assert_eq!(party.room.deadline(), None);
    party.later(60_000);
    assert_eq!(party.position(), T0 - WINDOW_MS + 30_000);
}

#[test]
fn the_deadline_of_the_window_is_not_carried_out_early_or_in_a_closed_room() {
    let mut party = playing_live();
    party.does(HOST, set_rate(500));
    party.later(27_999);
    party.changes_nothing(SERVER, Command::Deadline);
    party.does(HOST, Command::Delete);
    party.later(1);
    party.changes_nothing(SERVER, Command::Deadline);
}

#[test]
fn a_live_source_that_ended_stays_where_it_was() {
    let mut party = playing_live();
    party.later(4_000);
    let end = party.position();
    party.does(HOST, ended("m_1"));
    party.later(600_000);
    assert_eq!((party.playback().status, party.position()), (Status::Ended, end));
}

#[test]
fn a_seek_to_where_a_paused_room_stands_holds_it_there() {
    let mut party = Party::live();
    party.does(HOST, set_media(live_media("m_1", WINDOW_MS, HOLD_BACK_MS)));
    let chosen = party.position();
    party.does(HOST, seek(i64::try_from(chosen).expect("fits")));
    party.later(5_000);
    party.does(HOST, Command::Play);
    assert_eq!(party.playback().position.as_millis(), chosen);
}

#[test]
fn media_after_a_live_source_begins_at_its_own_start() {
    let mut party = playing_live();
    let commit = party.does(HOST, set_media(crate::story::media("m_2", Some(1_000))));
    let Event::MediaChanged { playback, .. } = &commit.event else { panic!("{commit:?}") };
    assert_eq!((playback.position.as_millis(), playback.at_edge), (0, false));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_live_room_that_plays_stays_within_the_window(history in histories()) {
        for turn in history.turns() {
            let room = &turn.after;
            let Some(edge) = room.live_edge() else { continue };
            let starts = room.playback.anchor_at.max(room.at);
            for ms in [0, 1, 150, 1_000, 10_000, 60_000, 86_400_000] {
                let t = starts.plus_millis(ms);
                let position = room.expected(t);
                let within = edge.earliest(t) <= position && position <= edge.latest(t);
                prop_assert!(within || room.playback.status != Status::Playing, "{position:?} at {t:?}");
            }
            if let Command::Seek { to_ms } = turn.request.command && turn.outcome.is_ok() {
                let to = u64::try_from(to_ms).expect("a position that was accepted");
                let now = turn.facts.now.max(turn.before.at);
                let window = edge.earliest(now).as_millis()..=edge.latest(now).as_millis();
                let duplicate = matches!(turn.outcome, Ok(Decision::Duplicate(_)));
                prop_assert!(duplicate || window.contains(&to), "{to} is not in {window:?}");
            }
        }
    }
}
