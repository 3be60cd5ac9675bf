//! Media in which players can't jump: they begin at the start and move on from there.

use engine::{Command, Media, Rejection, Status};
use proptest::prelude::{prop_assert, proptest};

use crate::history::{Turn, histories};
use crate::laws::{commits, config};
use crate::story::{DURATION_MS, HOST, Party, media, seek, set_media};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_stop_lies_at_most_as_far_ahead_as_the_longest_lead(history in histories()) {
        for (turn, commit) in commits(&history) {
            if stops_ahead(&turn) {
                let earliest = turn.before.expected(commit.at);
                let latest = turn.before.expected(commit.at.plus_millis(1_500));
                let position = turn.after.playback.position;
                prop_assert!((earliest..=latest).contains(&position), "{position:?}");
            }
        }
    }
}

/// Whether a commit stops media in which players can't go back to where it was.
pub(crate) fn stops_ahead(turn: &Turn) -> bool {
    let jumps = turn.before.media.as_ref().is_none_or(|media| media.source.control.seek);
    let stops = matches!(turn.after.playback.status, Status::Paused | Status::Waiting);
    let moves = matches!(
        turn.request.command,
        Command::Seek { .. } | Command::SetMedia { .. } | Command::Ended { .. }
    );
    !jumps && !moves && stops && turn.before.playback.status == Status::Playing
}

/// Whether a commit tells a room that has ended where the end really was.
pub(crate) fn ends_earlier(turn: &Turn) -> bool {
    let is_over = turn.before.playback.status == Status::Ended;
    is_over && matches!(turn.request.command, Command::Measured(_))
}

#[test]
fn where_players_can_not_jump_a_seek_only_starts_anew() {
    let mut party = Party::live();
    party.does(HOST, set_media(without_jumps()));
    assert_eq!(party.rejects(HOST, seek(5_000)), Rejection::SeekUnavailable);
    let rejection = party.rejects(HOST, seek(60_001));
    assert!(matches!(rejection, Rejection::PositionOutOfRange { .. }), "{rejection:?}");
    party.does(HOST, Command::Play);
    party.later(5_000);
    assert_eq!(party.rejects(HOST, seek(4_000)), Rejection::SeekUnavailable);
    assert_eq!((party.playback().status, party.position()), (Status::Playing, 5_000));
    party.does(HOST, seek(0));
    assert_eq!(party.position(), 0);
}

#[test]
fn where_players_can_not_go_back_a_pause_lies_as_far_ahead_as_they_need_to_hear_of_it() {
    let mut party = Party::live();
    party.does(HOST, set_media(without_jumps()));
    party.does(HOST, Command::Play);
    party.later(5_000);
    party.ready_capable(2);
    party.facts.rtt_ms = 80;
    party.does(HOST, Command::Pause);
    assert_eq!((party.playback().status, party.position()), (Status::Paused, 5_190));
    party.changes_nothing(HOST, seek(5_190));
    // Not beyond the end, and not at all if nobody follows.
    party.does(HOST, Command::Play);
    party.later(54_900);
    party.does(HOST, Command::Pause);
    assert_eq!(party.position(), DURATION_MS);
    party.does(HOST, seek(0));
    party.ready_capable(0);
    party.does(HOST, Command::Play);
    party.later(1_000);
    party.does(HOST, Command::Pause);
    assert_eq!(party.position(), 1_000);
}

/// Media in which players can't jump.
fn without_jumps() -> Media {
    let mut media = media("m_1", Some(DURATION_MS));
    media.source.control.seek = false;
    media
}
