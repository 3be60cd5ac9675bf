//! Starting: connect, measure the clock, and make sure that Redis and SQL belong together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::beat::Beat;
use super::clock_filter::ClockFilter;
use super::due::Deadlines;
use super::link::{Link, LinkError};
use super::snapshots::Backlog;
use super::{Node, RedisStore};
use crate::clock::RoomClock;
use crate::id;
use crate::sql::{Sql, SqlError};
use crate::store::NodeId;

/// How often a first answer is awaited anew …
const FIRST_TRIES: u32 = 10;
/// … and how long after the one before.
const FIRST_AGAIN: Duration = Duration::from_millis(200);
/// How many exchanges the clock starts with.
const FIRST_EXCHANGES: u32 = 8;

/// The store can't start.
#[derive(Debug, thiserror::Error)]
pub enum RedisOpenError {
    /// Nobody answers, or not as Redis does.
    #[error("Redis can't be used ({detail}): see PLAYHEAD_REDIS_URL, redis://host:port")]
    Unusable {
        /// Why.
        detail: String,
    },
    /// Nodes of one Redis share one SQL database.
    #[error(
        "this Redis belongs to the SQL database {found}, and this node's is {own}: all nodes of \
         one Redis share one SQL database; set PLAYHEAD_DATABASE_URL to it, or use another Redis"
    )]
    Foreign {
        /// Whose Redis it is.
        found: String,
        /// Which database this node has.
        own: String,
    },
    /// SQL doesn't answer.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

impl From<LinkError> for RedisOpenError {
    fn from(error: LinkError) -> Self {
        Self::Unusable { detail: error.to_string() }
    }
}

impl RedisStore {
    /// Opens the store at a URL, `redis://…` or `redis-cluster://…`. `durable`: its operator says
    /// that an acknowledged write is on disk (`appendfsync always`).
    pub async fn open(
        url: &str,
        durable: bool,
        sql: Arc<Sql>,
    ) -> Result<(Arc<Self>, RoomClock), RedisOpenError> {
        let (link, pushes) = Link::open(url).await?;
        let clock = RoomClock::start(engine::Timestamp::default());
        let node = Arc::new(Node {
            node_id: NodeId(id::node_id().into()),
            link,
            database_id: sql.database_id().await?,
            sql,
            clock: clock.clone(),
            durable,
            followed: RwLock::new(HashMap::new()),
            subscribers: Mutex::default(),
            deadlines: Mutex::new(Deadlines::default()),
            claimed: Mutex::default(),
            others: Mutex::default(),
            backlog: Backlog::default(),
            reachable: AtomicBool::new(true),
            untold: AtomicBool::new(false),
            back_at: AtomicU64::new(0),
            recoveries: Mutex::default(),
            orphans: Mutex::default(),
            list_changed: AtomicBool::new(false),
            listed: tokio::sync::Mutex::default(),
            doubt: Notify::new(),
            recovering: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        let mut filter = ClockFilter::default();
        let mut beat = first_beat(&node, &mut filter).await?;
        for _ in 1..FIRST_EXCHANGES {
            beat = first_beat(&node, &mut filter).await?;
        }
        // Whoever leads a party had nobody to renew the lease while no node ran.
        node.back_at.store(node.clock.now().as_millis(), Ordering::Relaxed);
        node.notice_nodes(beat.alive);
        for task in [
            tokio::spawn(node.clone().take(pushes)),
            tokio::spawn(node.clone().beat(filter, beat.run)),
            tokio::spawn(node.clone().listen_to_oneself()),
            tokio::spawn(node.clone().claim_due()),
            tokio::spawn(node.clone().write_snapshots()),
            tokio::spawn(node.clone().sweep()),
            tokio::spawn(look_over(node.clone())),
        ] {
            node.tasks.spawn(task);
        }
        Ok((Arc::new(RedisStore(node)), clock))
    }
}

/// What was in an older Redis, or was lost while no node ran, is rebuilt before it is asked for.
async fn look_over(node: Arc<Node>) {
    node.sweep_all().await;
}

async fn first_beat(node: &Node, filter: &mut ClockFilter) -> Result<Beat, RedisOpenError> {
    let mut tries = 0;
    let beat = loop {
        match node.beat_once().await {
            Ok(beat) => break beat,
            // One late answer is no reason not to start.
            Err(error) if tries == FIRST_TRIES => return Err(error.into()),
            Err(_) => tokio::time::sleep(FIRST_AGAIN).await,
        }
        tries += 1;
    };
    if beat.database != node.database_id {
        let own = node.database_id.clone();
        return Err(RedisOpenError::Foreign { found: beat.database, own });
    }
    let offset_us = filter.feed(beat.exchange);
    node.clock.set_offset(offset_us, filter.uncertainty_us(node.clock.monotonic_us()));
    Ok(beat)
}
