//! `bench-list`: how long the list of public rooms takes while there are very many of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::{CreateRoom, RoomPage};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use crate::bench::gates::print_line;
use crate::bench::load::histogram;
use crate::bench::party::server_options;
use crate::bench::{BenchOptions, Gate, Report};
use crate::http::Method;
use crate::{Api, Error, Result};

/// How many requests create rooms at once.
const CREATING: usize = 64;
/// How many requests a second are sent, whatever becomes of those before.
const REQUESTS_PER_SECOND: u32 = 1_000;
/// How many requests are measured of each kind, and how many come before.
const MEASURED: u32 = 10_000;
const WARM_UP: u32 = 1_000;
/// What rooms are called, each after its number.
const WORDS: [&str; 8] =
    ["Anime", "Café", "Documentaries", "Élan", "Football", "Movie night", "Opera", "Фильмы"];
const NS_PER_MS: f64 = 1e6;
const TOO_MANY: u16 = 429;

/// Measures the list with so many rooms. Prints the results and writes `list.json`, even if it fails.
pub async fn bench_list(options: &BenchOptions, rooms: usize) -> Result<Report> {
    let mut report = Report::new(vec![Gate::new("list_p99_ms", "ms", 10.0, 10.0)]);
    let outcome = measure(options, rooms, &mut report).await;
    if let Err(error) = &outcome {
        report.not_run(error.to_string().lines().next().unwrap_or_default());
    }
    let path = report.write(&options.directory, "list")?;
    print_line(format_args!("{}\n{}", report.table(), path.display()));
    outcome.map(|()| report)
}

async fn measure(options: &BenchOptions, rooms: usize, report: &mut Report) -> Result<()> {
    let server = server_options(options)?
        .env("PLAYHEAD_LIMIT_ROOMS", "1000000")
        .env("PLAYHEAD_LIMIT_ROOMS_PER_USER_AND_DAY", "1000000");
    let server = server.start().await?;
    let host = server.api().as_guest("Ada").await?;
    let began = Instant::now();
    create(&host, rooms).await?;
    print_line(format_args!(
        "{rooms} public rooms created in {:.0} s",
        began.elapsed().as_secs_f64()
    ));
    let api = server.api();
    let page: RoomPage = api.request(Method::GET, "rooms/public", None).await?.parse()?;
    let next = page.next_page_token.ok_or_else(|| Error::new("there is no second page"))?;
    for (name, paths) in [
        ("time, which reads nothing", vec!["time".to_owned()]),
        ("list, the first page", vec!["rooms/public".to_owned()]),
        ("list, the second page", vec![format!("rooms/public?page_token={next}")]),
        ("list, the newest", vec!["rooms/public?sort=newest".to_owned()]),
        ("list, by name", vec!["rooms/public?sort=name".to_owned()]),
    ] {
        let latency = load(&api, &paths, REQUESTS_PER_SECOND).await?;
        let [p50, p99] = [0.5, 0.99].map(|quantile| milliseconds(&latency, quantile));
        print_line(format_args!(
            "{REQUESTS_PER_SECOND} a second of {name}: p50 {p50:.2} ms, p99 {p99:.2} ms"
        ));
        if name == "list, the first page" {
            report.measured("list_p99_ms", p99, None);
        }
    }
    // A search looks at every room; so many a second keep a core busy.
    let searches =
        WORDS.map(|word| format!("rooms/public?q={}", word.to_lowercase().replace(' ', "+")));
    let latency = load(&api, &searches, REQUESTS_PER_SECOND / 20).await?;
    let [p50, p99] = [0.5, 0.99].map(|quantile| milliseconds(&latency, quantile));
    let rate = REQUESTS_PER_SECOND / 20;
    print_line(format_args!("{rate} searches a second: p50 {p50:.2} ms, p99 {p99:.2} ms"));
    print_line(format_args!("server memory: {:.0} MiB", server.resident_kib()? / 1024.0));
    Ok(())
}

async fn create(host: &Api, rooms: usize) -> Result<()> {
    let mut creating = JoinSet::new();
    for first in 0..CREATING {
        let host = host.clone();
        creating.spawn(async move {
            for number in (first..rooms).step_by(CREATING) {
                host.create_room_with(&room(number)).await?;
            }
            Ok::<(), Error>(())
        });
    }
    while let Some(created) = creating.join_next().await {
        created.map_err(Error::doing("create rooms"))??;
    }
    Ok(())
}

fn room(number: usize) -> CreateRoom {
    let word = WORDS[number % WORDS.len()];
    CreateRoom {
        name: format!("{word} {number}"),
        is_public: true,
        language: Some("en".to_owned()),
        tags: vec![word.to_owned()],
        host_loss: None,
        host_grace_ms: None,
        host_lease_ms: None,
        rebuffer_barrier: false,
        playback_control: None,
        entry: None,
        password: None,
        capacity: None,
    }
}

/// Sends requests at a steady rate, and measures from when each was due to when its answer was there.
async fn load(api: &Api, paths: &[String], per_second: u32) -> Result<Histogram<u64>> {
    let latency = Arc::new(std::sync::Mutex::new(histogram()?));
    let count = MEASURED.min(per_second * 10);
    let warm_up = WARM_UP.min(per_second);
    let (began, mut asked) = (tokio::time::Instant::now(), JoinSet::new());
    for number in 0..warm_up + count {
        let due = began + Duration::from_secs(1) * number / per_second;
        sleep_until(due).await;
        let (api, latency) = (api.clone(), latency.clone());
        let path = paths[number as usize % paths.len()].clone();
        asked.spawn(async move {
            let answer = api.request(Method::GET, &path, None).await?;
            // Searches are refused when too many wait for their turn.
            if answer.status != TOO_MANY {
                answer.expect_success()?;
            }
            let taken = u64::try_from(due.elapsed().as_nanos()).unwrap_or(u64::MAX);
            if number >= warm_up {
                latency.lock().expect("not poisoned").saturating_record(taken);
            }
            Ok::<(), Error>(())
        });
    }
    while let Some(answered) = asked.join_next().await {
        answered.map_err(Error::doing("ask for rooms"))??;
    }
    let latency = latency.lock().expect("not poisoned").clone();
    Ok(latency)
}

fn milliseconds(latency: &Histogram<u64>, quantile: f64) -> f64 {
    latency.value_at_quantile(quantile) as f64 / NS_PER_MS
}
