//! What was asked, answered and seen during a run, in the order in which it was recorded: lines of
//! JSON that the [`crate::checker`] judges.

use std::fmt::{Display, Formatter};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use contracts::{LifecycleState, Outcome, Playback};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{Error, Result};

/// One line of a history.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Entry {
    /// Milliseconds since the recorder began.
    pub t_ms: u64,
    /// In which room.
    pub room: String,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// A place in the order of a room's commits.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Place {
    /// The generation.
    pub epoch: u64,
    /// Commits so far.
    pub version: u64,
}

/// What happened. A `client` is a participant, a `session` one that keeps its place over
/// reconnects; both are the recorder's names, and op-ids are unique per client.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A client sent a command, perhaps again.
    Invoke {
        /// Who.
        client: String,
        /// The command's.
        id: String,
        /// Its type.
        command: String,
    },
    /// A command was acknowledged.
    Ack {
        /// Who.
        client: String,
        /// The command's.
        id: String,
        /// Of its commit, or the current one.
        place: Place,
        /// Whether it had been committed before.
        duplicate: bool,
    },
    /// A command was refused.
    Reject {
        /// Who.
        client: String,
        /// The command's, if it had one.
        id: Option<String>,
        /// The frozen name.
        code: String,
        /// Whether it may have had an effect.
        outcome: Outcome,
    },
    /// A session was shown something.
    Observe(Box<Observation>),
    /// A deadline that the session knew of had its effect.
    Fired {
        /// Of the effect.
        place: Place,
        /// The effect's.
        cause: String,
        /// When it was due. Room clock.
        deadline_ms: u64,
        /// When it was committed. Room clock.
        at_ms: u64,
    },
    /// The log or journal holds a commit of this op.
    Committed {
        /// Of the commit.
        place: Place,
        /// Who.
        client: String,
        /// The command's.
        id: String,
    },
    /// SQL says that this is the newest epoch it issued; asked while none was being issued.
    EpochIssued {
        /// Which.
        epoch: u64,
    },
    /// A room as the store holds it, read while no command was under way.
    Stored {
        /// Of the state.
        place: Place,
        /// The newest entry of the log, if there is one.
        log: Option<Place>,
        /// The newest remembered op, if there is one.
        newest_op: Option<Place>,
        /// The state's own deadline.
        deadline_ms: Option<u64>,
        /// When the room is due in the index of deadlines.
        due_ms: Option<u64>,
    },
    /// A room's snapshot in SQL, in the order of the readings.
    SqlRow {
        /// Of the snapshot.
        place: Place,
    },
    /// SQL was looked over.
    SqlChecked {
        /// What is wrong with its rows.
        problems: Vec<String>,
    },
    /// The keys of one room.
    RoomKeys {
        /// How many.
        keys: u64,
        /// Those that would stay for ever.
        without_ttl: Vec<String>,
        /// Whether the room is over and swept.
        swept: bool,
    },
    /// All keys of the store.
    AllKeys {
        /// How many.
        keys: u64,
        /// How many rooms there are.
        rooms: u64,
    },
    /// Who is listed and who is there, when nobody comes or goes.
    Presence {
        /// Participants that the server lists.
        listed: Vec<String>,
        /// Participants that have a connection.
        connected: Vec<String>,
        /// Participants away, with a deadline.
        away: Vec<String>,
    },
    /// Somebody evaluated the playhead.
    Position {
        /// Of the playback it was evaluated from.
        place: Place,
        /// For when. Room clock.
        at_ms: u64,
        /// The outcome; `None` if it was no number.
        position_ms: Option<f64>,
    },
}

/// What a session was shown.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Observation {
    /// Whose.
    pub session: String,
    /// Where.
    pub place: Place,
    /// Room clock.
    pub at_ms: u64,
    /// How it changes what the session knows.
    pub kind: Kind,
    /// The frame's type.
    pub frame: String,
    /// The event's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// A hash of what an event says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<u64>,
    /// The room after it, as far as the session knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
}

/// How a frame changes what a session knows.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Kind {
    /// One commit more.
    Event,
    /// The whole state.
    Snapshot,
    /// A new generation.
    Rebased {
        /// Where the state was that it was rebuilt from.
        previous: Place,
        /// Whether an acknowledged commit may be missing.
        lost: bool,
    },
}

/// What all sessions must agree on, and what is needed to judge it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct State {
    /// Where the room is in its life.
    pub lifecycle: LifecycleState,
    /// When that ends by itself. Room clock.
    pub deadline_ms: Option<u64>,
    /// Who commands it.
    pub host_id: Option<String>,
    /// If it was told.
    pub fence: Option<u64>,
    /// What is watched.
    pub media_id: Option<String>,
    /// How long that is.
    pub duration_ms: Option<u64>,
    /// Where its playhead is.
    pub playback: Playback,
}

/// A whole run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// In the order in which they were recorded.
    pub entries: Vec<Entry>,
}

/// Takes down what happens; its clones write the same history.
#[derive(Clone, Debug)]
pub struct Recorder {
    started: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Recorder {
    /// Begins an empty history.
    pub fn new() -> Self {
        Self { started: Instant::now(), entries: Arc::default() }
    }

    /// Adds a line.
    pub fn record(&self, room: &str, fact: Fact) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken under the lock, so that time and order agree.
        let t_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        entries.push(Entry { t_ms, room: room.to_owned(), fact });
    }

    /// What was recorded so far.
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
    /// Writes it as lines of JSON.
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

/// As people write it.
impl Display for Place {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}", self.epoch, self.version)
    }
}
