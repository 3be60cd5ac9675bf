//! `bench-page`: what a party notices of people who open the page, against the same people opening the
//! same page from an nginx beside the server.
//!
//! The server and nginx share one core, and the browsers another, so that a machine with many cores
//! doesn't hide what a request costs.

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::bench::browsers::{Browsed, Browsers, Browsing};
use crate::bench::gates::{align, print_line};
use crate::bench::load::{self, Measured, histogram};
use crate::bench::page_files::copy_page;
use crate::bench::party::Party;
use crate::bench::{BenchOptions, Gate, Load, Report};
use crate::process;
use crate::{Error, Result, WebServer};

/// The idle time before the first load.
const SETTLE: Duration = Duration::from_secs(1);
/// The share of the pages that were due and must have been opened.
const PAGES_SHARE_MIN: f64 = 0.95;
const RATIO_GATE: &str = "page_p99_ratio";

/// How the page is opened, and what the party does meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct PageLoad {
    /// Browsers that open the page.
    pub browsers: usize,
    /// How often each opens it.
    pub interval: Duration,
    /// How often each of the servers is measured, by turns.
    pub rounds: usize,
    /// The party's load in each of these.
    pub party: Load,
}

/// Where the page comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Origin {
    Nobody,
    Server,
    Nginx,
}

/// All measurements with one origin of the page.
struct Series {
    from: Origin,
    /// From the host's command to each viewer, in nanoseconds.
    latency: Histogram<u64>,
    /// How long the page took to load, in nanoseconds.
    pages: Histogram<u64>,
    bytes: u64,
    seconds: f64,
    /// The processor time of the party's server.
    server_time: Duration,
    flaws: Vec<String>,
}

/// Runs the benchmark. Prints the results and writes `page.json`, even if it fails.
pub async fn bench_page(options: &BenchOptions, load: PageLoad) -> Result<Report> {
    let mut report = Report::new(vec![Gate::new(RATIO_GATE, "x", 1.2, 1.0)]);
    let outcome = measure(options, load).await;
    match &outcome {
        Ok(all) => {
            enter(&mut report, all);
            print_line(describe(all));
        }
        Err(error) => report.not_run(error.to_string().lines().next().unwrap_or_default()),
    }
    let path = report.write(&options.directory, "page")?;
    print_line(format_args!("{}\n{}", report.table(), path.display()));
    outcome.map(|_| report)
}

async fn measure(options: &BenchOptions, load: PageLoad) -> Result<[Series; 3]> {
    let cores = process::cores()?;
    let [server_core, .., browsers_core] = cores[..] else {
        return Err(Error::new("this needs two cores: one for the servers, one for the browsers"));
    };
    // What is started now stays on this core.
    process::pin_thread(&[server_core])?;
    let mut party = Party::start(options, 1).await?;
    let folder = tempfile::tempdir().map_err(Error::doing("make a folder for the page"))?;
    let paths: Arc<[String]> = copy_page(party.server.address(), folder.path()).await?.into();
    let nginx = WebServer::of_files(folder.path()).await?;
    process::pin_thread(&cores[1..])?;
    party.add_viewers(load.party.viewers).await?;
    party.drain(SETTLE)?;

    let mut all =
        [Series::new(Origin::Nobody)?, Series::new(Origin::Server)?, Series::new(Origin::Nginx)?];
    for round in 0..load.rounds {
        // The order changes, so that no place in it is an advantage.
        let order = if round % 2 == 0 { [0, 1, 2] } else { [2, 1, 0] };
        for index in order {
            let address = match all[index].from {
                Origin::Nobody => None,
                Origin::Server => Some(party.server.address().to_owned()),
                Origin::Nginx => Some(nginx.address()),
            };
            let browsers = address.map(|address| {
                Browsers::start(Browsing {
                    address,
                    paths: Arc::clone(&paths),
                    clients: load.browsers,
                    interval: load.interval,
                    core: browsers_core,
                })
            });
            let started = std::time::Instant::now();
            let measured = load::run(&mut party, load.party)?;
            let seconds = started.elapsed().as_secs_f64();
            let browsed = browsers.map(Browsers::stop).transpose()?;
            all[index].add(measured, browsed, seconds, load)?;
        }
    }
    Ok(all)
}

fn enter(report: &mut Report, [_, server, nginx]: &[Series; 3]) {
    let flaws = [server.flaws.as_slice(), nginx.flaws.as_slice()].concat().join("; ");
    let ratio = ms(&server.latency, 0.99) / ms(&nginx.latency, 0.99);
    report.measured(RATIO_GATE, ratio, Some(flaws.as_str()).filter(|flaws| !flaws.is_empty()));
}

impl Series {
    fn new(from: Origin) -> Result<Self> {
        Ok(Self {
            from,
            latency: histogram()?,
            pages: histogram()?,
            bytes: 0,
            seconds: 0.0,
            server_time: Duration::ZERO,
            flaws: Vec::new(),
        })
    }

    fn add(
        &mut self,
        measured: Measured,
        browsed: Option<Browsed>,
        seconds: f64,
        load: PageLoad,
    ) -> Result<()> {
        let failed = || Error::doing::<hdrhistogram::AdditionError>("add latencies");
        self.latency.add(measured.latency).map_err(failed())?;
        self.seconds += seconds;
        self.server_time += measured.server_time;
        self.flaws.extend(measured.flaw);
        let Some(browsed) = browsed else { return Ok(()) };
        self.pages.add(browsed.latency).map_err(failed())?;
        self.bytes += browsed.bytes;
        let due = load.browsers as f64 * seconds / load.interval.as_secs_f64();
        if (browsed.pages as f64) < due * PAGES_SHARE_MIN {
            let (pages, from) = (browsed.pages, self.from);
            self.flaws.push(format!("{from:?} gave {pages} of {due:.0} pages"));
        }
        Ok(())
    }
}

fn describe(all: &[Series; 3]) -> String {
    type Row = (&'static str, fn(&Series) -> String);
    let rows: [Row; 9] = [
        ("the page comes from", |series| format!("{:?}", series.from).to_lowercase()),
        ("command to viewer p50, ms", |series| text_ms(&series.latency, 0.5)),
        ("command to viewer p99, ms", |series| text_ms(&series.latency, 0.99)),
        ("command to viewer max, ms", |series| text_ms(&series.latency, 1.0)),
        ("pages per second", |series| format!("{:.0}", series.pages.len() as f64 / series.seconds)),
        ("MB per second", |series| format!("{:.1}", series.bytes as f64 / 1e6 / series.seconds)),
        ("page p50, ms", |series| text_ms(&series.pages, 0.5)),
        ("page p99, ms", |series| text_ms(&series.pages, 0.99)),
        ("the server's share of its core, %", |series| {
            format!("{:.0}", series.server_time.as_secs_f64() / series.seconds * 100.0)
        }),
    ];
    let table: Vec<Vec<String>> = rows
        .iter()
        .map(|(label, cell)| {
            std::iter::once((*label).to_owned()).chain(all.iter().map(cell)).collect()
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
