//! New addresses of the same media.

use engine::{Command, Event, MediaCause, MediaId, Room, Source};
use proptest::prelude::{prop_assert_eq, proptest};

use crate::history::histories;
use crate::laws::{commits, config};
use crate::story::{HOST, Party, SERVER, quality, refreshed};

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

fn source(room: &Room) -> Source {
    room.media.as_deref().expect("there is media").source.clone()
}
