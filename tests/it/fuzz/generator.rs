//! Generates random frames, texts, requests and bytes from a seed.

use std::hash::{BuildHasher, Hasher, RandomState};

use contracts::{ClientFrame, Media};
use harness::dice::Dice;
use serde_json::{Value, json};

/// Paths that exist, with `{room}` for a room, and some that don't.
const PATHS: [&str; 12] = [
    "api/v1/meta",
    "api/v1/time",
    "api/v1/rooms",
    "api/v1/rooms/public",
    "api/v1/auth/guest",
    "api/v1/sources/resolve",
    "api/v1/rooms/{room}",
    "api/v1/rooms/{room}/state",
    "api/v1/rooms/{room}/join",
    "api/v1/rooms/{room}/participants",
    "api/v1/rooms/{room}/ws",
    "nowhere",
];
const TAILS: [&str; 8] = ["/", "/x", "/%00", "/..", "/%ff", "//", "/🎬", "/p_nobody"];
const QUERIES: [&str; 5] = ["?", "?page_size=0", "?page_token=x", "?a=%zz", "?ticket=x"];
/// Characters that are hard for parsers.
const CHARACTERS: [&str; 24] = [
    "{", "}", "[", "]", "\"", "\\", ":", ",", " ", "\n", "\0", "\u{7f}", "\u{feff}", "\u{202e}",
    "é", "漢", "🎬", "a", "0", "-", ".", "e", "type", "null",
];

/// The seed of a test, which is printed if the test fails.
pub struct Seed(pub u64);

impl Seed {
    /// The seed in `PLAYHEAD_FUZZ_SEED`, or else a new one.
    pub fn new() -> Self {
        let given = std::env::var("PLAYHEAD_FUZZ_SEED").ok();
        let given = given.map(|seed| seed.parse().expect("PLAYHEAD_FUZZ_SEED is a number"));
        Self(given.unwrap_or_else(|| RandomState::new().build_hasher().finish()))
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat it with PLAYHEAD_FUZZ_SEED={}", self.0);
        }
    }
}

/// What random frames can refer to.
#[derive(Clone)]
pub struct World {
    /// The participants of the room.
    pub participants: Vec<String>,
    /// The first media of the room.
    pub media: Media,
    /// The URL of the server's page.
    pub page: String,
}

/// A generator of random input.
pub struct Random {
    dice: Dice,
    used: Vec<String>,
    count: usize,
}

impl Random {
    /// A generator with this seed.
    pub fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), used: Vec::new(), count: 0 }
    }

    fn next(&mut self) -> u64 {
        self.dice.next_u64()
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.dice.below(end as u64) as usize
    }

    /// One of the choices.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    /// One to `max` bytes.
    pub fn bytes(&mut self, max: usize) -> Vec<u8> {
        let length = self.below(max) + 1;
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// A frame with a usable id, usually of a known type with valid data; never `leave`, which would end
    /// all connections of its sender.
    pub fn frame(&mut self, world: &World, connection: usize) -> Value {
        let known: Vec<&str> =
            ClientFrame::TYPES.iter().copied().filter(|type_| *type_ != "leave").collect();
        let type_ = if self.one_in(20) { "fly" } else { *self.pick(&known) };
        let mut data = self.data(type_, world);
        if self.one_in(4) {
            self.spoil(&mut data);
        }
        if self.one_in(10) {
            data["expected_version"] = json!(self.below(200));
        }
        json!({ "type": type_, "id": self.id(type_, connection), "data": data })
    }

    fn id(&mut self, type_: &str, connection: usize) -> String {
        self.count += 1;
        if type_ == "ping" {
            return format!("ping-{connection}-{}", self.count);
        }
        if self.one_in(10) && !self.used.is_empty() {
            let used = self.used.clone();
            return self.pick(&used).clone();
        }
        let id = format!("f-{connection}-{}", self.count);
        self.used.push(id.clone());
        id
    }

    fn data(&mut self, type_: &str, world: &World) -> Value {
        let source = &world.media.source;
        match type_ {
            "hello" => json!({ "client": { "name": "fuzz", "version": "1" } }),
            "ping" => json!({ "t0": self.below(1000) }),
            "seek" => json!({ "position_ms": self.below(12_000) }),
            "set_rate" => json!({ "rate": (self.below(420) as f64) / 100.0 }),
            "change_quality" => {
                let auto = self.one_in(3);
                let id = &self.pick(&source.renditions).id;
                json!({ "rendition": if auto { "auto" } else { id.as_str() } })
            }
            "change_subtitle" => json!({ "track": self.pick(&source.text_tracks).id }),
            "change_audio" => json!({ "track": "en" }),
            "set_media" => {
                let path = *self.pick(&["sample/clip.m3u8", "sample/clip.mp4", "api/v1/meta", ""]);
                json!({ "link": format!("{}{path}", world.page) })
            }
            "measured" => {
                json!({ "media_id": world.media.media_id, "duration_ms": self.below(20_000) })
            }
            "ended" => json!({ "media_id": world.media.media_id }),
            "ready" => json!({ "version": self.below(200) }),
            "media_failed" => json!({ "media_id": world.media.media_id }),
            "buffering" => json!({ "on": self.one_in(2) }),
            "sync_report" => {
                let drift_ms = self.below(2000) as f64 - 1000.0;
                json!({ "drift_ms": drift_ms, "uncertainty_ms": self.below(70_000) })
            }
            "auth_refresh" => json!({ "access_token": self.text(40) }),
            "host_transfer" => json!({ "participant_id": self.pick(&world.participants) }),
            _ => json!({}),
        }
    }

    /// Replaces, removes or adds a field, or replaces all data.
    fn spoil(&mut self, data: &mut Value) {
        let keys: Vec<String> =
            data.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
        let value = self.value(0);
        match self.below(4) {
            0 if !keys.is_empty() => data[self.pick(&keys).as_str()] = value,
            1 if !keys.is_empty() => {
                let key = self.pick(&keys).clone();
                data.as_object_mut().expect("it has keys").remove(&key);
            }
            2 => data["more"] = value,
            _ => *data = json!({ "position_ms": value }),
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth > 3 { 8 } else { 10 }) {
            0 => Value::Null,
            1 => json!(self.one_in(2)),
            2 => json!(self.next()),
            3 => json!(-(self.below(10_000) as i64)),
            4 => json!(self.below(10_000) as f64 / 7.0),
            5 => json!(1e300),
            6 => json!(""),
            7 => json!(self.text(30)),
            8 => json!([self.value(depth + 1)]),
            _ => json!({ "a": self.value(depth + 1) }),
        }
    }

    fn text(&mut self, max: usize) -> String {
        (0..self.below(max)).map(|_| *self.pick(&CHARACTERS)).collect()
    }

    /// A text that is rarely a valid frame: noise, or a frame with a cut or an insertion.
    pub fn text_frame(&mut self) -> String {
        let frame = r#"{"type":"seek","id":"x","data":{"position_ms":1000}}"#;
        match self.below(4) {
            0 => self.text(60),
            1 => frame[..self.below(frame.len())].to_owned(),
            2 => {
                let at = self.below(frame.len());
                format!("{}{}{}", &frame[..at], self.pick(&CHARACTERS), &frame[at..])
            }
            _ => self.value(0).to_string(),
        }
    }

    /// A path, often of this room, and sometimes with a suffix or a query.
    pub fn path(&mut self, room_id: &str) -> String {
        let mut path = self.pick(&PATHS).replace("{room}", room_id);
        if self.one_in(3) {
            let tail = *self.pick(&TAILS);
            path.push_str(tail);
        }
        if self.one_in(3) {
            let query = *self.pick(&QUERIES);
            path.push_str(query);
        }
        path
    }

    /// A body, often JSON.
    pub fn body(&mut self) -> String {
        match self.below(4) {
            0 => String::new(),
            1 => self.text_frame(),
            2 => json!({ "name": self.value(0), "display_name": self.value(0), "role": "king" })
                .to_string(),
            _ => json!({ "link": self.text(20) }).to_string(),
        }
    }
}
