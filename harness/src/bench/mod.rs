//! Benchmarks of a server, measured from outside.

mod browsers;
mod fanout;
mod gates;
mod healed;
mod idle;
mod limit;
mod list;
mod load;
mod machine;
mod page;
mod page_files;
mod party;
mod refused;
mod start;

use std::path::PathBuf;
use std::time::Duration;

pub use crate::bench::fanout::bench_fanout;
pub use crate::bench::gates::{Gate, Report};
pub(crate) use crate::bench::gates::{align, print_line};
pub use crate::bench::healed::bench_healed;
pub use crate::bench::idle::bench_idle;
pub use crate::bench::list::bench_list;
pub use crate::bench::machine::Machine;
pub use crate::bench::page::{PageLoad, bench_page};
pub use crate::bench::refused::bench_refused;
pub use crate::bench::start::bench_start;

/// The options of a benchmark.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// A release build of the server; `None` means the one beside this program.
    pub server_binary: Option<PathBuf>,
    /// Whether the server keeps rooms in a Redis that syncs each write.
    pub over_redis: bool,
    /// Whether the server keeps its files in memory, where no disk delays a commit.
    pub in_memory: bool,
    /// The directory for the gates, one JSON file per benchmark.
    pub directory: PathBuf,
}

/// The load of one fan-out run.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Rooms, each with its own host.
    pub rooms: usize,
    /// Viewers in each room.
    pub viewers: usize,
    /// Measured commands in each room.
    pub commands: usize,
    /// Commands before those, which are delivered and counted, but not timed.
    pub warm_up: usize,
    /// The time between two commands of a room, independent of any answer.
    pub interval: Duration,
}
