//! A value that a store takes a while to make: made by one caller at a time, and kept for the others. Nobody who
//! can use the kept one waits.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// The value that was made last.
#[derive(Debug)]
pub struct Kept<T> {
    /// One permit: the turn to make the value.
    turn: Semaphore,
    // A std mutex: never held across an await.
    last: Mutex<Last<T>>,
}

/// What a kept value is good for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Use {
    /// It is returned instead of another one.
    Always,
    /// It is returned while another one is being made.
    Meanwhile,
    /// It isn't returned.
    Never,
}

#[derive(Debug)]
struct Last<T> {
    /// The value, and when it was made.
    value: Option<(Instant, T)>,
    /// When the last attempt to make one began, and whether it succeeded.
    attempt: Option<(Instant, bool)>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        let last = Last { value: None, attempt: None };
        Self { turn: Semaphore::new(1), last: Mutex::new(last) }
    }
}

impl<T: Clone> Kept<T> {
    /// Returns the kept value if it may be used, as `judge` says of it and its age; otherwise makes one. Callers
    /// that wait share what is made after they asked. The error is `None` if another caller's attempt failed.
    pub async fn find_or_make<E>(
        &self,
        judge: impl Fn(&T, Duration) -> Use,
        make: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<T, Option<E>> {
        if let Some(value) = self.find(|value, age| judge(value, age) == Use::Always) {
            return Ok(value);
        }
        let asked = Instant::now();
        let _turn = match self.turn.try_acquire() {
            Ok(turn) => turn,
            Err(_) => {
                if let Some(value) = self.find(|value, age| judge(value, age) != Use::Never) {
                    return Ok(value);
                }
                let turn = self.turn.acquire().await;
                turn.expect("the semaphore of a kept value is never closed")
            }
        };
        if let Some(made) = self.find_made_since(asked) {
            return made.ok_or(None);
        }
        let began = Instant::now();
        let made = make().await;
        let mut last = self.lock();
        last.attempt = Some((began, made.is_ok()));
        if let Ok(value) = &made {
            last.value = Some((Instant::now(), value.clone()));
        }
        made.map_err(Some)
    }

    /// Returns the kept value, whatever its age.
    pub fn last(&self) -> Option<T> {
        self.find(|_, _| true)
    }

    fn find(&self, is_usable: impl Fn(&T, Duration) -> bool) -> Option<T> {
        let last = self.lock();
        let (made, value) = last.value.as_ref()?;
        is_usable(value, made.elapsed()).then(|| value.clone())
    }

    /// Returns what an attempt has led to that began after `asked`, if there was one.
    fn find_made_since(&self, asked: Instant) -> Option<Option<T>> {
        let last = self.lock();
        let (_, succeeded) = last.attempt.filter(|(began, _)| *began >= asked)?;
        Some(last.value.as_ref().filter(|_| succeeded).map(|(_, value)| value.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Last<T>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_slow_store_keeps_nobody_waiting_who_can_use_the_kept_value() {
        let kept = Kept::default();
        let first = kept.find_or_make(|_, _| Use::Always, async || Ok::<_, ()>(1)).await;
        assert_eq!(first, Ok(1));
        let (answer, answered) = oneshot::channel();
        let slow = kept.find_or_make(|_, _| Use::Meanwhile, async || answered.await);
        let mut slow = pin!(slow);
        assert!(poll!(&mut slow).is_pending(), "it is made anew");
        let other = kept.find_or_make(|_, _| Use::Meanwhile, async || Ok::<_, ()>(3)).await;
        assert_eq!(other, Ok(1), "meanwhile");
        answer.send(2).unwrap();
        assert_eq!(slow.await, Ok(2));
        let later = kept.find_or_make(|_, _| Use::Always, async || Ok::<_, ()>(3)).await;
        assert_eq!(later, Ok(2));
    }

    #[tokio::test]
    async fn callers_that_wait_share_what_is_made_after_they_asked() {
        let kept = Kept::default();
        let (answer, answered) = oneshot::channel();
        let mut slow = pin!(kept.find_or_make(|_, _| Use::Never, async || answered.await));
        assert!(poll!(&mut slow).is_pending());
        let mut second = pin!(kept.find_or_make(|_, _| Use::Never, async || Err("no store")));
        let mut third = pin!(kept.find_or_make(|_, _| Use::Never, async || Ok::<_, &str>(3)));
        let mut fourth = pin!(kept.find_or_make(|_, _| Use::Never, async || Ok::<_, &str>(4)));
        for waiting in [poll!(&mut second), poll!(&mut third), poll!(&mut fourth)] {
            assert!(waiting.is_pending());
        }
        answer.send(1).unwrap();
        assert_eq!(slow.await, Ok(1));
        // What began before they asked may be older than they need.
        assert_eq!(second.await, Err(Some("no store")));
        assert_eq!((third.await, fourth.await), (Err(None), Err(None)), "it was just tried");
        let later = kept.find_or_make(|_, _| Use::Never, async || Ok::<_, &str>(5)).await;
        assert_eq!(later, Ok(5));
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_leaves_its_turn_to_the_next() {
        let kept = Kept::default();
        {
            let given_up = kept.find_or_make(
                |_, _| Use::Never,
                async || std::future::pending::<Result<u8, ()>>().await,
            );
            assert!(poll!(pin!(given_up)).is_pending());
        }
        let next = kept.find_or_make(|_, _| Use::Never, async || Ok::<_, ()>(2)).await;
        assert_eq!(next, Ok(2));
    }
}
