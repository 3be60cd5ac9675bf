//! `bench-idle`: the start-up time and the memory of an idle server.

use std::time::{Duration, Instant};

use crate::bench::gates::print_line;
use crate::bench::party::{Party, server_options};
use crate::bench::{BenchOptions, Gate, Report};
use crate::http::Method;
use crate::process;
use crate::{DEADLINE, Error, Response, Result};

const STARTS: usize = 5;
const CONNECTIONS: usize = 2000;
/// The idle time before memory is read.
const SETTLE: Duration = Duration::from_secs(2);
const KIB_PER_MIB: f64 = 1024.0;

/// Measures servers without and with idle viewers. Prints the results and writes `idle.json`, even if
/// it fails.
pub async fn bench_idle(options: &BenchOptions) -> Result<Report> {
    let mut report = Report::new(vec![
        Gate::new("ready_s", "s", 1.0, 1.0),
        Gate::new("idle_rss_mib", "MiB", 30.0, 30.0),
        Gate::new("idle_connection_kib", "KiB", 6.0, 6.0),
    ]);
    let outcome = measure(options, &mut report).await;
    if let Err(error) = &outcome {
        report.not_run(error.to_string().lines().next().unwrap_or_default());
    }
    let path = report.write(&options.directory, "idle")?;
    print_line(format_args!("{}\n{}", report.table(), path.display()));
    outcome.map(|()| report)
}

async fn measure(options: &BenchOptions, report: &mut Report) -> Result<()> {
    let (mut ready, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let (seconds, kib) = start_once(options).await?;
        ready.push(seconds);
        resident.push(kib / KIB_PER_MIB);
    }
    print_line(format_args!("ready after, s: {}", text(&ready)));
    print_line(format_args!("idle server, MiB: {}", text(&resident)));
    report.measured("ready_s", median(ready), None);
    report.measured("idle_rss_mib", median(resident), None);

    let mut party = Party::start(options, 1).await?;
    let pid = party.server.pid()?;
    party.drain(SETTLE)?;
    let before = process::resident_kib(pid)?;
    party.add_viewers(CONNECTIONS / 2).await?;
    party.drain(SETTLE)?;
    let half = process::resident_kib(pid)?;
    party.add_viewers(CONNECTIONS - CONNECTIONS / 2).await?;
    party.drain(SETTLE)?;
    let full = process::resident_kib(pid)?;
    let each = (full - before) / CONNECTIONS as f64;
    let later = (full - half) / (CONNECTIONS - CONNECTIONS / 2) as f64;
    print_line(format_args!(
        "{CONNECTIONS} idle viewers: {:.1} -> {:.1} -> {:.1} MiB; {each:.2} KiB each, {later:.2} \
         KiB each of the later half\n",
        before / KIB_PER_MIB,
        half / KIB_PER_MIB,
        full / KIB_PER_MIB,
    ));
    let flaw = party
        .ended
        .first()
        .map(|why| format!("{} connections were ended by the server ({why})", party.ended.len()));
    report.measured("idle_connection_kib", each, flaw.as_deref());
    Ok(())
}

/// The seconds until a server with an empty data directory is ready, and its memory in KiB later.
async fn start_once(options: &BenchOptions) -> Result<(f64, f64)> {
    let server = server_options(options)?;
    let started = Instant::now();
    let server = server.start().await?;
    let admin = server.admin_api();
    loop {
        let response = admin.raw(Method::GET, "readyz", &[], "").await?;
        if response.status == 200 {
            break;
        }
        if started.elapsed() > DEADLINE {
            let Response { status, text, .. } = response;
            return Err(Error::new(format!("not ready after {DEADLINE:?}: {status} {text}")));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let ready = started.elapsed().as_secs_f64();
    tokio::time::sleep(SETTLE).await;
    Ok((ready, process::resident_kib(server.pid()?)?))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn text(values: &[f64]) -> String {
    values.iter().map(|value| format!("{value:.3}")).collect::<Vec<_>>().join(" ")
}
