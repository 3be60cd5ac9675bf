//! `bench-refused`: how long a host's command takes while many others send commands that are refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use memchr::memmem;

use crate::bench::gates::print_line;
use crate::bench::load::{self, Measured};
use crate::bench::party::Party;
use crate::bench::{BenchOptions, Gate, Load, Report};
use crate::reader::{Incoming, Reader};
use crate::{Error, Result};

/// How many others there are.
const OTHERS: usize = 400;
/// How many commands each of them sends per second.
const COMMANDS_PER_SECOND: u32 = 10;
/// What the host and those who listen do meanwhile.
const LOAD: Load =
    Load { rooms: 1, viewers: 20, commands: 200, warm_up: 10, interval: Duration::from_millis(50) };
/// How long the others send before anything is measured.
const SETTLE: Duration = Duration::from_secs(1);
const NS_PER_MS: f64 = 1e6;

/// Measures the same party beside silent and beside refused others. Prints the results and writes
/// `refused.json`, even if it fails.
pub async fn bench_refused(options: &BenchOptions) -> Result<Report> {
    let mut report = Report::new(vec![Gate::new("refused_p50_ratio", "times", 1.3, 1.1)]);
    let outcome = measure(options, &mut report).await;
    if let Err(error) = &outcome {
        report.not_run(error.to_string().lines().next().unwrap_or_default());
    }
    let path = report.write(&options.directory, "refused")?;
    print_line(format_args!("{}\n{}", report.table(), path.display()));
    outcome.map(|()| report)
}

async fn measure(options: &BenchOptions, report: &mut Report) -> Result<()> {
    let mut party = Party::start(options, LOAD.rooms).await?;
    party.add_viewers(LOAD.viewers).await?;
    let others = Others::start(party.connect_others(OTHERS).await?);
    party.drain(SETTLE)?;
    let quiet = load::run(&mut party, LOAD)?;
    others.sends.store(true, Ordering::Relaxed);
    party.drain(SETTLE)?;
    let beside = load::run(&mut party, LOAD)?;
    let Counts { sent, refused, ended } = others.end()?;
    for (name, measured) in [("silent", &quiet), ("refused", &beside)] {
        let [p50, p99] = [0.5, 0.99].map(|quantile| milliseconds(measured, quantile));
        print_line(format_args!(
            "beside {OTHERS} {name} others: command to viewer p50 {p50:.2} ms, p99 {p99:.2} ms"
        ));
    }
    print_line(format_args!("{sent} commands sent, {refused} refused, {ended} connections ended"));
    let flaw = quiet.flaw.as_deref().or(beside.flaw.as_deref());
    let ratio = milliseconds(&beside, 0.5) / milliseconds(&quiet, 0.5);
    report.measured("refused_p50_ratio", ratio, flaw);
    Ok(())
}

fn milliseconds(measured: &Measured, quantile: f64) -> f64 {
    measured.latency.value_at_quantile(quantile) as f64 / NS_PER_MS
}

/// What the others did.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    sent: usize,
    refused: usize,
    ended: usize,
}

/// The others, on a thread of their own.
struct Others {
    thread: JoinHandle<Result<Counts>>,
    sends: Arc<AtomicBool>,
    ends: Arc<AtomicBool>,
}

impl Others {
    fn start(reader: Reader) -> Self {
        let (sends, ends) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let switches = (sends.clone(), ends.clone());
        let thread = std::thread::spawn(move || run(reader, &switches.0, &switches.1));
        Self { thread, sends, ends }
    }

    fn end(self) -> Result<Counts> {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| Error::new("the thread of the others panicked"))?
    }
}

/// Sends commands in turns while `sends`, and reads everything, until `ends`.
fn run(mut reader: Reader, sends: &AtomicBool, ends: &AtomicBool) -> Result<Counts> {
    let gap = Duration::from_secs(1) / (OTHERS as u32 * COMMANDS_PER_SECOND);
    let mut counts = Counts::default();
    let mut is_open = vec![true; OTHERS];
    let mut due = Instant::now();
    while !ends.load(Ordering::Relaxed) {
        let now = Instant::now();
        if !sends.load(Ordering::Relaxed) {
            due = now;
        }
        while due < now {
            let number = counts.sent % OTHERS;
            let play = format!(r#"{{"type":"play","id":"p{}","data":{{}}}}"#, counts.sent);
            // One that the server has ended is noticed below.
            if is_open[number] && reader.send_text(number, play.as_bytes()).is_err() {
                is_open[number] = false;
            }
            counts.sent += 1;
            due += gap;
        }
        reader.poll(Duration::from_millis(1), |number, _, incoming| match incoming {
            Incoming::Text(text) => {
                let refused = memmem::find(text, br#""type":"reject""#).is_some();
                counts.refused += usize::from(refused);
            }
            Incoming::Closed(_) => {
                is_open[number] = false;
                counts.ended += 1;
            }
        })?;
    }
    Ok(counts)
}
