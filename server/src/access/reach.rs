//! Whether refresh tokens can be replaced: what this node has lately learnt of the database.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::sql::Sql;

/// How long after the last failure clients still need to come with their refresh tokens: they wait longer
/// from attempt to attempt.
const BACK_WITHIN: Duration = Duration::from_secs(30);
/// How often the database is asked while it fails.
const PROBE_EVERY: Duration = Duration::from_secs(2);

/// What was learnt of the database, to be read without waiting for it.
#[derive(Debug, Default)]
pub struct Reach {
    known: Mutex<Known>,
    asked: Notify,
}

#[derive(Debug, Default)]
struct Known {
    /// When a refresh, a new family or a probe last failed.
    failed_at: Option<Instant>,
    /// Whether new families can't be stored.
    is_writer_away: bool,
    /// Whether a token was replaced since the last failure.
    has_replaced: bool,
}

/// What a connection whose token has ended may expect of the database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refreshing {
    /// Nothing has failed lately: its client could have refreshed.
    Works,
    /// It failed lately, and a token was replaced since.
    WorksAgain,
    /// It failed lately, and no token was replaced since.
    Fails,
}

impl Reach {
    /// Notes that the database failed a refresh, or a probe.
    pub fn note_failure(&self) {
        let mut known = self.lock();
        known.failed_at = Some(Instant::now());
        known.has_replaced = false;
        drop(known);
        self.ask();
    }

    /// Notes that a token was replaced.
    pub fn note_replaced(&self) {
        self.lock().has_replaced = true;
    }

    /// Notes whether new families can be stored.
    pub fn note_writer(&self, is_away: bool) {
        self.lock().is_writer_away = is_away;
        if is_away {
            self.note_failure();
        }
    }

    /// Whether tokens are kept, as far as is known: new families are stored, and no refresh or probe has failed
    /// lately without another token being replaced since.
    pub fn keeps_tokens(&self) -> bool {
        !self.lock().is_writer_away && self.refreshing(Instant::now()) != Refreshing::Fails
    }

    /// Returns what was learnt by `now`.
    pub fn refreshing(&self, now: Instant) -> Refreshing {
        let known = self.lock();
        let is_late = |at: Instant| now.saturating_duration_since(at) < BACK_WITHIN;
        match known.failed_at.is_some_and(is_late) {
            false => Refreshing::Works,
            true if known.has_replaced => Refreshing::WorksAgain,
            true => Refreshing::Fails,
        }
    }

    /// Has the database asked whether it can be written: another node may have failed to refresh.
    pub fn ask(&self) {
        self.asked.notify_one();
    }

    /// Asks the database when it is to be asked, and as long as it fails, until the node ends.
    pub async fn keep(&self, sql: &Sql) {
        loop {
            self.asked.notified().await;
            if sql.check_writable().await.is_err() {
                self.note_failure();
            }
            sleep(PROBE_EVERY).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_counts_for_half_a_minute_and_a_token_that_was_replaced_since_is_told_apart() {
        let reach = Reach::default();
        assert_eq!(reach.refreshing(Instant::now()), Refreshing::Works);
        reach.note_failure();
        assert_eq!(reach.refreshing(Instant::now()), Refreshing::Fails);
        reach.note_replaced();
        assert_eq!(reach.refreshing(Instant::now()), Refreshing::WorksAgain);
        reach.note_failure();
        assert_eq!(reach.refreshing(Instant::now()), Refreshing::Fails);
        assert_eq!(reach.refreshing(Instant::now() + BACK_WITHIN), Refreshing::Works);
    }
}
