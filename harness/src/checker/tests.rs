//! For each invariant, histories that keep it and histories that break it.

mod run;

use contracts::{Outcome, Playback, Status};
use serde_json::json;

use self::run::*;
use super::*;
use crate::history::{Entry, Fact, History};

#[test]
fn a_good_run_keeps_every_invariant_that_it_observes() {
    let report = check(&good_run().history(), Promises { strong: true });
    assert!(report.is_clean(), "{report}");
    for id in ["S1", "S2", "S3", "S4", "S5", "S6", "S8", "S10", "S11", "S19", "S22"] {
        assert!(report.find(id).unwrap().is_held(), "{id}\n{report}");
    }
    let shown = report.to_string();
    for id in ["S7", "S12", "S13", "S14", "S16"] {
        let line = shown.lines().find(|line| line.starts_with(&format!("{id} "))).unwrap();
        assert!(line.ends_with("not observed"), "{line}");
    }
    assert!(check(&good_run().history(), Promises::default()).find("S5").is_none());
}

#[test]
fn a_history_is_read_back_as_it_was_written() {
    let history = good_run().history();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.jsonl");
    history.write(&path).unwrap();
    assert_eq!(History::read(&path).unwrap(), history);
}

#[test]
fn s1_finds_different_events_states_and_rebuilds_at_one_place() {
    let mut run = Run::new();
    run.received("ana", &playback_changed(1, 2, "pause", &paused(500)));
    run.received("bo", &playback_changed(1, 2, "pause", &paused(501)));
    assert_broken(&agreement(&run.history()), 2);

    let mut run = Run::new();
    run.received("ana", &playback_changed(1, 2, "seek", &paused(500)));
    run.received("late", &welcome(1, 2, &paused(400)));
    assert_broken(&agreement(&run.history()), 1);

    let mut run = Run::new();
    run.received("ana", &rebased(2, 3, (1, 2), false));
    run.received("bo", &rebased(2, 3, (1, 1), true));
    assert_broken(&agreement(&run.history()), 1);
}

#[test]
fn s2_finds_a_session_that_goes_back() {
    for frame in [
        playback_changed(1, 1, "pause", &paused(0)),
        welcome(1, 0, &paused(0)),
        rebased(0, 9, (0, 8), true),
    ] {
        let mut run = Run::new();
        run.received("ana", &frame);
        assert_broken(&monotonic(&run.history()), 1);
    }
    let mut run = Run::new();
    run.received("ana", &welcome(1, 1, &paused(0)));
    assert_held(&monotonic(&run.history()));
}

#[test]
fn s3_finds_a_second_effect_and_a_second_answer() {
    let mut run = Run::new();
    run.committed("x", 1, 2);
    run.committed("x", 1, 3);
    assert_broken(&exactly_once(&run.history()), 1);

    let mut run = Run::new();
    run.acked("x", 1, 2, false);
    run.acked("x", 1, 3, true);
    assert_broken(&exactly_once(&run.history()), 1);

    let mut run = Run::new();
    run.acked("x", 1, 3, false);
    run.committed("x", 1, 2);
    assert_broken(&exactly_once(&run.history()), 1);
}

#[test]
fn s3_allows_a_second_effect_only_if_the_first_was_announced_as_lost() {
    for (lost, broken) in [(true, 0), (false, 1)] {
        let mut run = Run::new();
        run.committed("x", 1, 2);
        run.received("ana", &rebased(2, 2, (1, 1), lost));
        run.committed("x", 2, 3);
        assert_eq!(exactly_once(&run.history()).broken, broken, "lost: {lost}");
    }
}

#[test]
fn s4_finds_a_silent_loss_and_allows_an_announced_one() {
    for (lost, broken) in [(true, 0), (false, 1)] {
        let mut run = Run::new();
        run.acked("x", 1, 2, false);
        run.received("ana", &rebased(2, 2, (1, 1), lost));
        let verdict = honest_loss(&run.history());
        assert_eq!((verdict.facts, verdict.broken), (1, broken), "lost: {lost}");
        assert_broken(&strong(&run.history()), 1);
    }
    let mut run = Run::new();
    run.acked("x", 1, 2, false);
    run.received("ana", &rebased(2, 3, (1, 2), false));
    run.acked("y", 2, 4, false);
    assert_held(&honest_loss(&run.history()));
    assert_held(&strong(&run.history()));
}

#[test]
fn s4_finds_a_session_that_saw_more_than_was_kept() {
    let mut run = Run::new();
    run.received("ana", &playback_changed(1, 2, "pause", &paused(0)));
    run.received("ana", &welcome(2, 2, &paused(0)));
    run.received("ana", &rebased(2, 2, (1, 1), false));
    run.received("bo", &rebased(2, 2, (1, 1), false));
    let verdict = honest_loss(&run.history());
    assert_eq!(verdict.broken, 1, "{:?}", verdict.violations);
}

#[test]
fn s4_and_s5_find_a_store_that_holds_less_than_was_acknowledged() {
    let mut run = Run::new();
    run.acked("x", 1, 2, false);
    run.stored(place(1, 1), Some(place(1, 1)), None);
    assert_broken(&honest_loss(&run.history()), 1);
    assert_broken(&strong(&run.history()), 1);
}

#[test]
fn s6_finds_gaps_repetitions_and_a_missing_snapshot() {
    for version in [1, 3] {
        let mut run = Run::new();
        run.received("ana", &playback_changed(1, version, "pause", &paused(0)));
        assert_broken(&gapless(&run.history()), 1);
    }
    let mut run = Run::new();
    run.received("nobody", &playback_changed(1, 2, "pause", &paused(0)));
    assert_broken(&gapless(&run.history()), 1);
    let mut run = Run::new();
    run.received("ana", &playback_changed(2, 2, "pause", &paused(0)));
    assert_broken(&gapless(&run.history()), 1);

    let mut run = Run::new();
    run.received("ana", &welcome(1, 7, &paused(0)));
    run.received("ana", &playback_changed(1, 8, "pause", &paused(0)));
    run.received("ana", &rebased(2, 9, (1, 8), false));
    run.received("ana", &playback_changed(2, 10, "pause", &paused(0)));
    run.received("ana", &rebased(2, 9, (1, 8), false));
    run.received("ana", &playback_changed(2, 11, "pause", &paused(0)));
    assert_held(&gapless(&run.history()));
}

#[test]
fn s7_finds_an_epoch_that_sql_did_not_issue_and_one_that_decreased() {
    let mut run = Run::new();
    run.fact(Fact::EpochIssued { epoch: 1 });
    run.received("ana", &rebased(2, 2, (1, 1), false));
    run.fact(Fact::EpochIssued { epoch: 2 });
    assert_held(&epoch_source(&run.history()));
    run.received("ana", &rebased(3, 3, (2, 2), false));
    run.fact(Fact::EpochIssued { epoch: 2 });
    assert_broken(&epoch_source(&run.history()), 1);
    run.fact(Fact::EpochIssued { epoch: 1 });
    assert!(epoch_source(&run.history()).broken > 1);
}

#[test]
fn s8_finds_two_hosts_of_one_fence_and_a_fence_that_does_not_increase() {
    let mut run = Run::new();
    run.received("ana", &host_changed(1, 2, "bo", 2));
    assert_held(&single_authority(&run.history()));
    run.received("ana", &host_changed(1, 3, "cy", 2));
    // The fence both names two hosts and doesn't increase.
    assert_broken(&single_authority(&run.history()), 2);

    let mut run = Run::new();
    run.received("ana", &host_changed(1, 2, "bo", 0));
    assert_broken(&single_authority(&run.history()), 1);
}

#[test]
fn s8_follows_the_history_that_a_rebuild_kept() {
    let mut run = Run::new();
    run.received("ana", &host_changed(1, 2, "bo", 2));
    run.received("ana", &rebased(2, 2, (1, 1), true));
    run.received("ana", &welcome(2, 2, &paused(0)));
    run.received("ana", &host_changed(2, 3, "cy", 2));
    assert_held(&single_authority(&run.history()));
}

#[test]
fn s10_finds_a_rejected_command_in_the_log_and_a_second_answer() {
    let mut run = Run::new();
    run.sent("x");
    run.rejected("x", Outcome::NotApplied);
    assert_held(&rejected_change_nothing(&run.history()));
    run.committed("x", 1, 2);
    assert_broken(&rejected_change_nothing(&run.history()), 1);

    let mut run = Run::new();
    run.sent("x");
    run.rejected("x", Outcome::NotApplied);
    run.rejected("x", Outcome::NotApplied);
    assert_broken(&rejected_change_nothing(&run.history()), 1);

    let mut run = Run::new();
    run.sent("x");
    run.rejected("x", Outcome::Unknown);
    run.committed("x", 1, 2);
    assert_held(&rejected_change_nothing(&run.history()));
}

#[test]
fn s11_finds_forbidden_edges_and_revivals() {
    let mut run = Run::new();
    run.received("ana", &lifecycle_changed(1, 2, "grace", "host_lost", Some(9_000), 1));
    run.received("ana", &lifecycle_changed(1, 3, "live", "host_connected", None, 1));
    run.received("ana", &lifecycle_changed(1, 4, "expired", "deleted", Some(9_000), 2));
    assert_held(&super::lifecycle(&run.history()));
    run.received("ana", &lifecycle_changed(1, 5, "live", "host_connected", None, 3));
    assert_broken(&super::lifecycle(&run.history()), 1);

    for (state, skipped) in [("deleted", 0), ("created", 0), ("created", 5)] {
        let mut run = Run::new();
        let mut room = welcome(1, 2 + skipped, &paused(0));
        room["data"]["room"]["state"] = json!(state);
        run.received("ana", &room);
        assert_broken(&super::lifecycle(&run.history()), 1);
    }
}

#[test]
fn s11_finds_a_revival_even_after_an_announced_loss() {
    let mut run = Run::new();
    run.received("ana", &lifecycle_changed(1, 2, "expired", "deleted", None, 2));
    run.received("ana", &rebased(2, 2, (1, 1), true));
    run.received("ana", &welcome(2, 2, &paused(0)));
    assert_broken(&super::lifecycle(&run.history()), 1);
}

#[test]
fn s12_finds_a_partial_commit() {
    let mut run = Run::new();
    run.stored(place(1, 7), Some(place(1, 7)), Some(place(1, 6)));
    assert_held(&script_atomicity(&run.history()));
    run.stored(place(1, 7), Some(place(1, 8)), None);
    run.stored(place(1, 7), None, Some(place(1, 8)));
    let (at, deadline_ms) = (place(1, 7), Some(5));
    run.fact(Fact::Stored { place: at, log: None, newest_op: None, deadline_ms, due_ms: None });
    assert_broken(&script_atomicity(&run.history()), 3);
}

#[test]
fn s13_finds_snapshots_that_go_back_and_invalid_rows() {
    let mut run = Run::new();
    run.fact(Fact::SqlRow { place: place(1, 7) });
    run.fact(Fact::SqlRow { place: place(2, 3) });
    run.fact(Fact::SqlChecked { problems: vec![] });
    assert_held(&sql_independence(&run.history()));
    run.fact(Fact::SqlRow { place: place(2, 2) });
    run.fact(Fact::SqlChecked { problems: vec!["row 3 isn't a room".to_owned()] });
    assert_broken(&sql_independence(&run.history()), 2);
}

#[test]
fn s14_finds_keys_that_never_expire_and_too_many_keys() {
    let mut run = Run::new();
    run.fact(Fact::RoomKeys { keys: 8, without_ttl: vec![], swept: false });
    run.fact(Fact::RoomKeys { keys: 0, without_ttl: vec![], swept: true });
    run.fact(Fact::AllKeys { keys: 512 + 8, rooms: 1 });
    assert_held(&bounded_keys(&run.history()));
    run.fact(Fact::RoomKeys { keys: 9, without_ttl: vec![], swept: false });
    run.fact(Fact::RoomKeys { keys: 1, without_ttl: vec!["st".to_owned()], swept: false });
    run.fact(Fact::RoomKeys { keys: 1, without_ttl: vec![], swept: true });
    run.fact(Fact::AllKeys { keys: 512 + 9, rooms: 1 });
    assert_broken(&bounded_keys(&run.history()), 4);
}

#[test]
fn s16_finds_ghosts_and_missing_and_duplicate_participants() {
    let mut run = Run::new();
    run.presence(&["ana", "bo"], &["ana"], &["bo"]);
    assert_held(&no_ghosts(&run.history()));
    run.presence(&["ana", "bo"], &["ana"], &[]);
    run.presence(&[], &["ana"], &[]);
    run.presence(&["ana", "ana"], &["ana"], &[]);
    assert_broken(&no_ghosts(&run.history()), 3);
}

#[test]
fn s19_finds_an_early_deadline_and_one_with_two_effects() {
    let mut run = Run::new();
    run.received("ana", &lifecycle_changed(1, 2, "grace", "host_lost", Some(1_004), 1));
    run.received("ana", &lifecycle_changed(1, 3, "expired", "grace_ended", None, 2));
    assert_broken(&timers(&run.history()), 1);

    let mut run = Run::new();
    for version in [2, 3] {
        let (place, cause) = (place(1, version), "deadline".to_owned());
        run.fact(Fact::Fired { place, cause, deadline_ms: 5, at_ms: 5 });
    }
    assert_broken(&timers(&run.history()), 1);
}

#[test]
fn s22_finds_a_jump_a_wrong_rate_and_a_position_beyond_the_end() {
    let playing = Playback { status: Status::Playing, anchor_at_ms: 1_001, ..paused(0) };
    let mut run = Run::new();
    run.received("ana", &playback_changed(1, 2, "play", &playing));
    run.received("ana", &playback_changed(1, 3, "pause", &paused(2)));
    assert_held(&super::playback(&run.history()));
    run.received("ana", &playback_changed(1, 4, "play", &paused(90)));
    assert_broken(&super::playback(&run.history()), 1);

    for wrong in [Playback { rate: 5.0, ..paused(0) }, paused(10_001)] {
        let mut run = Run::new();
        run.received("late", &welcome(1, 1, &wrong));
        assert_broken(&super::playback(&run.history()), 1);
    }
    for (position_ms, broken) in [(Some(0.5), 0), (Some(-1.0), 1), (None, 1), (Some(9.0), 1)] {
        let mut run = Run::new();
        run.fact(Fact::Position { place: place(1, 1), at_ms: 2_000, position_ms });
        assert_eq!(super::playback(&run.history()).broken, broken, "{position_ms:?}");
    }
}

#[test]
fn an_acknowledged_commit_is_lost_unless_the_newest_state_builds_on_it() {
    for (is_announced, silent) in [(true, 0), (false, 2)] {
        let mut run = Run::new();
        (1..=5).for_each(|version| run.acked(&format!("x{version}"), 1, version, false));
        run.received("ana", &rebased(2, 4, (1, 3), is_announced));
        run.acked("y", 2, 5, false);
        run.received("ana", &playback_changed(2, 5, "pause", &paused(0)));
        assert_eq!(count_losses(&run.history()), Losses { lost: 2, silent });
    }
}

#[test]
fn a_commit_that_a_later_rebuild_restores_is_not_lost() {
    let mut run = Run::new();
    (1..=5).for_each(|version| run.acked(&format!("x{version}"), 1, version, false));
    run.received("ana", &rebased(2, 4, (1, 3), true));
    run.received("ana", &rebased(3, 6, (1, 5), true));
    assert_eq!(count_losses(&run.history()), Losses::default());
}

#[test]
fn a_report_shows_the_lines_that_break_an_invariant() {
    let mut run = Run::new();
    run.acked("x", 1, 2, false);
    run.received("ana", &rebased(2, 2, (1, 1), false));
    let report = check(&run.history(), Promises::default());
    assert!(!report.is_clean());
    let shown = report.to_string();
    assert!(shown.contains("S4  honest loss                     BROKEN 1 times"), "{shown}");
    assert!(shown.contains("\"fact\":\"ack\"") && shown.contains("\"is\":\"rebased\""), "{shown}");
}

#[track_caller]
fn assert_held(verdict: &Verdict) {
    assert!(verdict.is_held(), "{verdict}: {:#?}", verdict.violations);
}

#[track_caller]
fn assert_broken(verdict: &Verdict, times: usize) {
    assert_eq!(verdict.broken, times, "{verdict}: {:#?}", verdict.violations);
    assert!(verdict.violations.iter().all(|violation| !violation.lines.is_empty()), "{verdict}");
}

#[test]
fn a_line_has_the_time_the_room_and_the_fact() {
    let entry = Entry { t_ms: 7, room: ROOM.to_owned(), fact: Fact::SqlRow { place: place(1, 2) } };
    let line = r#"{"t_ms":7,"room":"r1","fact":"sql_row","place":{"epoch":1,"version":2}}"#;
    assert_eq!(entry.to_string(), line);
}
