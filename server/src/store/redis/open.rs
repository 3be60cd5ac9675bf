//! Opens the store: connects, measures the clock, and checks that Redis and SQL belong together.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use engine::Timestamp;
use futures_util::future::join_all;

use super::beat::Beat;
use super::client::{ClientError, Target};
use super::masters::{Master, Masters};
use super::node::Node;
use super::store::RedisStore;
use crate::clock::RoomClock;
use crate::sql::{Sql, SqlError};
use crate::store::snapshots::{Pace, write_behind};

/// How often the first heartbeat is repeated if it fails.
const FIRST_RETRIES: u32 = 10;
/// How long to wait before it is repeated.
const RETRY_AFTER: Duration = Duration::from_millis(200);
/// How many exchanges the clock starts with.
const FIRST_EXCHANGES: u32 = 8;

/// How snapshots follow the commits.
const SNAPSHOTS: Pace = Pace { every: Duration::from_secs(1), last: Duration::from_secs(5) };

/// The store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum RedisOpenError {
    /// Nobody answers, or not as Redis does.
    #[error("Redis can't be used ({detail}): see PLAYHEAD_REDIS_URL, redis://host:port")]
    Unusable {
        /// The cause.
        detail: String,
        /// Whether it can't be used later either.
        is_final: bool,
    },
    /// The Redis belongs to nodes that share another SQL database.
    #[error(
        "this Redis belongs to the SQL database {found}, and this node's is {own}: all nodes of \
         one Redis share one SQL database; set PLAYHEAD_DATABASE_URL to it, or use another Redis"
    )]
    Foreign {
        /// The database that belongs to the Redis.
        found: String,
        /// The database of this node.
        own: String,
    },
    /// SQL doesn't answer.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

impl From<ClientError> for RedisOpenError {
    fn from(error: ClientError) -> Self {
        Self::Unusable { detail: error.to_string(), is_final: error.is_final() }
    }
}

impl RedisOpenError {
    /// Whether another attempt may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unusable { is_final, .. } => !is_final,
            Self::Foreign { .. } => false,
            Self::Sql(error) => error.is_transient(),
        }
    }
}

impl RedisStore {
    /// Reads the URL of a Redis, without connecting.
    pub fn check_url(url: &str) -> Result<(), RedisOpenError> {
        Ok(Target::from_url(url).map(drop)?)
    }

    /// Opens the store at a URL, `redis://…` or `redis-cluster://…`. Of a cluster, one master has to answer;
    /// the rooms of those that don't are away. `durable` is whether the operator declares that an
    /// acknowledged write is on disk (`appendfsync always`).
    pub async fn open(
        url: &str,
        durable: bool,
        sql: Arc<Sql>,
    ) -> Result<(Arc<Self>, RoomClock), RedisOpenError> {
        let (masters, new) = Masters::open(url).await?;
        let clock = RoomClock::start(Timestamp::default());
        let database_id = sql.database_id().await?;
        let node = Arc::new(Node::new(masters, sql, database_id, clock.clone(), durable));
        let beats = match first_beats(&node).await {
            Ok(beats) => beats,
            Err(error) => {
                node.masters.close().await;
                return Err(error);
            }
        };
        for ((master, pushes), beat) in new.into_iter().zip(beats) {
            // While no node was running, nobody could renew a lease.
            master.back_at.store(node.clock.now().as_millis(), Ordering::Relaxed);
            node.serve(master, pushes, beat.map(|beat| beat.run));
        }
        node.tell_away(false);
        for task in [
            tokio::spawn(node.clone().follow_slots()),
            tokio::spawn(node.clone().claim_due()),
            tokio::spawn(write_snapshots(node.clone())),
            tokio::spawn(node.clone().sweep()),
            tokio::spawn(first_sweep(node.clone())),
        ] {
            node.tasks.spawn(task);
        }
        Ok((Arc::new(Self(node)), clock))
    }
}

async fn write_snapshots(node: Arc<Node>) {
    write_behind(&node.backlog, &node.sql, SNAPSHOTS, &node.stop).await;
}

/// Rebuilds what was lost while no node was running, before anybody needs it.
async fn first_sweep(node: Arc<Node>) {
    node.sweep_all(None).await;
}

/// Sends the first heartbeat to each master, and measures the clock. Returns the heartbeats in the order of
/// the masters, `None` for those that are away. An error if all are, or if one belongs to another database.
async fn first_beats(node: &Arc<Node>) -> Result<Vec<Option<Beat>>, RedisOpenError> {
    let masters = node.masters.all();
    let mut beats = Vec::new();
    let mut failed = None;
    for beat in join_all(masters.iter().map(|master| first_beat(node, master))).await {
        match beat {
            Ok(beat) => beats.push(Some(beat)),
            Err(error @ RedisOpenError::Unusable { .. }) => {
                beats.push(None);
                failed = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(error) = failed {
        if beats.iter().all(Option::is_none) {
            return Err(error);
        }
        tracing::warn!(%error, "a master of the cluster can't be reached; its rooms aren't served yet");
    }
    for (master, beat) in masters.iter().zip(&beats) {
        master.set_reachable(beat.is_some());
    }
    for (master, beat) in masters.iter().zip(&beats) {
        if let Some(beat) = beat {
            node.note_alive(beat.alive.clone());
            node.measure_clock(master, beat);
        }
    }
    if let Some(keeper) = node.masters.timekeeper() {
        for _ in 1..FIRST_EXCHANGES {
            let beat = first_beat(node, &keeper).await?;
            node.measure_clock(&keeper, &beat);
        }
    }
    for (master, beat) in masters.iter().zip(&beats) {
        if beat.as_ref().is_some_and(|beat| beat.emptied) {
            master.outages.note_unknown(node.clock.now());
        }
    }
    Ok(beats)
}

async fn first_beat(node: &Node, master: &Master) -> Result<Beat, RedisOpenError> {
    master.connect(&node.masters.target).await?;
    let mut retries = 0;
    let beat = loop {
        match node.beat_once(master).await {
            Ok(beat) => break beat,
            // A single late answer is no reason to fail.
            Err(error) if retries == FIRST_RETRIES => return Err(error.into()),
            Err(_) => tokio::time::sleep(RETRY_AFTER).await,
        }
        retries += 1;
    };
    if beat.database != node.database_id {
        let own = node.database_id.clone();
        return Err(RedisOpenError::Foreign { found: beat.database, own });
    }
    Ok(beat)
}
