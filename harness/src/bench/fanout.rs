//! `bench-fanout`: the time from a host's command to its arrival at every viewer.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::Result;
use crate::bench::gates::{align, print_line};
use crate::bench::limit::{self, Limit};
use crate::bench::load::{self, Measured};
use crate::bench::party::{JoinTimes, Party};
use crate::bench::{BenchOptions, Gate, Load, Report};
use crate::process;

/// The idle time before memory is read.
const SETTLE: Duration = Duration::from_secs(2);
const KIB_PER_MIB: f64 = 1024.0;

/// One load with all its measurements.
struct Run {
    load: Load,
    /// The memory before viewers join, with idle viewers, and after the load.
    resident_kib: [f64; 3],
    joins: JoinTimes,
    measured: Measured,
    limit: Limit,
    syncs: Histogram<u64>,
}

/// Runs each load on its own server. Prints the results and writes `fanout.json`, even if one fails.
pub async fn bench_fanout(options: &BenchOptions, loads: &[Load]) -> Result<Report> {
    let (name, gates) =
        if options.over_redis { ("fanout-redis", redis_gates()) } else { ("fanout", gates()) };
    let mut report = Report::new(gates);
    let mut runs = Vec::new();
    let mut failure = None;
    for load in loads {
        match run(options, *load).await {
            Ok(run) => {
                enter(&mut report, &run, options.over_redis);
                runs.push(run);
            }
            Err(error) => {
                report.not_run(error.to_string().lines().next().unwrap_or_default());
                failure = Some(error);
                break;
            }
        }
    }
    let path = report.write(&options.directory, name)?;
    print_line(format_args!("{}\n{}\n{}", describe(&runs), report.table(), path.display()));
    failure.map_or(Ok(report), Err)
}

fn gates() -> Vec<Gate> {
    vec![
        Gate::new("fanout_200_p50", "ms", 4.0, 2.0),
        Gate::new("fanout_200_p99", "ms", 8.0, 4.0),
        Gate::new("fanout_1000_p50", "ms", 8.0, 5.0),
        Gate::new("fanout_1000_p99", "ms", 14.0, 10.0),
        Gate::new("rss_200", "MiB", 40.0, 40.0),
        Gate::new("join_200_p50", "ms", 2.0, 2.0),
    ]
}

/// The gates with rooms in Redis (appendfsync always).
fn redis_gates() -> Vec<Gate> {
    vec![
        Gate::new("fanout_redis_200_p50", "ms", 4.0, 2.0),
        Gate::new("fanout_redis_200_p99", "ms", 8.0, 4.0),
        Gate::new("join_redis_200_p50", "ms", 4.0, 2.0),
    ]
}

async fn run(options: &BenchOptions, load: Load) -> Result<Run> {
    let mut party = Party::start(options, load.rooms).await?;
    let pid = party.server.pid()?;
    party.drain(SETTLE)?;
    let before = process::resident_kib(pid)?;
    let joins = party.add_viewers(load.viewers).await?;
    party.drain(SETTLE)?;
    let idle = process::resident_kib(pid)?;
    let measured = load::run(&mut party, load)?;
    let after = process::resident_kib(pid)?;
    drop(party);
    let limit = limit::run(load, measured.frame_bytes)?;
    let syncs = limit::sync_times(load)?;
    Ok(Run { load, resident_kib: [before, idle, after], joins, measured, limit, syncs })
}

/// Enters the measurements of a run into the gates.
fn enter(report: &mut Report, run: &Run, over_redis: bool) {
    // The gates apply to one room.
    if run.load.rooms != 1 {
        return;
    }
    let viewers = match over_redis {
        true => format!("redis_{}", run.load.viewers),
        false => run.load.viewers.to_string(),
    };
    let flaw = run.measured.flaw.as_deref();
    let latency = &run.measured.latency;
    report.measured(&format!("fanout_{viewers}_p50"), ms(latency, 0.5), flaw);
    report.measured(&format!("fanout_{viewers}_p99"), ms(latency, 0.99), flaw);
    let resident = run.resident_kib.into_iter().fold(0.0, f64::max);
    report.measured(&format!("rss_{viewers}"), resident / KIB_PER_MIB, flaw);
    report.measured(&format!("join_{viewers}_p50"), ms(&run.joins.total, 0.5), None);
}

/// All measurements as a table, with a column for each run.
fn describe(runs: &[Run]) -> String {
    type Row = (&'static str, fn(&Run) -> String);
    let rows: [Row; 18] = [
        ("viewers", |run| format!("{} x {}", run.load.rooms, run.load.viewers)),
        ("command to viewer p50, ms", |run| text_ms(&run.measured.latency, 0.5)),
        ("command to viewer p99, ms", |run| text_ms(&run.measured.latency, 0.99)),
        ("command to viewer max, ms", |run| text_ms(&run.measured.latency, 1.0)),
        ("raw loop p50, ms", |run| text_ms(&run.limit.latency, 0.5)),
        ("raw loop p99, ms", |run| text_ms(&run.limit.latency, 0.99)),
        ("times the raw loop, p50", |run| {
            format!("{:.2}", ms(&run.measured.latency, 0.5) / ms(&run.limit.latency, 0.5))
        }),
        ("disk sync p50 / p99, ms", |run| text_pair(&run.syncs)),
        ("command to ack p50 / p99, ms", |run| text_pair(&run.measured.ack)),
        ("processor per delivery, us", |run| {
            text_us(run.measured.server_time, run.measured.deliveries)
        }),
        ("raw loop per delivery, us", |run| text_us(run.limit.writer_time, run.limit.deliveries)),
        ("deliveries, bytes each", |run| {
            format!("{}, {}", run.measured.deliveries, run.measured.frame_bytes)
        }),
        ("bench's share of a core; late at most", |run| {
            let Measured { client_share, late, .. } = run.measured;
            format!("{:.0} %; {:.2} ms", client_share * 100.0, late.as_secs_f64() * 1000.0)
        }),
        ("memory before / idle / after, MiB", |run| {
            run.resident_kib.map(|kib| format!("{:.1}", kib / KIB_PER_MIB)).join(" / ")
        }),
        ("join p50 / p99, ms", |run| text_pair(&run.joins.total)),
        ("  ticket p50 / p99, ms", |run| text_pair(&run.joins.ticket)),
        ("  upgrade p50 / p99, ms", |run| text_pair(&run.joins.upgrade)),
        ("  welcome p50 / p99, ms", |run| text_pair(&run.joins.welcome)),
    ];
    let table: Vec<Vec<String>> = rows
        .iter()
        .map(|(label, cell)| {
            std::iter::once((*label).to_owned()).chain(runs.iter().map(cell)).collect()
        })
        .collect();
    align(&table)
}

fn ms(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1e6
}

fn text_ms(histogram: &Histogram<u64>, quantile: f64) -> String {
    format!("{:.2}", ms(histogram, quantile))
}

fn text_pair(histogram: &Histogram<u64>) -> String {
    format!("{} / {}", text_ms(histogram, 0.5), text_ms(histogram, 0.99))
}

fn text_us(time: Duration, deliveries: usize) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e6 / deliveries.max(1) as f64)
}
