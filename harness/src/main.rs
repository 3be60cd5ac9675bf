//! `playhead-harness`: benchmarks a server from outside and tests its promises under faults.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use harness::ServerOptions;
use harness::bench::{
    BenchOptions, Load, PageLoad, bench_fanout, bench_healed, bench_idle, bench_list, bench_page,
    bench_refused, bench_start,
};
use harness::line::{Lines, REFUSED_STATUS, Refusal};
use harness::prove::{Campaign, Ground, Scenario};

/// Measures a Playhead server from outside.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
    /// The server binary to start, a release build. Default: the one beside this program.
    #[arg(long, global = true)]
    server_bin: Option<PathBuf>,
    /// The directory for results. Default: target/bench or target/prove.
    #[arg(long, global = true)]
    out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Measures the time from a host's command to its arrival at every viewer.
    BenchFanout {
        /// Viewers per room; one run for each number.
        #[arg(long, value_delimiter = ',', default_value = "200,1000")]
        viewers: Vec<usize>,
        /// Rooms at the same time; the gates apply to one.
        #[arg(long, default_value_t = 1)]
        rooms: usize,
        /// Measured commands in each room.
        #[arg(long, default_value_t = 200)]
        commands: usize,
        /// Commands before those, which are delivered and counted, but not timed.
        #[arg(long, default_value_t = 10)]
        warm_up: usize,
        /// Milliseconds between two commands of a room.
        #[arg(long, default_value_t = 50)]
        interval_ms: u64,
        /// Keeps the rooms in a Redis that syncs each write (appendfsync always).
        #[arg(long)]
        over_redis: bool,
    },
    /// Measures how long readiness, lists and counts take to be right after a fault of Redis.
    BenchHealed,
    /// Measures the start-up time and the memory of an idle server.
    BenchIdle,
    /// Measures what a party notices of people who open the page, against an nginx beside the server.
    BenchPage {
        /// Browsers that open the page.
        #[arg(long, default_value_t = 200)]
        browsers: usize,
        /// Milliseconds after which each opens it again.
        #[arg(long, default_value_t = 2000)]
        interval_ms: u64,
        /// Rounds, each of which measures all by turns.
        #[arg(long, default_value_t = 4)]
        rounds: usize,
        /// Viewers of the party.
        #[arg(long, default_value_t = 50)]
        viewers: usize,
        /// Measured commands in each round, one every 25 ms.
        #[arg(long, default_value_t = 400)]
        commands: usize,
    },
    /// Measures how long the list of public rooms takes while there are very many of them.
    BenchList {
        /// The number of public rooms.
        #[arg(long, default_value_t = 100_000)]
        rooms: usize,
    },
    /// Measures how long a host's command takes while many others send commands that are refused.
    BenchRefused {
        /// Keeps the room in a Redis that syncs each write (appendfsync always).
        #[arg(long)]
        over_redis: bool,
    },
    /// Measures how long a killed server takes to start after very many commits.
    BenchStart {
        /// The number of rooms.
        #[arg(long, default_value_t = 2_000)]
        rooms: usize,
        /// Commits of each room.
        #[arg(long, default_value_t = 500)]
        commits: usize,
    },
    /// Kills and empties real processes under load; results add up over runs.
    Prove {
        /// Rounds per scenario; scenarios that take long run a tenth of them.
        #[arg(long, default_value_t = 100)]
        rounds: u64,
        /// The scenarios to run. Default: all.
        #[arg(long, value_delimiter = ',')]
        only: Vec<Scenario>,
        /// Seed of the random commands and times.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Keeps files on disk, where other programs may slow them down, rather than in memory. What
        /// a killed process has written survives either way.
        #[arg(long)]
        on_disk: bool,
    },
    /// Runs a command in a network namespace that emulated, impairable lines connect to the clients'.
    Lines {
        /// The number of clients; PLAYHEAD_LINKS_NAMESPACES names their namespaces.
        #[arg(long)]
        clients: usize,
        /// Seed of the random losses and delays.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The command, which runs in the server's namespace at 10.77.0.1; PLAYHEAD_LINKS_SOCKET is
        /// the control socket.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

/// Single-threaded, so that the benchmark itself disturbs the measurement as little as possible.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let binary = arguments.server_bin;
    let directory = |name: &str| arguments.out.clone().unwrap_or_else(|| name.into());
    let options = BenchOptions {
        server_binary: binary.clone(),
        over_redis: matches!(
            arguments.task,
            Task::BenchFanout { over_redis: true, .. } | Task::BenchRefused { over_redis: true }
        ),
        in_memory: matches!(
            arguments.task,
            Task::BenchHealed
                | Task::BenchPage { .. }
                | Task::BenchList { .. }
                | Task::BenchStart { .. }
        ),
        directory: directory("target/bench"),
    };
    if cfg!(debug_assertions) {
        eprintln!("playhead-harness: this is a debug build; its numbers aren't meaningful");
    }
    let outcome = match arguments.task {
        Task::BenchFanout { viewers, rooms, commands, warm_up, interval_ms, .. } => {
            let interval = Duration::from_millis(interval_ms);
            let load = |viewers| Load { rooms, viewers, commands, warm_up, interval };
            let loads: Vec<Load> = viewers.into_iter().map(load).collect();
            bench_fanout(&options, &loads).await.map(drop)
        }
        Task::BenchHealed => bench_healed(&options).await.map(drop),
        Task::BenchIdle => bench_idle(&options).await.map(drop),
        Task::BenchPage { browsers, interval_ms, rounds, viewers, commands } => {
            let interval = Duration::from_millis(25);
            let party = Load { rooms: 1, viewers, commands, warm_up: 20, interval };
            let interval = Duration::from_millis(interval_ms);
            let load = PageLoad { browsers, interval, rounds, party };
            bench_page(&options, load).await.map(drop)
        }
        Task::BenchList { rooms } => bench_list(&options, rooms).await.map(drop),
        Task::BenchStart { rooms, commits } => {
            bench_start(&options, rooms, commits).await.map(drop)
        }
        Task::BenchRefused { .. } => bench_refused(&options).await.map(drop),
        Task::Prove { rounds, only, seed, on_disk } => {
            let directory = directory("target/prove");
            let server =
                binary.map_or_else(ServerOptions::built, |path| Ok(ServerOptions::new(path)));
            match server.map(if on_disk { Ground::on_disk } else { Ground::in_memory }) {
                Ok(ground) => Campaign { ground, only, rounds, seed, directory }.run().await,
                Err(error) => Err(error),
            }
        }
        Task::Lines { clients, seed, command } => {
            return match (Lines { clients, seed, command }).run().await {
                Ok(status) => status.into(),
                Err(Refusal::NotPermitted(error)) => {
                    eprintln!("playhead-harness: emulated lines aren't permitted here: {error}");
                    REFUSED_STATUS.into()
                }
                Err(Refusal::Failed(error)) => {
                    eprintln!("playhead-harness: {error}");
                    ExitCode::FAILURE
                }
            };
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("playhead-harness: {error}");
            ExitCode::FAILURE
        }
    }
}
