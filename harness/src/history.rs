//! The history of a run: what was sent, answered and observed, in the order in which it was recorded.
//! It is stored as lines of JSON; the [`crate::checker`] checks it.

use std::fmt::{Display, Formatter};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use contracts::{LifecycleState, Outcome, Playback};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use crate::{Error, Result};

/// One line of a history.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Entry {
    /// Milliseconds since the recorder was created.
    pub t_ms: u64,
    /// The room.
    pub room: String,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// A place in the order of a room's commits.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Place {
    /// The epoch of the room's state.
    pub epoch: u64,
    /// The number of the commit.
    pub version: u64,
}

/// What happened. A `client` is a participant; a `session` follows the room across reconnects. Both
/// are named by the recorder. Op-ids are unique per client.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A client sent a command, possibly again.
    Invoke {
        /// The sender of the command.
        client: String,
        /// The id of the command.
        id: String,
        /// The type of the command.
        command: String,
    },
    /// A command was acknowledged.
    Ack {
        /// The sender of the command.
        client: String,
        /// The id of the command.
        id: String,
        /// The place of its commit, or the current place if it changed nothing.
        place: Place,
        /// Whether it had already been committed.
        duplicate: bool,
    },
    /// A command was rejected.
    Reject {
        /// The sender of the command.
        client: String,
        /// The id of the command, if it had one.
        id: Option<String>,
        /// The error code.
        code: String,
        /// Whether it may have taken effect.
        outcome: Outcome,
    },
    /// A session received a frame or a state.
    Observe(Box<Observation>),
    /// A deadline that the session knew of took effect.
    Fired {
        /// The place of the effect.
        place: Place,
        /// The cause that the event names.
        cause: String,
        /// The deadline, on the room clock.
        deadline_ms: u64,
        /// The time of the commit, on the room clock.
        at_ms: u64,
    },
    /// The log or the journal holds a commit of this op.
    Committed {
        /// The place of the commit.
        place: Place,
        /// The sender of the command.
        client: String,
        /// The id of the command.
        id: String,
    },
    /// The newest epoch that SQL has issued, read while none was being issued.
    EpochIssued {
        /// The epoch.
        epoch: u64,
    },
    /// A room as the store holds it, read while no command was in progress.
    Stored {
        /// The place of the state.
        place: Place,
        /// The place of the newest entry of the log, if there is one.
        log: Option<Place>,
        /// The place of the newest remembered op, if there is one.
        newest_op: Option<Place>,
        /// The deadline in the state.
        deadline_ms: Option<u64>,
        /// The deadline in the index of deadlines.
        due_ms: Option<u64>,
    },
    /// A room's snapshot in SQL.
    SqlRow {
        /// The place of the snapshot.
        place: Place,
    },
    /// The rows in SQL were checked.
    SqlChecked {
        /// What is wrong with them.
        problems: Vec<String>,
    },
    /// The number of keys of one room.
    RoomKeys {
        /// The number of keys.
        keys: u64,
        /// The keys that never expire.
        without_ttl: Vec<String>,
        /// Whether the room has ended and been swept.
        swept: bool,
    },
    /// The number of all keys of the store.
    AllKeys {
        /// The number of keys.
        keys: u64,
        /// The number of rooms.
        rooms: u64,
    },
    /// The participants listed and connected, read while none came or left.
    Presence {
        /// The participants that the server lists.
        listed: Vec<String>,
        /// The participants that have a connection.
        connected: Vec<String>,
        /// The participants away, with a deadline.
        away: Vec<String>,
    },
    /// A client evaluated the playhead.
    Position {
        /// The place of the playback that it evaluated.
        place: Place,
        /// The time that it was evaluated for, on the room clock.
        at_ms: u64,
        /// The result; `None` if it wasn't a number.
        position_ms: Option<f64>,
    },
}

/// What a session observed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Observation {
    /// The session.
    pub session: String,
    /// The place of the frame.
    pub place: Place,
    /// The time of the commit, on the room clock.
    pub at_ms: u64,
    /// How it changes what the session knows.
    pub kind: Kind,
    /// The type of the frame.
    pub frame: String,
    /// The cause that the event names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// A hash of the content of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<u64>,
    /// The room afterwards, as far as the session knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
}

/// How a frame changes what a session knows.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Kind {
    /// One more commit.
    Event,
    /// The whole state.
    Snapshot,
    /// A new epoch.
    Rebased {
        /// The place of the state that it was rebuilt from.
        previous: Place,
        /// Whether an acknowledged commit may be missing.
        lost: bool,
    },
}

/// The part of a room that all sessions must agree on, and what the checks need.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct State {
    /// The lifecycle state.
    pub lifecycle: LifecycleState,
    /// When the lifecycle state ends by itself, on the room clock.
    pub deadline_ms: Option<u64>,
    /// The host.
    pub host_id: Option<String>,
    /// The fence, if the session knows it.
    pub fence: Option<u64>,
    /// The media.
    pub media_id: Option<String>,
    /// The duration of the media.
    pub duration_ms: Option<u64>,
    /// Whether players can jump within the media. Where they can't, it stops a little ahead.
    #[serde(default = "usually")]
    pub jumps: bool,
    /// The playback.
    pub playback: Playback,
}

fn usually() -> bool {
    true
}

/// The history of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The entries, in the order in which they were recorded.
    pub entries: Vec<Entry>,
}

/// Records what happens; its clones record into the same history.
#[derive(Clone, Debug)]
pub struct Recorder {
    started: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Recorder {
    /// A recorder with an empty history.
    pub fn new() -> Self {
        Self { started: Instant::now(), entries: Arc::default() }
    }

    /// Adds an entry.
    pub fn record(&self, room: &str, fact: Fact) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that times and order agree.
        let t_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        entries.push(Entry { t_ms, room: room.to_owned(), fact });
    }

    /// The history so far.
    pub fn history(&self) -> History {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        History { entries: entries.clone() }
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl History {
    /// Writes the history as lines of JSON.
    pub fn write(&self, path: &Path) -> Result<()> {
        let file = std::fs::File::create(path)
            .map_err(Error::doing(format_args!("make {}", path.display())))?;
        let mut file = BufWriter::new(file);
        for entry in &self.entries {
            writeln!(file, "{entry}").map_err(Error::doing("write a history"))?;
        }
        file.flush().map_err(Error::doing("write a history"))
    }

    /// Reads what [`History::write`] wrote.
    pub fn read(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path)
            .map_err(Error::doing(format_args!("open {}", path.display())))?;
        let mut entries = Vec::new();
        for (index, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(Error::doing("read a history"))?;
            let entry = serde_json::from_str(&line);
            entries.push(entry.map_err(Error::doing(format_args!("read line {}", index + 1)))?);
        }
        Ok(Self { entries })
    }
}

/// A line of JSON.
impl Display for Entry {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
    }
}

impl Place {
    /// The place of a frame; `None` for frames without one.
    pub fn of(frame: &Value) -> Option<Self> {
        Some(Self { epoch: frame["epoch"].as_u64()?, version: frame["version"].as_u64()? })
    }
}

/// `epoch-version`.
impl Display for Place {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}", self.epoch, self.version)
    }
}
