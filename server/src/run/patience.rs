//! Waits for the databases that a node depends on: where everything starts at once, they may be the last to be
//! ready.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// How long to wait between two attempts.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How long an attempt may take in any case, once it has got an answer: tables may have to be brought up to date.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an attempt may wait for the first answer, if there is that much time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may wait for that in any case.
const ANSWER_TIMEOUT_MIN: Duration = Duration::from_secs(1);
/// After how long an attempt is so slow that the operator should know.
const SLOW_AFTER: Duration = Duration::from_secs(1);

/// How long a start may wait for databases that can't be reached, all of them together.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    since: Instant,
    until: Instant,
}

impl Patience {
    /// Starts to wait, for at most so many milliseconds.
    pub fn of_millis(limit_ms: u64) -> Self {
        let since = Instant::now();
        Self { since, until: since + Duration::from_millis(limit_ms) }
    }

    /// Repeats an attempt to open `what` while it fails for a reason that may pass. Each one gets the time by
    /// which `what` has to have answered. Says once in the log that the start waits. The error is a sentence for
    /// the operator.
    pub async fn open<T, E: std::error::Error>(
        &self,
        what: &str,
        is_transient: impl Fn(&E) -> bool,
        attempt: impl AsyncFn(Instant) -> Result<T, E>,
    ) -> Result<T, String> {
        Box::pin(self.repeat(what, is_transient, attempt, Some(ATTEMPT_TIMEOUT))).await
    }

    /// Does the same for what may take long to read. No attempt is given up.
    pub async fn read<T, E: std::error::Error>(
        &self,
        what: &str,
        is_transient: impl Fn(&E) -> bool,
        attempt: impl AsyncFn() -> Result<T, E>,
    ) -> Result<T, String> {
        Box::pin(self.repeat(what, is_transient, async |_| attempt().await, None)).await
    }

    async fn repeat<T, E: std::error::Error>(
        &self,
        what: &str,
        is_transient: impl Fn(&E) -> bool,
        attempt: impl AsyncFn(Instant) -> Result<T, E>,
        limit: Option<Duration>,
    ) -> Result<T, String> {
        let mut is_logged = false;
        loop {
            let now = Instant::now();
            let answer_by = self.until.min(now + ANSWER_TIMEOUT).max(now + ANSWER_TIMEOUT_MIN);
            let mut attempted = pin!(async {
                match limit {
                    Some(limit) => {
                        timeout_at(self.until.max(now + limit), attempt(answer_by)).await
                    }
                    None => Ok(attempt(answer_by).await),
                }
            });
            let attempted = tokio::select! {
                attempted = &mut attempted => attempted,
                // A long read is normal: it isn't logged as waiting.
                () = sleep(SLOW_AFTER), if !is_logged && limit.is_some() => {
                    is_logged = true;
                    tracing::warn!("waiting for {what}");
                    attempted.await
                }
            };
            let failed = match attempted {
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
                let waited_ms = self.since.elapsed().as_millis();
                return Err(format!(
                    "{failed} (waited for {waited_ms} ms: PLAYHEAD_START_TIMEOUT_MS)"
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
            let attempt = async |_| {
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
        let attempt = async |_| {
            attempts.set(attempts.get() + 1);
            Err::<(), _>(Error::from(ErrorKind::PermissionDenied))
        };
        let found = Patience::of_millis(30_000).open("it", |_| false, attempt).await;
        assert!(found.is_err() && attempts.get() == 1, "{found:?}");
    }
}
