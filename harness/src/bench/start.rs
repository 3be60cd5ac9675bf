//! `bench-start`: how long a killed server takes to serve its rooms again, after very many commits.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::bench::gates::print_line;
use crate::bench::load;
use crate::bench::party::Party;
use crate::bench::{BenchOptions, Gate, Load, Report};
use crate::http::Method;
use crate::process;
use crate::{DEADLINE, Error, Result};

/// How often the server is killed and started again.
const STARTS: usize = 3;
const POLL: Duration = Duration::from_millis(2);
const KIB_PER_MIB: f64 = 1024.0;
const BYTES_PER_MIB: f64 = 1024.0 * 1024.0;

/// Commits so often in so many rooms, kills the server, and measures its starts. Prints the results and writes
/// `start.json`, even if it fails.
pub async fn bench_start(options: &BenchOptions, rooms: usize, commits: usize) -> Result<Report> {
    let mut report = Report::new(vec![Gate::new("start_s", "s", 5.0, 5.0)]);
    let outcome = measure(options, rooms, commits, &mut report).await;
    if let Err(error) = &outcome {
        report.not_run(error.to_string().lines().next().unwrap_or_default());
    }
    let path = report.write(&options.directory, "start")?;
    print_line(format_args!("{}\n{}", report.table(), path.display()));
    outcome.map(|()| report)
}

async fn measure(
    options: &BenchOptions,
    rooms: usize,
    commits: usize,
    report: &mut Report,
) -> Result<()> {
    let began = Instant::now();
    let mut party = Party::start(options, rooms).await?;
    // What one journal takes on two cores.
    let interval = Duration::from_millis(400);
    let load = Load { rooms, viewers: 0, commands: commits, warm_up: 0, interval };
    let measured = load::run(&mut party, load)?;
    if let Some(flaw) = measured.flaw {
        return Err(Error::new(flaw));
    }
    let spent = began.elapsed().as_secs_f64();
    print_line(format_args!("{rooms} rooms with {commits} commits each, made in {spent:.0} s"));
    let mut slowest: f64 = 0.0;
    for _ in 0..STARTS {
        party.server.kill_9().await?;
        let journal = party.server.data_dir().join("journal.db");
        let bytes = std::fs::metadata(&journal).map_err(Error::doing("find the journal"))?.len();
        let seconds = start(&mut party).await?;
        let mib = process::peak_kib(party.server.pid()?)? / KIB_PER_MIB;
        print_line(format_args!(
            "killed with a journal of {:.0} MiB: ready after {seconds:.2} s, {mib:.0} MiB of memory at most",
            bytes as f64 / BYTES_PER_MIB
        ));
        slowest = slowest.max(seconds);
    }
    report.measured("start_s", slowest, None);
    Ok(())
}

/// Starts the killed server again. Returns the seconds until it is ready.
async fn start(party: &mut Party) -> Result<f64> {
    let began = Instant::now();
    party.server.restart().await?;
    let admin = party.server.admin_api();
    while admin.raw(Method::GET, "readyz", &[], "").await?.status != 200 {
        if began.elapsed() > DEADLINE {
            return Err(Error::new(format!("not ready after {DEADLINE:?}")));
        }
        sleep(POLL).await;
    }
    Ok(began.elapsed().as_secs_f64())
}
