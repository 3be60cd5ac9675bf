//! Turns the frames of a session into facts of a history.

use std::hash::{DefaultHasher, Hash, Hasher};

use contracts::{LifecycleState, Room, ServerFrame, Source};
use serde_json::Value;

use crate::history::{Fact, Kind, Observation, Place, Recorder, State};

/// Records what a session sends and receives. It follows the room as a client does: an event changes
/// the known state, a snapshot replaces it.
#[derive(Debug)]
pub struct SessionLog {
    recorder: Recorder,
    room: String,
    client: String,
    session: String,
    place: Option<Place>,
    state: Option<State>,
}

impl SessionLog {
    /// A log for a session in `room`. `client` is the participant, to whom the op-ids belong; `session`
    /// is a unique name, which the next connection of the session keeps.
    pub fn new(recorder: &Recorder, room: &str, client: &str, session: &str) -> Self {
        Self {
            recorder: recorder.clone(),
            room: room.to_owned(),
            client: client.to_owned(),
            session: session.to_owned(),
            place: None,
            state: None,
        }
    }

    /// Records a frame before it is sent; ignores one without an id, which gets no answer of its own.
    pub fn sent(&self, frame: &Value) {
        let (Some(id), Some(command)) = (frame["id"].as_str(), frame["type"].as_str()) else {
            return;
        };
        let (client, id) = (self.client.clone(), id.to_owned());
        self.record(Fact::Invoke { client, id, command: command.to_owned() });
    }

    /// Records a received frame; ignores one without a place.
    pub fn received(&mut self, frame: &Value) {
        let Ok(parsed) = serde_json::from_value(frame.clone()) else {
            return self.observe_unknown(frame);
        };
        let client = self.client.clone();
        match parsed {
            ServerFrame::Ack { id, epoch, version, data } => {
                let place = Place { epoch, version };
                self.record(Fact::Ack { client, id, place, duplicate: data.duplicate });
            }
            ServerFrame::Reject { id, error } => {
                let (code, outcome) = (error.code, error.outcome);
                self.record(Fact::Reject { client, id, code, outcome });
            }
            ServerFrame::Welcome { epoch, version, at_ms, data, .. } => {
                let state = State::of(&data.room, Some(data.fence));
                self.snapshot(Place { epoch, version }, at_ms, "welcome", state);
            }
            ServerFrame::RoomState { epoch, version, at_ms, data } => {
                let state = State::of(&data.room, Some(data.fence));
                self.snapshot(Place { epoch, version }, at_ms, "room_state", state);
            }
            ServerFrame::Rebased { epoch, version, at_ms, data } => {
                let place = Place { epoch, version };
                // After a reconnect, the event follows a welcome that already has the new epoch.
                if self.place.is_none_or(|known| known.epoch < epoch) {
                    self.place = Some(place);
                    self.state = None;
                }
                let previous = data.previous;
                let previous = Place { epoch: previous.epoch, version: previous.version };
                let kind = Kind::Rebased { previous, lost: data.lost };
                self.observe(place, at_ms, kind, frame);
            }
            other => self.event(other, frame),
        }
    }

    /// Records the room as it was read over HTTP.
    pub fn read(&mut self, read: &contracts::RoomState) {
        let place = Place { epoch: read.epoch, version: read.version };
        self.snapshot(place, read.at_ms, "state", State::of(&read.room, None));
    }

    fn snapshot(&mut self, place: Place, at_ms: u64, name: &str, state: State) {
        (self.place, self.state) = (Some(place), Some(state));
        let frame = serde_json::json!({"type": name});
        self.observe(place, at_ms, Kind::Snapshot, &frame);
    }

    fn event(&mut self, event: ServerFrame, frame: &Value) {
        let Some((place, at_ms)) = place_of(frame) else { return };
        self.step_to(place);
        let due = self.state.as_mut().and_then(|state| apply(state, event));
        self.observe(place, at_ms, Kind::Event, frame);
        if let (Some(deadline_ms), Some(cause)) = (due, cause_of(frame)) {
            self.record(Fact::Fired { place, cause, deadline_ms, at_ms });
        }
    }

    /// An event of an unknown type still has a place in the order.
    fn observe_unknown(&mut self, frame: &Value) {
        if let Some((place, at_ms)) = place_of(frame) {
            self.step_to(place);
            self.observe(place, at_ms, Kind::Event, frame);
        }
    }

    /// Moves to the place of an event. After a gap or a repetition, only the place is known.
    fn step_to(&mut self, place: Place) {
        let next = self.place.map(|known| Place { version: known.version + 1, ..known });
        if next != Some(place) {
            self.state = None;
        }
        self.place = self.place.max(Some(place));
    }

    fn observe(&self, place: Place, at_ms: u64, kind: Kind, frame: &Value) {
        let content = (kind == Kind::Event).then(|| content_of(frame));
        self.record(Fact::Observe(Box::new(Observation {
            session: self.session.clone(),
            place,
            at_ms,
            kind,
            frame: frame["type"].as_str().unwrap_or_default().to_owned(),
            cause: cause_of(frame),
            content,
            // The state of a rebuilt room follows in a snapshot.
            state: self.state.clone().filter(|_| !matches!(kind, Kind::Rebased { .. })),
        })));
    }

    fn record(&self, fact: Fact) {
        self.recorder.record(&self.room, fact);
    }
}

impl State {
    fn of(room: &Room, fence: Option<u64>) -> Self {
        Self {
            lifecycle: room.state,
            deadline_ms: room.deadline_ms,
            host_id: room.host_id.clone(),
            fence,
            media_id: room.media.as_ref().map(|media| media.media_id.clone()),
            duration_ms: room.media.as_ref().and_then(|media| exact_duration_ms(&media.source)),
            jumps: room.media.as_ref().is_none_or(|media| media.source.control.seek),
            playback: room.playback.clone(),
        }
    }
}

/// The duration, unless it is an estimate, which stops no playhead.
fn exact_duration_ms(source: &Source) -> Option<u64> {
    let is_estimate = matches!(source.duration_origin.as_deref(), Some("playlist" | "header"));
    source.duration_ms.filter(|_| !is_estimate)
}

/// Applies an event to the known state; returns the deadline that the event carries out, if any.
fn apply(state: &mut State, event: ServerFrame) -> Option<u64> {
    match event {
        ServerFrame::PlaybackChanged { data, .. } => {
            let waited = state.playback.waiting.take().map(|waiting| waiting.deadline_ms);
            state.playback = data.playback;
            waited.filter(|_| data.cause == "deadline")
        }
        ServerFrame::MediaChanged { data, .. } => {
            state.media_id = Some(data.media.media_id.clone());
            state.duration_ms = exact_duration_ms(&data.media.source);
            state.jumps = data.media.source.control.seek;
            state.playback = data.playback;
            None
        }
        ServerFrame::HostChanged { data, .. } => {
            state.host_id = data.host_id;
            state.fence = Some(data.fence);
            None
        }
        ServerFrame::LifecycleChanged { data, .. } => {
            let due = state.deadline_ms;
            state.lifecycle = data.state;
            state.deadline_ms = data.deadline_ms;
            state.host_id = data.host_id;
            state.fence = Some(data.fence);
            state.playback = data.playback;
            due.filter(|_| is_deadline_effect(&data.cause, data.state))
        }
        _ => None,
    }
}

fn is_deadline_effect(cause: &str, state: LifecycleState) -> bool {
    let causes = ["grace_ended", "never_started", "retention"];
    causes.contains(&cause) && state != LifecycleState::Grace
}

fn place_of(frame: &Value) -> Option<(Place, u64)> {
    Some((Place::of(frame)?, frame["at_ms"].as_u64()?))
}

fn cause_of(frame: &Value) -> Option<String> {
    frame["data"]["cause"].as_str().map(str::to_owned)
}

/// A hash of the content of an event, independent of the order of fields.
fn content_of(frame: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash(&mut hasher, &frame["type"]);
    hash(&mut hasher, &frame["at_ms"]);
    hash(&mut hasher, &frame["data"]);
    hasher.finish()
}

fn hash(hasher: &mut DefaultHasher, value: &Value) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            fields.len().hash(hasher);
            for (name, value) in fields {
                name.hash(hasher);
                hash(hasher, value);
            }
        }
        Value::Array(items) => {
            items.len().hash(hasher);
            items.iter().for_each(|item| hash(hasher, item));
        }
        plain => plain.to_string().hash(hasher),
    }
}
