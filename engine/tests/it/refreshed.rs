//! New addresses of the same media.

use engine::{
    Command, Event, MediaCause, MediaId, Position, Room, Source, Span, Timeline, TimelineKind,
};
use proptest::prelude::{prop_assert_eq, proptest};

use crate::history::histories;
use crate::laws::{commits, config};
use crate::story::{HOST, Party, SERVER, media, origins_read, quality, refreshed, seek, set_media};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn new_addresses_of_the_media_change_nothing_else(history in histories()) {
        for (turn, commit) in commits(&history) {
            let Event::MediaChanged { cause: MediaCause::Refreshed, .. } = commit.event else {
                continue;
            };
            let mut expected = turn.before.clone();
            (expected.media, expected.version) = (turn.after.media.clone(), turn.after.version);
            (expected.at, expected.ops) = (turn.after.at, turn.after.ops.clone());
            prop_assert_eq!(&expected, &turn.after);
            let delivery = source(&turn.after).delivery;
            prop_assert_eq!(Source { delivery, ..source(&turn.before) }, source(&turn.after));
        }
    }
}

#[test]
fn new_addresses_replace_those_that_lapsed_and_nothing_else() {
    let mut party = Party::playing();
    party.later(5_000);
    party.does(HOST, quality(Some("v0")));
    let before = party.room.clone();
    let commit = party.does(SERVER, refreshed("m_1", 1));
    let Event::MediaChanged { cause: MediaCause::Refreshed, by: None, playback, .. } =
        &commit.event
    else {
        panic!("{:?}", commit.event)
    };
    assert_eq!(*playback, before.playback);
    let (was, is) = (source(&before), source(&party.room));
    assert_ne!(is.delivery, was.delivery);
    assert_eq!(Source { delivery: was.delivery.clone(), ..is }, was);
    party.changes_nothing(SERVER, refreshed("m_1", 1));
    party.changes_nothing(SERVER, refreshed("m_2", 2));
    party.changes_nothing(
        SERVER,
        Command::Refreshed { media_id: MediaId::new("m_1"), delivery: vec![] },
    );
}

#[test]
fn further_origins_are_added_where_they_were_not_read_and_playback_stays() {
    let mut party = with_origins();
    party.does(HOST, Command::Play);
    let before = party.room.clone();
    assert_eq!(unread(&party, 0, 500_000), Some(80_000));
    assert_eq!(unread(&party, 0, 80_000), None);
    let commit = party.does(SERVER, origins_read("m_1", &[80_000, 90_000], 80_000..100_000));
    let Event::MediaChanged { cause: MediaCause::Refreshed, by: None, playback, .. } =
        &commit.event
    else {
        panic!("{:?}", commit.event)
    };
    assert_eq!(*playback, before.playback);
    assert_eq!(starts(&party), [0, 10_000, 80_000, 90_000]);
    assert_eq!(unread(&party, 0, 500_000), Some(100_000));
    party.changes_nothing(SERVER, origins_read("m_1", &[80_000], 80_000..100_000));
    party.changes_nothing(SERVER, origins_read("m_2", &[100_000], 100_000..120_000));
}

#[test]
fn a_part_that_was_skipped_is_still_unread() {
    let mut party = with_origins();
    party.does(SERVER, origins_read("m_1", &[300_000], 300_000..400_000));
    assert_eq!(unread(&party, 0, 500_000), Some(80_000));
    assert_eq!(unread(&party, 310_000, 320_000), None);
    party.does(SERVER, origins_read("m_1", &[], 80_000..300_000));
    assert_eq!(unread(&party, 0, 400_000), None);
}

#[test]
fn of_too_many_origins_those_near_the_playhead_are_kept_and_the_others_are_unread_again() {
    let mut party = with_origins();
    let far: Vec<u64> = (1..=70).map(|n| 100_000 + n * 1_000).collect();
    party.does(HOST, seek(170_000));
    party.does(SERVER, origins_read("m_1", &far, 80_000..200_000));
    let starts = starts(&party);
    assert_eq!((starts.len(), starts[0], starts[63]), (64, 107_000, 170_000));
    assert_eq!(unread(&party, 0, 1_000), Some(0));
    assert_eq!(unread(&party, 107_000, 200_000), None);
}

#[test]
fn a_timeline_that_was_read_whole_takes_no_further_origins() {
    let mut party = Party::live();
    let mut film = media("m_1", Some(600_000));
    film.source.timeline.kind = TimelineKind::Media;
    party.does(HOST, set_media(film));
    assert_eq!(unread(&party, 0, 600_000), None);
    party.changes_nothing(SERVER, origins_read("m_1", &[80_000], 80_000..100_000));
}

#[test]
fn a_timeline_of_which_nothing_could_be_read_counts_the_playlist_until_an_origin_is() {
    let mut party = Party::live();
    let mut film = media("m_1", Some(600_000));
    film.source.timeline = Timeline::unread();
    party.does(HOST, set_media(film));
    assert_eq!(unread(&party, 0, 60_000), Some(0));
    party.does(SERVER, origins_read("m_1", &[], 0..10_000));
    assert_eq!(source(&party.room).timeline.kind, TimelineKind::Playlist);
    party.does(SERVER, origins_read("m_1", &[10_000, 20_000], 10_000..80_000));
    assert_eq!(source(&party.room).timeline.kind, TimelineKind::Media);
    assert_eq!((starts(&party), unread(&party, 0, 500_000)), (vec![10_000, 20_000], Some(80_000)));
    party.changes_nothing(SERVER, origins_read("m_1", &[0], 0..10_000));
}

/// A party that watches media of ten minutes whose timeline was read for 80 s.
fn with_origins() -> Party {
    let mut party = Party::live();
    let mut film = media("m_1", Some(600_000));
    film.source.timeline.kind = TimelineKind::Media;
    let Command::OriginsRead { reading, .. } = origins_read("m_1", &[0, 10_000], 0..80_000) else {
        panic!("it reads origins")
    };
    film.source.timeline.origins = reading.origins;
    film.source.timeline.read = vec![reading.span];
    party.does(HOST, set_media(film));
    party
}

fn starts(party: &Party) -> Vec<u64> {
    let origins = source(&party.room).timeline.origins;
    origins.iter().map(|origin| origin.start.as_millis()).collect()
}

fn unread(party: &Party, from_ms: u64, until_ms: u64) -> Option<u64> {
    let span = Span::new(Position::from_millis(from_ms), Position::from_millis(until_ms));
    source(&party.room).timeline.unread_in(span).map(Position::as_millis)
}

fn source(room: &Room) -> Source {
    room.media.as_deref().expect("there is media").source.clone()
}
