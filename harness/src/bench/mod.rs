//! What the server costs: measured from outside, on this machine, in this run.

mod fanout;
mod gates;
mod idle;
mod limit;
mod load;
mod machine;
mod party;
mod process;

use std::path::PathBuf;
use std::time::Duration;

pub use crate::bench::fanout::bench_fanout;
pub use crate::bench::gates::{Gate, Report};
pub(crate) use crate::bench::gates::{align, say};
pub use crate::bench::idle::bench_idle;
pub use crate::bench::machine::Machine;

/// What to measure and where to write it.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// A release build of the server; the one beside this program unless given.
    pub server_binary: Option<PathBuf>,
    /// Whether the server keeps rooms in a Redis of its own that syncs each write.
    pub over_redis: bool,
    /// Where the gates go, one JSON file per bench.
    pub directory: PathBuf,
}

/// The load of one fan-out run.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Rooms, each with a host of its own.
    pub rooms: usize,
    /// Viewers in each room.
    pub viewers: usize,
    /// Measured commands in each room.
    pub commands: usize,
    /// Commands before those, which are delivered and counted, but not timed.
    pub warm_up: usize,
    /// Time from one command of a room to its next, whatever came back.
    pub interval: Duration,
}
