//! Builds the histories of small runs.

use contracts::{Outcome, Playback, Status};
use serde_json::{Value, json};

use crate::history::{Fact, History, Place, Recorder};
use crate::session_log::SessionLog;

pub(super) const ROOM: &str = "r1";

/// A run in which Ana and Bo are in a room at (1, 1), paused at 0, with Ana as the host and fence 1.
pub(super) struct Run {
    recorder: Recorder,
    sessions: Vec<(String, SessionLog)>,
}

impl Run {
    pub(super) fn new() -> Self {
        let mut run = Self { recorder: Recorder::new(), sessions: Vec::new() };
        run.received("ana", &welcome(1, 1, &paused(0)));
        run.received("bo", &welcome(1, 1, &paused(0)));
        run
    }

    pub(super) fn history(&self) -> History {
        self.recorder.history()
    }

    pub(super) fn session(&mut self, name: &str) -> &mut SessionLog {
        let known = self.sessions.iter().position(|(known, _)| known == name);
        let index = known.unwrap_or_else(|| {
            let log = SessionLog::new(&self.recorder, ROOM, name, name);
            self.sessions.push((name.to_owned(), log));
            self.sessions.len() - 1
        });
        &mut self.sessions[index].1
    }

    pub(super) fn received(&mut self, session: &str, frame: &Value) {
        self.session(session).received(frame);
    }

    pub(super) fn sent(&mut self, id: &str) {
        self.session("ana").sent(&json!({"type": "pause", "id": id, "data": {}}));
    }

    pub(super) fn acked(&mut self, id: &str, epoch: u64, version: u64, duplicate: bool) {
        self.sent(id);
        let data = json!({"duplicate": duplicate});
        let ack =
            json!({"type": "ack", "id": id, "epoch": epoch, "version": version, "data": data});
        self.received("ana", &ack);
    }

    pub(super) fn rejected(&mut self, id: &str, outcome: Outcome) {
        let error = json!({"code": "not_host", "retry": "never", "outcome": outcome,
            "detail": "no", "meta": {}});
        self.received("ana", &json!({"type": "reject", "id": id, "error": error}));
    }

    pub(super) fn committed(&mut self, id: &str, epoch: u64, version: u64) {
        let (client, id) = ("ana".to_owned(), id.to_owned());
        self.fact(Fact::Committed { place: place(epoch, version), client, id });
    }

    pub(super) fn stored(&mut self, place: Place, log: Option<Place>, newest_op: Option<Place>) {
        self.fact(Fact::Stored { place, log, newest_op, deadline_ms: None, due_ms: None });
    }

    pub(super) fn presence(&mut self, listed: &[&str], connected: &[&str], away: &[&str]) {
        let [listed, connected, away] =
            [listed, connected, away].map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
        self.fact(Fact::Presence { listed, connected, away });
    }

    pub(super) fn fact(&mut self, fact: Fact) {
        self.recorder.record(ROOM, fact);
    }
}

/// A run with commands, a change of host, a grace period that ends, and a rebuild without loss.
pub(super) fn good_run() -> Run {
    let mut run = Run::new();
    let playing = Playback { status: Status::Playing, anchor_at_ms: 1_002, ..paused(0) };
    for (id, frame) in [
        ("c1", playback_changed(1, 2, "play", &playing)),
        ("c2", playback_changed(1, 3, "pause", &paused(1))),
        ("c3", host_changed(1, 4, "bo", 2)),
    ] {
        run.acked(id, 1, frame["version"].as_u64().unwrap(), false);
        run.received("ana", &frame);
        run.received("bo", &frame);
    }
    run.sent("c4");
    run.rejected("c4", Outcome::NotApplied);
    run.acked("c3", 1, 4, true);
    run.committed("c3", 1, 4);
    run.received("ana", &rebased(2, 5, (1, 4), false));
    let mut room = welcome(2, 5, &paused(1));
    (room["data"]["fence"], room["data"]["room"]["host_id"]) = (json!(2), json!("bo"));
    run.received("ana", &room);
    run.received("bo", &room);
    run.received("bo", &rebased(2, 5, (1, 4), false));
    for session in ["ana", "bo"] {
        let grace = lifecycle_changed(2, 6, "grace", "host_lost", Some(1_007), 2);
        run.received(session, &with(grace, "host_id", "bo", &paused(1)));
        let end = lifecycle_changed(2, 7, "expired", "grace_ended", None, 3);
        run.received(session, &with(end, "host_id", "bo", &paused(1)));
    }
    run
}

pub(super) fn with(mut frame: Value, field: &str, value: &str, playback: &Playback) -> Value {
    frame["data"][field] = json!(value);
    frame["data"]["playback"] = json!(playback);
    frame
}

pub(super) fn place(epoch: u64, version: u64) -> Place {
    Place { epoch, version }
}

pub(super) fn paused(position_ms: u64) -> Playback {
    Playback {
        media_id: Some("m1".to_owned()),
        status: Status::Paused,
        position_ms,
        anchor_at_ms: 1_000,
        rate: 1.0,
        rendition: "auto".to_owned(),
        text_track: None,
        audio_track: None,
        waiting: None,
    }
}

/// A versioned frame. Version n is committed n milliseconds after 1,000 on the room clock.
pub(super) fn versioned(kind: &str, epoch: u64, version: u64, data: Value) -> Value {
    let at_ms = 1_000 + version;
    json!({"type": kind, "epoch": epoch, "version": version, "at_ms": at_ms, "data": data})
}

pub(super) fn playback_changed(
    epoch: u64,
    version: u64,
    cause: &str,
    playback: &Playback,
) -> Value {
    let data = json!({"cause": cause, "by": "ana", "playback": playback});
    versioned("playback_changed", epoch, version, data)
}

pub(super) fn host_changed(epoch: u64, version: u64, host: &str, fence: u64) -> Value {
    let data = json!({"host_id": host, "fence": fence, "cause": "transfer"});
    versioned("host_changed", epoch, version, data)
}

pub(super) fn lifecycle_changed(
    epoch: u64,
    version: u64,
    state: &str,
    cause: &str,
    deadline_ms: Option<u64>,
    fence: u64,
) -> Value {
    let mut data = json!({"state": state, "cause": cause, "host_id": "ana", "fence": fence,
        "playback": paused(0)});
    if let Some(deadline_ms) = deadline_ms {
        data["deadline_ms"] = json!(deadline_ms);
    }
    versioned("lifecycle_changed", epoch, version, data)
}

pub(super) fn rebased(epoch: u64, version: u64, previous: (u64, u64), lost: bool) -> Value {
    let previous = json!({"epoch": previous.0, "version": previous.1});
    versioned("rebased", epoch, version, json!({"previous": previous, "lost": lost}))
}

pub(super) fn welcome(epoch: u64, version: u64, playback: &Playback) -> Value {
    let settings = json!({"host_loss": "expire", "host_grace_ms": 120_000, "host_lease_ms": 15_000,
        "rebuffer_barrier": false, "playback_control": "hosts", "entry": "open", "capacity": null});
    let media = json!({"media_id": "m1", "provider": "file", "stream_id": "s1", "title": "clip",
        "duration_ms": 10_000, "live": false, "delivery": [], "renditions": [], "text_tracks": [],
        "audio_tracks": [], "poster": null,
        "control": {"class": "A", "continuous_rate": true, "seek": true},
        "availability": {"state": "available", "evidence": "seen"}});
    let room = json!({"room_id": ROOM, "code": "abc", "name": "party", "is_public": false,
        "language": null, "tags": [], "state": "live", "host_id": "ana", "settings": settings,
        "chat": {"enabled": true, "slow_mode_ms": 0}, "media": media, "playback": playback,
        "queue": [], "viewer_count": 2, "peak_viewers": 2});
    let data = json!({"session_id": "s", "participant_id": "ana", "role": "host", "fence": 1,
        "resumed": false, "heartbeat_ms": 20_000, "dead_after_ms": 45_000, "room": room});
    let mut frame = versioned("welcome", epoch, version, data);
    frame["id"] = json!("h1");
    frame
}
