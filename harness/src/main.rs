//! `playhead-harness`: measures a server from outside, and proves what it promises.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use harness::ServerOptions;
use harness::bench::{BenchOptions, Load, bench_fanout, bench_idle};
use harness::link::{Links, REFUSED_STATUS, Refusal};
use harness::prove::{Campaign, Ground, Scenario};

/// Measures a Playhead server from outside.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
    /// The server to start: a release build. The one beside this program unless given.
    #[arg(long, global = true)]
    server_bin: Option<PathBuf>,
    /// Where what was found is written; target/bench or target/prove unless given.
    #[arg(long, global = true)]
    out: Option<PathBuf>,
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
        /// Keeps the rooms in a Redis that syncs each write (appendfsync always).
        #[arg(long)]
        over_redis: bool,
    },
    /// What a server costs while nothing happens.
    BenchIdle,
    /// Kills and empties real processes under load; counts add up over runs.
    Prove {
        /// How often each is broken; nodes and all rooms a tenth as often.
        #[arg(long, default_value_t = 100)]
        rounds: u64,
        /// What is broken; everything unless given.
        #[arg(long, value_delimiter = ',')]
        only: Vec<Scenario>,
        /// Chooses commands and moments.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Keeps files on the disk, which other programs may hold up, rather than in memory. What
        /// a killed process wrote is there either way.
        #[arg(long)]
        on_disk: bool,
    },
    /// Runs a command with clients' network namespaces around it, behind links that can be impaired.
    Links {
        /// How many clients; their namespaces' names are in PLAYHEAD_LINKS_NAMESPACES.
        #[arg(long)]
        clients: usize,
        /// Chooses which packets are lost or late.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// What runs in the server's namespace, at 10.77.0.1; PLAYHEAD_LINKS_SOCKET takes orders.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

/// One thread: what the bench itself uses must not disturb what it measures.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let binary = arguments.server_bin;
    let directory = |name: &str| arguments.out.clone().unwrap_or_else(|| name.into());
    let options = BenchOptions {
        server_binary: binary.clone(),
        over_redis: matches!(arguments.task, Task::BenchFanout { over_redis: true, .. }),
        directory: directory("target/bench"),
    };
    if cfg!(debug_assertions) {
        eprintln!("playhead-harness: this is a debug build; its numbers mean little");
    }
    let outcome = match arguments.task {
        Task::BenchFanout { viewers, rooms, commands, warm_up, interval_ms, .. } => {
            let interval = Duration::from_millis(interval_ms);
            let load = |viewers| Load { rooms, viewers, commands, warm_up, interval };
            let loads: Vec<Load> = viewers.into_iter().map(load).collect();
            bench_fanout(&options, &loads).await.map(drop)
        }
        Task::BenchIdle => bench_idle(&options).await.map(drop),
        Task::Prove { rounds, only, seed, on_disk } => {
            let directory = directory("target/prove");
            let server =
                binary.map_or_else(ServerOptions::built, |path| Ok(ServerOptions::new(path)));
            match server.map(if on_disk { Ground::on_disk } else { Ground::in_memory }) {
                Ok(ground) => Campaign { ground, only, rounds, seed, directory }.run().await,
                Err(error) => Err(error),
            }
        }
        Task::Links { clients, seed, command } => {
            return match (Links { clients, seed, command }).run().await {
                Ok(status) => status.into(),
                Err(Refusal::NotPermitted(error)) => {
                    eprintln!("playhead-harness: no links can be made here: {error}");
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
