//! `playhead-harness`: measures a server from outside.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use harness::bench::{BenchOptions, Load, bench_fanout, bench_idle};

/// Measures a Playhead server from outside.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
    /// The server to start: a release build. The one beside this program unless given.
    #[arg(long, global = true)]
    server_bin: Option<PathBuf>,
    /// Where the gates are written.
    #[arg(long, global = true, default_value = "target/bench")]
    out: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// From the host's command to every viewer.
    BenchFanout {
        /// Viewers per room, one run for each number.
        #[arg(long, value_delimiter = ',', default_value = "200,1000")]
        viewers: Vec<usize>,
        /// Rooms at once; the gates are about one.
        #[arg(long, default_value_t = 1)]
        rooms: usize,
        /// Measured commands in each room.
        #[arg(long, default_value_t = 200)]
        commands: usize,
        /// Commands before those, delivered and counted, but not timed.
        #[arg(long, default_value_t = 10)]
        warm_up: usize,
        /// From one command of a room to its next.
        #[arg(long, default_value_t = 50)]
        interval_ms: u64,
    },
    /// What a server costs while nothing happens.
    BenchIdle,
}

/// One thread: what the bench itself uses must not disturb what it measures.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = BenchOptions { server_binary: arguments.server_bin, directory: arguments.out };
    if cfg!(debug_assertions) {
        eprintln!("playhead-harness: this is a debug build; its numbers mean little");
    }
    let outcome = match arguments.task {
        Task::BenchFanout { viewers, rooms, commands, warm_up, interval_ms } => {
            let interval = Duration::from_millis(interval_ms);
            let load = |viewers| Load { rooms, viewers, commands, warm_up, interval };
            let loads: Vec<Load> = viewers.into_iter().map(load).collect();
            bench_fanout(&options, &loads).await
        }
        Task::BenchIdle => bench_idle(&options).await,
    };
    match outcome {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("playhead-harness: {error}");
            ExitCode::FAILURE
        }
    }
}
