//! Waits for the databases that a node stands on: where everything starts at once, they may be the last to be
//! ready.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// How long to wait between two attempts.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How long an attempt may take in any case.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a start may wait for databases that can't be reached, all of them together.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    until: Instant,
    limit: Duration,
}

impl Patience {
    /// Starts to wait, for at most so many milliseconds.
    pub fn of_millis(limit_ms: u64) -> Self {
        let limit = Duration::from_millis(limit_ms);
        Self { until: Instant::now() + limit, limit }
    }

    /// Repeats an attempt to open `what` while it fails for a reason that may pass. Says so once in the log. The
    /// error is a sentence for the operator.
    pub async fn open<T, E: std::error::Error>(
        &self,
        what: &str,
        is_transient: impl Fn(&E) -> bool,
        attempt: impl AsyncFn() -> Result<T, E>,
    ) -> Result<T, String> {
        let mut is_logged = false;
        loop {
            let attempt_until = self.until.max(Instant::now() + ATTEMPT_TIMEOUT);
            let failed = match timeout_at(attempt_until, attempt()).await {
                Ok(Ok(opened)) => {
                    if is_logged {
                        tracing::info!("{what} answers");
                    }
                    return Ok(opened);
                }
                Ok(Err(error)) if !is_transient(&error) => return Err(with_causes(&error)),
                Ok(Err(error)) => with_causes(&error),
                Err(_) => format!("{what} doesn't answer"),
            };
            if Instant::now() + AGAIN_AFTER > self.until {
                let limit_ms = self.limit.as_millis();
                return Err(format!(
                    "{failed} (waited for {limit_ms} ms: PLAYHEAD_START_TIMEOUT_MS)"
                ));
            }
            if !std::mem::replace(&mut is_logged, true) {
                tracing::warn!(cause = failed, "waiting for {what}");
            }
            sleep(AGAIN_AFTER).await;
        }
    }
}

/// Writes an error with its causes, for people.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::{Error, ErrorKind};

    use super::*;

    #[tokio::test]
    async fn an_attempt_is_repeated_until_it_succeeds_or_the_time_is_over() {
        for (limit_ms, succeeds_at, opened) in [(0, 1, true), (30_000, 2, true), (0, 2, false)] {
            let attempts = Cell::new(0);
            let attempt = async || {
                attempts.set(attempts.get() + 1);
                let done = attempts.get() == succeeds_at;
                if done { Ok(()) } else { Err(Error::from(ErrorKind::ConnectionRefused)) }
            };
            let found = Patience::of_millis(limit_ms).open("it", |_| true, attempt).await;
            assert_eq!(found.is_ok(), opened, "{found:?}");
            assert!(
                opened || found.is_err_and(|words| words.contains("PLAYHEAD_START_TIMEOUT_MS"))
            );
        }
    }

    #[tokio::test]
    async fn an_error_that_does_not_pass_ends_the_wait_at_once() {
        let attempts = Cell::new(0);
        let attempt = async || {
            attempts.set(attempts.get() + 1);
            Err::<(), _>(Error::from(ErrorKind::PermissionDenied))
        };
        let found = Patience::of_millis(30_000).open("it", |_| false, attempt).await;
        assert!(found.is_err() && attempts.get() == 1, "{found:?}");
    }
}
