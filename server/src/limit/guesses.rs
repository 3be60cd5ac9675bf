//! Guesses: wrong answers that an address may give, such as unknown room codes. A guess is charged before the
//! look-up and refunded if it was right; otherwise somebody could try as many in parallel as there are
//! connections, and learn the right one before the first wrong one is counted.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;

use super::network::{Network, networks, share, widest};

/// Over how many queues networks are spread, at random.
const QUEUES: usize = 64;
/// How long one waits for the outcome of those that are being looked up.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// The guesses of each address, a token bucket: a burst, refilled by one each period. A network with the share of
/// several addresses has as many times as much.
#[derive(Debug)]
pub(super) struct Guesses {
    /// After how long an address has one more guess.
    period: Duration,
    /// How long it takes until it has all: the period times their number.
    full: Duration,
    /// What each network has used. One that isn't here has all its guesses.
    used: Mutex<HashMap<Network, Used>>,
    /// Queues of callers that may still have a guess, depending on lookups in progress.
    queues: [Queue; QUEUES],
    spread: RandomState,
}

/// What a network has used.
#[derive(Clone, Copy, Debug)]
struct Used {
    /// When it would have all its guesses again, if all that are open were right.
    full_at: Instant,
    /// How many are being looked up.
    open: u32,
}

/// Those who wait, in the order in which they came. Only the first waits for an outcome.
#[derive(Debug, Default)]
struct Queue {
    turn: tokio::sync::Mutex<()>,
    /// Notified of each outcome.
    outcome: Notify,
}

/// A guess being looked up. Dropping it, for whatever reason, counts as wrong: a client that hangs up early may
/// already have inferred the answer from the response time.
#[must_use]
pub struct Guess<'a> {
    guesses: Option<&'a Guesses>,
    address: IpAddr,
    is_right: bool,
}

impl Guess<'_> {
    /// Returns a guess that counts nowhere.
    pub(super) fn uncounted(address: IpAddr) -> Self {
        Self { guesses: None, address, is_right: false }
    }

    /// Ends the guess as a right one, which costs nothing.
    pub fn was_right(mut self) {
        self.is_right = true;
    }
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        if let Some(guesses) = self.guesses {
            guesses.close(self.address, self.is_right, Instant::now());
        }
    }
}

impl fmt::Debug for Guess<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guess").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Guesses {
    /// Allows `per_minute` guesses at once, and as many per minute.
    pub(super) fn per_minute(per_minute: u32) -> Self {
        let most = per_minute.max(1);
        let period = Duration::from_secs(60) / most;
        Self {
            period,
            full: period * most,
            used: Mutex::default(),
            queues: std::array::from_fn(|_| Queue::default()),
            spread: RandomState::new(),
        }
    }

    /// Takes a guess of an address. If it has none left, returns how long that will be so. If only the
    /// outcome of those that are being looked up will tell, waits for that.
    pub(super) async fn take(&self, address: IpAddr) -> Result<Guess<'_>, Duration> {
        if let Some(guess) = self.try_take(address, Instant::now)? {
            return Ok(guess);
        }
        let queue = self.queue_of(address);
        let wait = async {
            let _turn = queue.turn.lock().await;
            loop {
                if let Some(guess) = self.try_take(address, Instant::now)? {
                    return Ok(guess);
                }
                queue.outcome.notified().await;
            }
        };
        timeout(WAIT_MAX, wait).await.unwrap_or(Err(WAIT_MAX))
    }

    /// Forgets networks that have all their guesses.
    pub(super) fn sweep(&self, now: Instant) {
        let mut used = self.lock();
        used.retain(|_, used| used.open > 0 || used.full_at > now);
        used.shrink_to_fit();
    }

    /// Takes a guess of an address; `None` if it has one left only if one of those that are being looked up
    /// turns out to be right.
    fn try_take(
        &self,
        address: IpAddr,
        clock: impl FnOnce() -> Instant,
    ) -> Result<Option<Guess<'_>>, Duration> {
        let mut used = self.lock();
        // Read under the lock: an earlier time than another caller's would look like a guess that isn't back yet.
        let now = clock();
        let mut is_free = true;
        for network in networks(address) {
            let period = self.period_of(network);
            let (missing, open) = used.get(&network).map_or((Duration::ZERO, 0), |used| {
                (used.full_at.saturating_duration_since(now), used.open)
            });
            match (missing + period).checked_sub(self.full) {
                None | Some(Duration::ZERO) => {}
                Some(wait) => return Err(wait),
            }
            is_free &= missing + period * (open + 1) <= self.full;
        }
        if !is_free {
            return Ok(None);
        }
        for network in networks(address) {
            used.entry(network).or_insert(Used { full_at: now, open: 0 }).open += 1;
        }
        Ok(Some(Guess { guesses: Some(self), address, is_right: false }))
    }

    /// Counts the outcome of a guess.
    fn close(&self, address: IpAddr, is_right: bool, now: Instant) {
        let mut all = self.lock();
        for network in networks(address) {
            let Some(used) = all.get_mut(&network) else { continue };
            used.open = used.open.saturating_sub(1);
            if !is_right {
                used.full_at = now.max(used.full_at) + self.period_of(network);
            }
            if used.open == 0 && used.full_at <= now {
                all.remove(&network);
            }
        }
        drop(all);
        self.queue_of(address).outcome.notify_one();
    }

    fn queue_of(&self, address: IpAddr) -> &Queue {
        let hash = self.spread.hash_one(widest(address));
        let index = hash % (QUEUES as u64);
        &self.queues[usize::try_from(index).unwrap_or_default()]
    }

    fn period_of(&self, network: Network) -> Duration {
        self.period / share(network.level())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Network, Used>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn only_a_wrong_answer_uses_a_guess_up_and_each_comes_back_after_its_period() {
        let (guesses, now) = (Guesses::per_minute(3), Instant::now());
        let answer = |is_right, now| {
            let guess = guesses.try_take(ADDRESS, || now)?.expect("none is open");
            std::mem::forget(guess);
            guesses.close(ADDRESS, is_right, now);
            Ok::<_, Duration>(())
        };
        for _ in 0..3 {
            for is_right in [true, true, false] {
                assert_eq!(answer(is_right, now), Ok(()));
            }
        }
        let wait = Duration::from_secs(20);
        assert_eq!(answer(true, now), Err(wait));
        assert_eq!(answer(false, now), Err(wait), "a refused one costs nothing");
        assert_eq!(answer(true, now + wait), Ok(()));
        assert_eq!(answer(false, now + wait), Ok(()), "one came back");
        assert_eq!(answer(true, now + wait), Err(wait));
    }

    #[tokio::test]
    async fn no_more_answers_are_looked_up_at_once_than_may_be_wrong() {
        let guesses = Guesses::per_minute(2);
        let (first, second) = (take(&guesses).unwrap(), take(&guesses).unwrap());
        let (mut third, mut fourth) = (pin!(guesses.take(ADDRESS)), pin!(guesses.take(ADDRESS)));
        assert!(third.as_mut().now_or_never().is_none(), "both may be wrong");
        assert!(fourth.as_mut().now_or_never().is_none());
        let other = guesses.take("192.0.2.1".parse().unwrap()).now_or_never();
        other.expect("it waits for nobody").unwrap().was_right();

        drop(first);
        assert!(third.as_mut().now_or_never().is_none(), "that one was wrong");
        second.was_right();
        let third = third.await.expect("one is left");
        assert!(fourth.as_mut().now_or_never().is_none());
        drop(third);
        fourth.await.expect_err("none is left, right or wrong");
        take(&guesses).expect_err("for nobody at this address");
    }

    #[tokio::test]
    async fn any_number_of_right_answers_come_through_where_one_wrong_one_would() {
        let guesses = &Guesses::per_minute(1);
        let answers = (0..500).map(|_| async move {
            let guess = guesses.take(ADDRESS).await?;
            tokio::task::yield_now().await;
            guess.was_right();
            Ok::<_, Duration>(())
        });
        for answer in futures_util::future::join_all(answers).await {
            assert_eq!(answer, Ok(()));
        }
        assert_eq!(guesses.lock().len(), 0);
    }

    #[test]
    fn an_address_that_has_all_its_guesses_is_forgotten() {
        let guesses = Guesses::per_minute(60);
        let open = take(&guesses).unwrap();
        let now = Instant::now();
        guesses.sweep(now + Duration::from_secs(1));
        assert_eq!(guesses.lock().len(), 1, "one is open");
        drop(open);
        guesses.sweep(now);
        assert_eq!(guesses.lock().len(), 1);
        guesses.sweep(Instant::now() + Duration::from_secs(1));
        assert_eq!(guesses.lock().len(), 0);
    }

    #[test]
    fn the_guesses_of_a_wider_network_are_a_multiple_of_those_of_an_address() {
        let (guesses, now) = (Guesses::per_minute(6), Instant::now());
        let charged = |address: String| {
            let address = address.parse().unwrap();
            let taken = guesses.try_take(address, || now);
            taken.map(|guess| std::mem::forget(guess.expect("none is open"))).is_ok_and(|()| {
                guesses.close(address, false, now);
                true
            })
        };
        let of_a_home = |round: u32| charged(format!("2001:db8:1:2{round:02x}::1"));
        assert_eq!((0..256).filter(|round| of_a_home(*round)).count(), 24);
        let of_a_customer = |round: u32| charged(format!("2001:db8:1:{round:02x}01::1"));
        assert_eq!((16..256).filter(|round| of_a_customer(*round)).count(), 96 - 24);
    }

    /// Takes a guess without waiting.
    fn take(guesses: &Guesses) -> Result<Guess<'_>, Duration> {
        guesses.take(ADDRESS).now_or_never().expect("it waits for nothing")
    }
}
