//! `bench-healed`: how long readiness, lists and counts take to be right by themselves after a fault of Redis.

use std::time::{Duration, Instant};

use contracts::{CreateRoom, RoomPage};
use futures_util::future::try_join_all;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::bench::gates::print_line;
use crate::bench::load::histogram;
use crate::bench::party::{directory, server_options};
use crate::bench::{BenchOptions, Gate, Report};
use crate::http::Method;
use crate::{Api, AppendFsync, DEADLINE, Error, RedisOptions, RedisServer, Result, ServerProcess};

const ROUNDS: usize = 30;
/// How long a fault lasts after the nodes have noticed it.
const LASTING: Duration = Duration::from_secs(1);
/// How often is looked, beside what the look itself takes.
const POLL: Duration = Duration::from_millis(5);
const NS_PER_MS: f64 = 1e6;

/// What happens to Redis.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It hangs (SIGSTOP).
    Hangs,
    /// It is killed, and started again.
    Restarts,
}

/// Two nodes on one Redis.
struct Site {
    redis: RedisServer,
    nodes: [ServerProcess; 2],
    // Dropped last, when nothing writes to it any more.
    _directory: TempDir,
}

/// The room, as one node serves it.
struct View<'a> {
    node: &'a ServerProcess,
    api: &'a Api,
    room_id: &'a str,
}

/// Measures both faults by turns. Prints the results and writes `healed.json`, even if it fails.
pub async fn bench_healed(options: &BenchOptions) -> Result<Report> {
    let mut report = Report::new(vec![
        Gate::new("healed_hung_max_ms", "ms", 1000.0, 1000.0),
        Gate::new("healed_restarted_max_ms", "ms", 1000.0, 1000.0),
    ]);
    let outcome = measure(options, &mut report).await;
    if let Err(error) = &outcome {
        report.not_run(error.to_string().lines().next().unwrap_or_default());
    }
    let path = report.write(&options.directory, "healed")?;
    print_line(format_args!("{}\n{}", report.table(), path.display()));
    outcome.map(|()| report)
}

async fn measure(options: &BenchOptions, report: &mut Report) -> Result<()> {
    let mut site = Site::start(options).await?;
    for (fault, gate) in
        [(Fault::Hangs, "healed_hung_max_ms"), (Fault::Restarts, "healed_restarted_max_ms")]
    {
        let mut taken = histogram()?;
        for _ in 0..ROUNDS {
            let passed = round(&mut site, fault).await?;
            taken.saturating_record(u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX));
        }
        let [p50, max] = [0.5, 1.0].map(|at| taken.value_at_quantile(at) as f64 / NS_PER_MS);
        print_line(format_args!(
            "Redis {fault:?}: right after {p50:.0} ms (p50), {max:.0} ms (max)"
        ));
        report.measured(gate, max, None);
    }
    Ok(())
}

/// Returns how long it takes until both nodes know that somebody has left during a fault.
async fn round(site: &mut Site, fault: Fault) -> Result<Duration> {
    let host = site.nodes[0].api().as_guest("Ada").await?;
    let room_id = host.create_room_with(&room()).await?.room_id;
    let guest = site.nodes[1].api().as_guest("Ben").await?;
    let (_host, seat) = (host.enter(&room_id).await?, guest.enter(&room_id).await?);
    look(site, [&host, &guest], &room_id, async |view| view.is_right(2).await).await?;
    match fault {
        Fault::Hangs => site.redis.pause().await?,
        Fault::Restarts => site.redis.kill_9().await?,
    }
    look(site, [&host, &guest], &room_id, async |view| view.is_ready(503).await).await?;
    // Nobody can be told that somebody left.
    seat.close().await?;
    sleep(LASTING).await;
    match fault {
        Fault::Hangs => site.redis.resume()?,
        Fault::Restarts => site.redis.restart().await?,
    }
    let ended = Instant::now();
    look(site, [&host, &guest], &room_id, async |view| view.is_right(1).await).await?;
    let passed = ended.elapsed();
    host.delete_room(&room_id).await?;
    Ok(passed)
}

/// Looks at both nodes until both show what is wanted.
async fn look(
    site: &Site,
    apis: [&Api; 2],
    room_id: &str,
    shows: impl AsyncFn(&View<'_>) -> bool,
) -> Result<()> {
    let (began, shows) = (Instant::now(), &shows);
    let looks = site.nodes.iter().zip(apis).map(async |(node, api)| {
        let view = View { node, api, room_id };
        while !shows(&view).await {
            if began.elapsed() > DEADLINE {
                return Err(Error::new(format!("still not right after {DEADLINE:?}")));
            }
            sleep(POLL).await;
        }
        Ok(())
    });
    try_join_all(looks).await.map(drop)
}

impl Site {
    async fn start(options: &BenchOptions) -> Result<Self> {
        let directory = directory(options)?;
        let redis = RedisOptions::new().append_fsync(AppendFsync::Always);
        let redis = RedisServer::start(redis.data_dir(directory.path().join("redis"))).await?;
        let database = format!("sqlite://{}", directory.path().join("shared.db").display());
        let node = server_options(options)?
            .env("PLAYHEAD_STORE", "redis")
            .env("PLAYHEAD_REDIS_URL", redis.url())
            .env("PLAYHEAD_REDIS_APPENDFSYNC", "always")
            .env("PLAYHEAD_DATABASE_URL", &database);
        // One after the other: the first creates the tables.
        let nodes = [node.clone().start().await?, node.start().await?];
        Ok(Self { redis, nodes, _directory: directory })
    }
}

impl View<'_> {
    /// Whether the node says that it is ready, and everything that counts who is connected says so many.
    async fn is_right(&self, count: u64) -> bool {
        self.is_ready(200).await && self.counts().await.is_ok_and(|found| found == [count; 4])
    }

    async fn is_ready(&self, status: u16) -> bool {
        let response = self.node.admin_api().raw(Method::GET, "readyz", &[], "").await;
        response.is_ok_and(|response| response.status == status)
    }

    async fn counts(&self) -> Result<[u64; 4]> {
        let public: RoomPage = self.api.public_rooms().await?;
        let listed = public.items.iter().find(|room| room.room_id == self.room_id);
        Ok([
            self.api.participants(self.room_id).await?.total,
            self.api.find_room(self.room_id).await?.viewer_count,
            self.api.state(self.room_id).await?.room.viewer_count,
            listed.map_or(0, |room| room.viewer_count),
        ])
    }
}

fn room() -> CreateRoom {
    CreateRoom {
        name: "Friday".to_owned(),
        is_public: true,
        language: None,
        tags: Vec::new(),
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
