//! What a player of the host or a co-host measures betters an estimate, once.

use engine::{
    Command, DurationOrigin, Event, Measurement, MediaCause, MediaId, Origin, Position, Rejection,
    Status, Timeline, TimelineKind,
};

use crate::story::{
    CO_HOST, DURATION_MS, GUEST, HOST, Party, ended, live_media, measured, media, seek, set_media,
};

/// A party that watches media whose playlist states `DURATION_MS`.
fn party() -> Party {
    let mut party = Party::live();
    let mut guessed = media("m_1", Some(DURATION_MS));
    guessed.source.duration_origin = DurationOrigin::Playlist;
    party.does(HOST, set_media(guessed));
    party
}

fn duration(party: &Party) -> (u64, DurationOrigin) {
    let source = &party.room.media.as_ref().expect("media").source;
    (source.duration.expect("a duration").as_millis(), source.duration_origin)
}

fn origin(timestamp: i64) -> Origin {
    Origin { discontinuity: 0, start: Position::START, timestamp, timescale: 90_000 }
}

fn origin_of(media_id: &str, origin: Origin) -> Command {
    let media_id = MediaId::new(media_id);
    Command::Measured(Measurement { media_id, duration: None, origin: Some(origin) })
}

#[test]
fn a_measured_duration_replaces_an_estimate_and_leaves_playback_as_it_is() {
    let mut party = party();
    party.does(HOST, Command::Play);
    party.later(1_000);
    let before = party.playback().clone();
    let commit = party.does(CO_HOST, measured("m_1", Some(72_000)));
    let Event::MediaChanged { cause: MediaCause::Measured, by: Some(by), .. } = &commit.event
    else {
        panic!("{:?}", commit.event)
    };
    assert_eq!(by.as_str(), CO_HOST);
    assert_eq!(duration(&party), (72_000, DurationOrigin::Measured));
    assert_eq!(*party.playback(), before);
    party.does(HOST, seek(72_000));
    let rejection = party.rejects(HOST, seek(72_001));
    assert!(matches!(rejection, Rejection::PositionOutOfRange { .. }), "{rejection:?}");
}

#[test]
fn only_the_first_report_of_somebody_who_commands_playback_counts() {
    let mut party = party();
    assert_eq!(party.rejects(GUEST, measured("m_1", Some(61_000))), Rejection::NotHost);
    party.changes_nothing(HOST, measured("m_2", Some(61_000)));
    party.does(HOST, measured("m_1", Some(61_000)));
    party.changes_nothing(CO_HOST, measured("m_1", Some(62_000)));
    assert_eq!(duration(&party), (61_000, DurationOrigin::Measured));
}

#[test]
fn a_measured_duration_lies_near_the_estimate_and_not_below_what_was_sought() {
    let mut party = party();
    for far in [DURATION_MS + 30_001, DURATION_MS - 30_001, u64::MAX] {
        party.changes_nothing(HOST, measured("m_1", Some(far)));
    }
    party.does(HOST, seek(50_000));
    party.changes_nothing(HOST, measured("m_1", Some(49_999)));
    party.does(HOST, Command::Play);
    party.later(2_000);
    party.changes_nothing(HOST, measured("m_1", Some(51_999)));
    party.does(HOST, measured("m_1", Some(52_000)));
    assert_eq!(duration(&party), (52_000, DurationOrigin::Measured));
}

#[test]
fn a_long_estimate_may_be_off_by_a_third() {
    let mut party = Party::live();
    let mut guessed = media("m_1", Some(1_000_000));
    guessed.source.duration_origin = DurationOrigin::Header;
    party.does(HOST, set_media(guessed));
    party.changes_nothing(HOST, measured("m_1", Some(1_333_334)));
    party.does(HOST, measured("m_1", Some(1_333_333)));
}

#[test]
fn an_unknown_duration_is_measured_but_not_below_what_has_played() {
    let mut party = Party::live();
    let mut unknown = media("m_1", None);
    unknown.source.live = false;
    party.does(HOST, set_media(unknown));
    party.does(HOST, seek(50_000));
    party.changes_nothing(HOST, measured("m_1", Some(49_999)));
    assert_eq!(party.rejects(GUEST, measured("m_1", Some(7_200_000))), Rejection::NotHost);
    party.does(HOST, measured("m_1", Some(7_200_000)));
    assert_eq!(duration(&party), (7_200_000, DurationOrigin::Measured));
    party.changes_nothing(CO_HOST, measured("m_1", Some(7_100_000)));
    let rejection = party.rejects(HOST, seek(7_200_001));
    assert!(matches!(rejection, Rejection::PositionOutOfRange { .. }), "{rejection:?}");
}

#[test]
fn a_live_source_has_no_duration_to_measure() {
    let mut party = Party::live();
    party.does(HOST, set_media(live_media("m_1", 20_000, 6_000)));
    party.changes_nothing(HOST, measured("m_1", Some(7_200_000)));
}

#[test]
fn the_end_of_an_over_told_film_is_measured_when_it_has_ended() {
    let mut party = party();
    party.does(HOST, Command::Play);
    party.later(55_000);
    party.does(HOST, ended("m_1"));
    party.does(HOST, measured("m_1", Some(55_000)));
    assert_eq!(duration(&party), (55_000, DurationOrigin::Measured));
    assert_eq!(party.position(), 55_000);
}

#[test]
fn an_exact_duration_is_not_measured() {
    let mut party = Party::watching();
    party.changes_nothing(HOST, measured("m_1", Some(DURATION_MS + 1)));
}

#[test]
fn an_estimate_does_not_stop_the_playhead() {
    let mut party = party();
    party.does(HOST, Command::Play);
    party.later(DURATION_MS + 5_000);
    assert_eq!(party.room.expected(party.facts.now).as_millis(), DURATION_MS + 5_000);
    let rejection = party.rejects(HOST, seek(DURATION_MS as i64 + 5_001));
    assert!(matches!(rejection, Rejection::PositionOutOfRange { .. }), "{rejection:?}");
    party.does(HOST, ended("m_1"));
    let playback = party.playback();
    assert_eq!(
        (playback.status, playback.position.as_millis()),
        (Status::Ended, DURATION_MS + 5_000)
    );
}

#[test]
fn an_origin_is_measured_once_where_none_could_be_read() {
    let mut party = party();
    assert_eq!(party.rejects(GUEST, origin_of("m_1", origin(7))), Rejection::NotHost);
    let later = Origin { start: Position::from_millis(1), ..origin(7) };
    party.changes_nothing(HOST, origin_of("m_1", later));
    party.changes_nothing(HOST, origin_of("m_1", Origin { timescale: 0, ..origin(7) }));
    party.does(HOST, origin_of("m_1", origin(126_000)));
    party.changes_nothing(HOST, origin_of("m_1", origin(7)));
    let timeline = &party.room.media.as_ref().expect("media").source.timeline;
    let found = Timeline::of(TimelineKind::Media, vec![origin(126_000)]);
    assert_eq!(*timeline, found);
}

#[test]
fn what_is_known_of_a_timeline_is_stored() {
    let mut party = party();
    party.does(HOST, measured("m_1", Some(61_000)));
    party.does(HOST, origin_of("m_1", origin(-5)));
    let stored = serde_json::to_string(&party.room).expect("plain data");
    assert!(stored.contains(r#""duration_origin":"measured""#), "{stored}");
    assert_eq!(serde_json::from_str::<engine::Room>(&stored).expect("a room"), party.room);
}
