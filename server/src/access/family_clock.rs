//! The clock by which families of refresh tokens are kept. It is one for all nodes of a database, so that a
//! node whose own clock is wrong neither ends the families of others nor makes any last for ever. And it may
//! be wrong itself, until it is set.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::{WallTime, WallWatch};
use crate::id;
use crate::sql::{FamilyCounts, Sql, SqlError};

/// How long a clock has to run before it is believed that most families are over, or that their times are
/// from the future.
const DOUBTED_FOR: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// The clock of the database, as this process reads it.
#[derive(Debug)]
pub struct FamilyClock {
    sql: Arc<Sql>,
    reading: Mutex<Reading>,
    watch: tokio::sync::Mutex<WallWatch>,
    /// Tells what this process wrote from what others did, which may have read another time.
    node_id: String,
    /// Whether it seemed far off, and wasn't set since.
    is_doubted: AtomicBool,
}

/// What the clock showed when it was last read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    wall: WallTime,
    at: Instant,
    /// How often it had been set.
    steps: u64,
}

impl FamilyClock {
    /// Begins to watch the clock. If the database doesn't answer, the machine's clock stands in until it
    /// does.
    pub async fn open(sql: Arc<Sql>) -> Self {
        let wall = sql.wall_now().await.unwrap_or_else(|_| WallTime::now());
        let at = Instant::now();
        Self {
            sql,
            reading: Mutex::new(Reading { wall, at, steps: 0 }),
            watch: tokio::sync::Mutex::new(WallWatch::start(wall, at)),
            node_id: id::node_id(),
            is_doubted: AtomicBool::new(false),
        }
    }

    /// Returns the time, as it has gone on since the clock was read, and the id of the clock that shows it.
    pub fn now(&self) -> (WallTime, String) {
        let Reading { wall, at, steps } = *self.reading();
        let passed_ms = u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX);
        (wall.plus_millis(passed_ms), self.id_after(steps))
    }

    /// Returns the id of the clock as it was last read: another one after each time that it was set.
    pub fn id(&self) -> String {
        self.id_after(self.reading().steps)
    }

    /// Reads the clock, and follows it if it was set.
    pub async fn read(&self) -> Result<WallTime, SqlError> {
        let wall = self.sql.wall_now().await?;
        self.follow(wall, Instant::now()).await?;
        Ok(wall)
    }

    /// Moves the times of families that this process wrote before the clock was set, if it was. Each
    /// process sees to its own, so that they move once, and by how far the clock was off that wrote them.
    pub(super) async fn follow(&self, now: WallTime, steady: Instant) -> Result<(), SqlError> {
        let mut watch = self.watch.lock().await;
        let mut steps = self.reading().steps;
        if let Some(step) = watch.find_step(now, steady) {
            let (before, after) = (self.id_after(steps), self.id_after(steps + 1));
            self.sql.shift_refresh_families(step, &before, &after).await?;
            tracing::warn!(by_ms = step.by_ms, "the wall clock was set; rooms don't notice");
            steps += 1;
            *watch = WallWatch::start(now, steady);
            self.is_doubted.store(false, Ordering::SeqCst);
        }
        *self.reading() = Reading { wall: now, at: steady, steps };
        Ok(())
    }

    /// Whether the clock seems far off, because by it most families are over or from the future. What it
    /// says must not change any family, until it was set or has run for two days. `counts` are by this
    /// clock.
    pub async fn is_doubtful(&self, counts: FamilyCounts, steady: Instant) -> bool {
        let seems_off = counts.ahead.max(counts.over) > counts.all / 2;
        let has_run = self.watch.lock().await.ran_for(steady) >= DOUBTED_FOR;
        if seems_off && !has_run && !self.is_doubted.swap(true, Ordering::SeqCst) {
            tracing::warn!(
                families = counts.all,
                over = counts.over,
                from_the_future = counts.ahead,
                "the wall clock seems far off: no refresh token is judged old until it is set"
            );
        }
        !has_run && self.is_doubted.load(Ordering::SeqCst)
    }

    /// Whether the clock seemed far off when it was last judged, and was neither set since nor has run for
    /// long enough to be believed.
    pub async fn is_doubted(&self, steady: Instant) -> bool {
        self.is_doubted.load(Ordering::SeqCst)
            && self.watch.lock().await.ran_for(steady) < DOUBTED_FOR
    }

    #[cfg(test)]
    pub(super) async fn start(&self, wall: WallTime, steady: Instant) {
        *self.watch.lock().await = WallWatch::start(wall, steady);
    }

    fn id_after(&self, steps: u64) -> String {
        format!("{}.{steps}", self.node_id)
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
