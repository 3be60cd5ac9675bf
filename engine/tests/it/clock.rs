//! Room time, even if the clock passed in goes back or very far ahead.

use engine::{Command, Position, Rate, Status, Timestamp};

use crate::story::{DURATION_MS, HOST, Party, SERVER, T0, at, media, rate, seek, set_media};

#[test]
fn a_clock_that_goes_back_does_not_move_the_playhead_back() {
    let mut party = Party::playing();
    party.later(10_000);
    party.does(HOST, seek(30_000));
    let last = party.facts.now;
    party.facts.now = at(T0);
    let commit = party.does(HOST, Command::Pause);
    assert_eq!((commit.at, party.playback().anchor_at), (last, last));
    assert_eq!(party.position(), 30_000);
}

#[test]
fn a_deadline_counts_from_room_time_even_if_the_clock_goes_back() {
    let mut party = Party::watching();
    party.later(10_000);
    party.does(HOST, seek(1_000));
    let last = party.facts.now;
    party.facts.now = at(T0);
    party.ready_capable(1);
    party.does(HOST, Command::Play);
    let barrier = party.playback().waiting.as_ref().expect("a barrier");
    assert_eq!(barrier.deadline, last.plus_millis(3_000));
    party.changes_nothing(SERVER, Command::Deadline);
}

#[test]
fn before_its_anchor_a_playhead_stands_still() {
    let party = Party::playing();
    assert_eq!(party.room.expected(at(0)), Position::START);
}

#[test]
fn at_the_end_of_time_nothing_overflows() {
    let mut party = Party::playing();
    party.facts.now = at(u64::MAX);
    assert_eq!(party.position(), DURATION_MS);
    party.does(SERVER, Command::HostLost);
    assert_eq!(party.room.deadline(), Some(at(u64::MAX)));
    party.does(HOST, set_media(media("m_live", None)));
    party.does(HOST, Command::Play);
    assert_eq!(party.playback().status, Status::Playing);
    let far = Position::from_millis(u64::MAX - 1);
    assert_eq!(far.advance(u64::MAX, rate(4_000)).as_millis(), u64::MAX);
}

#[test]
fn a_position_advances_by_whole_milliseconds() {
    let start = Position::from_millis(100);
    assert_eq!(start.advance(1_000, Rate::NORMAL).as_millis(), 1_100);
    assert_eq!(start.advance(999, rate(250)).as_millis(), 349);
    assert_eq!(start.advance(3, rate(1_500)).as_millis(), 104);
    assert_eq!(Timestamp::from_millis(5).millis_since(at(9)), 0);
}
