//! Opens the store: connects, measures the clock, and checks that Redis and SQL belong together.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use engine::Timestamp;

use super::beat::Beat;
use super::client::{self, Client, ClientError};
use super::clock_filter::ClockFilter;
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
        Ok(client::check_url(url)?)
    }

    /// Opens the store at a URL, `redis://…` or `redis-cluster://…`. `durable` is whether the operator
    /// declares that an acknowledged write is on disk (`appendfsync always`).
    pub async fn open(
        url: &str,
        durable: bool,
        sql: Arc<Sql>,
    ) -> Result<(Arc<Self>, RoomClock), RedisOpenError> {
        let (client, pushes) = Client::open(url).await?;
        let clock = RoomClock::start(Timestamp::default());
        let database_id = sql.database_id().await?;
        let node = Arc::new(Node::new(client, sql, database_id, clock.clone(), durable));
        let mut filter = ClockFilter::default();
        let beat = match first_beats(&node, &mut filter).await {
            Ok(beat) => beat,
            Err(error) => {
                node.client.close().await;
                return Err(error);
            }
        };
        // While no node was running, nobody could renew a lease.
        node.back_at.store(node.clock.now().as_millis(), Ordering::Relaxed);
        node.note_alive(beat.alive);
        for task in [
            tokio::spawn(node.clone().take_pushes(pushes)),
            tokio::spawn(node.clone().beat(filter, beat.run)),
            tokio::spawn(node.clone().check_messages()),
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
    node.sweep_all().await;
}

/// Measures the clock, and returns the last heartbeat.
async fn first_beats(node: &Node, filter: &mut ClockFilter) -> Result<Beat, RedisOpenError> {
    let mut beat = first_beat(node, filter).await?;
    if beat.emptied {
        node.outages.note_unknown(node.clock.now());
    }
    for _ in 1..FIRST_EXCHANGES {
        beat = first_beat(node, filter).await?;
    }
    Ok(beat)
}

async fn first_beat(node: &Node, filter: &mut ClockFilter) -> Result<Beat, RedisOpenError> {
    let mut retries = 0;
    let beat = loop {
        match node.beat_once().await {
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
    let offset_us = filter.feed(beat.exchange);
    node.clock.set_offset(offset_us, filter.uncertainty_us(node.clock.monotonic_us()));
    Ok(beat)
}
