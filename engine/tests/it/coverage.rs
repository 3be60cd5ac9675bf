//! Checks that the histories cover everything, so that no law holds for want of cases.

use std::collections::BTreeSet;

use engine::{Decision, Event};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::history::{Turn, histories};
use crate::story::name_of;

#[test]
fn histories_cover_every_outcome_and_every_event() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..600 {
        let history = histories().new_tree(&mut runner).expect("a history").current();
        for turn in history.turns() {
            seen.insert(label(&turn));
        }
    }
    let missing: Vec<&str> =
        EVERYTHING.iter().copied().filter(|label| !seen.contains(*label)).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}; happened: {seen:?}");
}

/// Every outcome of a request, and every event with its cause and the state that it leads to.
const EVERYTHING: [&str; 48] = [
    "duplicate",
    "unchanged",
    "NotHost",
    "Forbidden",
    "NoMedia",
    "MediaEnded",
    "PositionOutOfRange",
    "OutsideWindow",
    "SeekUnavailable",
    "QualityUnavailable",
    "TrackUnavailable",
    "VersionConflict",
    "StaleFence",
    "IdReused",
    "RoomClosed",
    "media SetMedia",
    "media Measured",
    "media Refreshed",
    "media EdgeMoved",
    "media Finished",
    "role",
    "room",
    "rebased",
    "host Transfer",
    "host Return",
    "playback Play Playing",
    "playback Play Waiting",
    "playback Pause Paused",
    "playback Seek Paused",
    "playback Seek Playing",
    "playback Seek Waiting",
    "playback SetRate Playing",
    "playback ChangeQuality Playing",
    "playback ChangeSubtitle Playing",
    "playback ChangeAudio Playing",
    "playback Ended Ended",
    "playback Ready Playing",
    "playback Deadline Playing",
    "playback Rebuffer Waiting",
    "playback WindowEnd Playing",
    "life HostConnected Live",
    "life HostLost Grace",
    "life GraceEnded Live",
    "life GraceEnded Expired",
    "life Idle Expired",
    "life Deleted Expired",
    "life NeverStarted Expired",
    "life Retention Deleted",
];

fn label(turn: &Turn) -> String {
    let commit = match &turn.outcome {
        Err(rejection) => return name_of(rejection),
        Ok(Decision::Duplicate(_)) => return "duplicate".to_owned(),
        Ok(Decision::Unchanged) => return "unchanged".to_owned(),
        Ok(Decision::Commit(commit)) => commit,
    };
    match &commit.event {
        Event::PlaybackChanged { cause, playback, .. } => {
            format!("playback {cause:?} {:?}", playback.status)
        }
        Event::MediaChanged { cause, .. } => format!("media {cause:?}"),
        Event::HostChanged { cause, .. } => format!("host {cause:?}"),
        Event::RoleChanged { .. } => "role".to_owned(),
        Event::RoomChanged { .. } => "room".to_owned(),
        Event::LifecycleChanged { cause, lifecycle, .. } => {
            format!("life {cause:?} {:?}", lifecycle.state)
        }
        Event::Rebased { .. } => "rebased".to_owned(),
    }
}
