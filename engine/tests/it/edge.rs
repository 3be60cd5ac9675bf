//! Live sources whose playlist is read again: the edge is corrected where it is off, and the end of the
//! stream makes a film of it.

use engine::{
    Command, Commit, DurationOrigin, Event, LiveEdge, MediaCause, MediaId, Position, Rejection,
    Status, TimelineKind,
};

use crate::story::{
    HOST, Party, SERVER, T0, at, ended, live_media, media, seek, set_media, set_rate,
};

const WINDOW_MS: u64 = 20_000;
const HOLD_BACK_MS: u64 = 6_000;

/// What was read at `at_ms` of the room clock: the position of the edge, and how long the window is.
pub(crate) fn edge_read(media_id: &str, at_ms: u64, edge_ms: u64, window_ms: u64) -> Command {
    let edge = LiveEdge {
        position: Position::from_millis(edge_ms),
        at: at(at_ms),
        window_ms,
        hold_back_ms: HOLD_BACK_MS,
        keeps_all: false,
    };
    Command::EdgeRead { media_id: MediaId::new(media_id), edge }
}

/// The live source has become the film `m_film` of 20 s.
pub(crate) fn finished(media_id: &str, ends_ms: Option<u64>) -> Command {
    let mut film = media("m_film", Some(WINDOW_MS));
    film.source.duration_origin = DurationOrigin::Playlist;
    let ends = ends_ms.map(Position::from_millis);
    Command::Finished { media_id: MediaId::new(media_id), media: Box::new(film), ends }
}

/// A party that has played a live source for a minute, at its edge.
fn playing_live() -> Party {
    let mut party = Party::live();
    party.does(HOST, set_media(live_media("m_1", WINDOW_MS, HOLD_BACK_MS)));
    party.does(HOST, Command::Play);
    party.later(60_000);
    party
}

/// The playlist says now that the edge is so much behind where the room has it.
fn read_behind(party: &Party, behind_ms: u64) -> Command {
    let now_ms = party.facts.now.as_millis();
    edge_read("m_1", now_ms, now_ms - behind_ms, WINDOW_MS)
}

fn cause(commit: &Commit) -> MediaCause {
    match &commit.event {
        Event::MediaChanged { cause, by: None, .. } => *cause,
        other => panic!("no change of media by the server but {other:?}"),
    }
}

fn behind(party: &Party) -> u64 {
    party.facts.now.as_millis() - party.position()
}

#[test]
fn an_edge_that_is_off_is_corrected_and_the_room_keeps_its_distance_from_it() {
    let mut party = playing_live();
    let read = read_behind(&party, 40_000);
    let commit = party.does(SERVER, read.clone());
    assert_eq!(cause(&commit), MediaCause::EdgeMoved);
    assert_eq!((party.playback().status, behind(&party)), (Status::Playing, 40_000 + HOLD_BACK_MS));
    party.changes_nothing(SERVER, read);
    party.later(10_000);
    assert_eq!(behind(&party), 40_000 + HOLD_BACK_MS);
    let latest = i64::try_from(party.position()).expect("fits");
    let rejection = party.rejects(HOST, seek(latest + 1));
    assert!(matches!(rejection, Rejection::OutsideWindow { .. }), "{rejection:?}");
}

#[test]
fn a_room_at_the_edge_follows_one_that_has_run_ahead() {
    let mut party = playing_live();
    let now_ms = party.facts.now.as_millis();
    party.does(SERVER, edge_read("m_1", now_ms, now_ms + 3_600_000, WINDOW_MS));
    assert_eq!(party.position(), now_ms + 3_600_000 - HOLD_BACK_MS);
}

#[test]
fn playback_that_the_window_still_holds_stays_as_it_is() {
    let mut party = playing_live();
    let to_ms = party.facts.now.as_millis() - 15_000;
    party.does(HOST, seek(i64::try_from(to_ms).expect("fits")));
    let before = party.playback().clone();
    party.does(SERVER, read_behind(&party, 5_000));
    assert_eq!(*party.playback(), before);
}

#[test]
fn a_reading_within_half_of_the_hold_back_or_of_other_media_changes_nothing() {
    let mut party = playing_live();
    for behind_ms in [0, 1_999, HOLD_BACK_MS / 2] {
        let read = read_behind(&party, behind_ms);
        party.changes_nothing(SERVER, read);
    }
    let now_ms = party.facts.now.as_millis();
    party.changes_nothing(SERVER, edge_read("m_2", now_ms, now_ms - 40_000, WINDOW_MS));
    party.changes_nothing(SERVER, edge_read("m_1", now_ms, now_ms, WINDOW_MS + 3_000));
    let longer = edge_read("m_1", now_ms, now_ms, 3_600_000);
    assert_eq!(cause(&party.does(SERVER, longer)), MediaCause::EdgeMoved);
}

#[test]
fn without_dates_only_the_window_is_corrected() {
    let mut party = Party::live();
    let mut undated = live_media("m_1", WINDOW_MS, HOLD_BACK_MS);
    undated.source.timeline.kind = TimelineKind::Playlist;
    party.does(HOST, set_media(undated));
    party.does(HOST, Command::Play);
    party.later(60_000);
    let (now_ms, position) = (party.facts.now.as_millis(), party.position());
    party.changes_nothing(SERVER, edge_read("m_1", now_ms, 22_000, 22_000));
    party.does(SERVER, edge_read("m_1", now_ms, 600_000, 600_000));
    assert_eq!(party.position(), position);
    party.does(HOST, seek(i64::try_from(now_ms - 600_000).expect("fits")));
}

#[test]
fn a_rate_still_ends_at_the_edge_after_that_has_moved() {
    let mut party = playing_live();
    let to_ms = party.facts.now.as_millis() - 16_000;
    party.does(HOST, seek(i64::try_from(to_ms).expect("fits")));
    party.does(HOST, set_rate(1_500));
    party.later(2_000);
    party.does(SERVER, read_behind(&party, 5_000));
    // It is 15 s behind now, and the window ends 11 s behind.
    assert_eq!(party.room.deadline(), Some(party.facts.now.plus_millis(8_000)));
    party.later(8_000);
    party.does(SERVER, Command::Deadline);
    assert_eq!(behind(&party), 5_000 + HOLD_BACK_MS);
}

#[test]
fn a_live_source_that_ended_is_a_film_at_the_same_picture() {
    let mut party = playing_live();
    party.does(HOST, Command::Pause);
    let ends_ms = party.position() + 8_000;
    let commit = party.does(SERVER, finished("m_1", Some(ends_ms)));
    assert_eq!(cause(&commit), MediaCause::Finished);
    let playback = party.playback().clone();
    assert_eq!((playback.status, party.position()), (Status::Paused, WINDOW_MS - 8_000));
    assert_eq!(playback.media_id, Some(MediaId::new("m_film")));
    party.does(HOST, seek(0));
    party.changes_nothing(SERVER, finished("m_1", Some(ends_ms)));
}

#[test]
fn a_room_that_plays_goes_on_in_the_film_and_one_that_had_seen_its_end_is_at_the_end() {
    let mut party = playing_live();
    let mut waiting = party.clone();
    let mut late = party.clone();
    let ends_ms = party.position() + 8_000;
    party.does(SERVER, finished("m_1", Some(ends_ms)));
    assert_eq!((party.playback().status, party.position()), (Status::Playing, WINDOW_MS - 8_000));
    waiting.ready_capable(1);
    waiting.does(SERVER, finished("m_1", Some(ends_ms)));
    assert_eq!(
        (waiting.playback().status, waiting.position()),
        (Status::Waiting, WINDOW_MS - 8_000)
    );
    late.later(8_000);
    late.does(SERVER, finished("m_1", Some(ends_ms)));
    assert_eq!((late.playback().status, late.position()), (Status::Ended, WINDOW_MS));
}

#[test]
fn a_room_that_has_ended_with_the_stream_stays_at_its_end() {
    let mut party = playing_live();
    party.does(HOST, ended("m_1"));
    party.does(SERVER, finished("m_1", Some(T0)));
    assert_eq!((party.playback().status, party.position()), (Status::Ended, WINDOW_MS));
    party.does(HOST, seek(1_000));
    assert_eq!((party.playback().status, party.position()), (Status::Paused, 1_000));
}

#[test]
fn a_film_that_nobody_has_played_live_begins_at_its_start() {
    let mut party = Party::live();
    party.does(HOST, set_media(live_media("m_1", WINDOW_MS, HOLD_BACK_MS)));
    party.does(SERVER, finished("m_1", Some(T0)));
    assert_eq!((party.playback().status, party.position()), (Status::Paused, 0));
}
