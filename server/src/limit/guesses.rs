//! Guesses: wrong answers that an address may give, such as unknown room codes. Unlike a rate limiter, it
//! can be asked whether any are left without using one up, because only a wrong answer costs one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::network::{Network, networks, share};

/// The guesses of each address: so many at once, and one more each time a fixed period has passed. Of a
/// network that has the share of several addresses, as many times as much.
#[derive(Debug)]
pub(super) struct Guesses {
    /// After how long an address has one more guess.
    period: Duration,
    /// How long it takes until it has all: the period times their number.
    full: Duration,
    /// When each network will have all its guesses again. One that isn't here has them now.
    full_at: Mutex<HashMap<Network, Instant>>,
}

impl Guesses {
    /// Allows `per_minute` guesses at once, and as many per minute.
    pub(super) fn per_minute(per_minute: u32) -> Self {
        let most = per_minute.max(1);
        let period = Duration::from_secs(60) / most;
        Self { period, full: period * most, full_at: Mutex::default() }
    }

    /// Returns `Ok` if an address has a guess left, else how long it has none.
    pub(super) fn check(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        networks(address).try_for_each(|network| self.wait(&full_at, network, now))
    }

    /// Uses up a guess of an address. If it has none left, returns how long that will be so.
    pub(super) fn charge(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        networks(address).try_for_each(|network| self.wait(&full_at, network, now))?;
        for network in networks(address) {
            let until = full_at.entry(network).or_insert(now);
            *until = now.max(*until) + self.period_of(network);
        }
        Ok(())
    }

    /// Forgets networks that have all their guesses.
    pub(super) fn sweep(&self, now: Instant) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        full_at.retain(|_, until| *until > now);
        full_at.shrink_to_fit();
    }

    fn wait(
        &self,
        full_at: &HashMap<Network, Instant>,
        network: Network,
        now: Instant,
    ) -> Result<(), Duration> {
        let until = full_at.get(&network);
        let missing = until.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        match (missing + self.period_of(network)).checked_sub(self.full) {
            None | Some(Duration::ZERO) => Ok(()),
            Some(wait) => Err(wait),
        }
    }

    fn period_of(&self, network: Network) -> Duration {
        self.period / share(network.level())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn only_a_charge_uses_a_guess_up_and_each_comes_back_after_its_period() {
        let (guesses, now) = (Guesses::per_minute(3), Instant::now());
        for _ in 0..3 {
            guesses.check(ADDRESS, now).expect("asking costs nothing");
            guesses.check(ADDRESS, now).expect("asking costs nothing");
            guesses.charge(ADDRESS, now).expect("one is left");
        }
        let wait = Duration::from_secs(20);
        assert_eq!(guesses.check(ADDRESS, now), Err(wait));
        assert_eq!(guesses.charge(ADDRESS, now), Err(wait), "a refused one costs nothing");
        assert_eq!(guesses.check(ADDRESS, now + wait), Ok(()));
        guesses.charge(ADDRESS, now + wait).expect("one came back");
        assert_eq!(guesses.check(ADDRESS, now + wait), Err(wait));
    }

    #[test]
    fn an_address_that_has_all_its_guesses_is_forgotten() {
        let (guesses, now) = (Guesses::per_minute(60), Instant::now());
        guesses.charge(ADDRESS, now).expect("one is left");
        guesses.sweep(now);
        assert_eq!(guesses.full_at.lock().unwrap().len(), 1);
        guesses.sweep(now + Duration::from_secs(1));
        assert_eq!(guesses.full_at.lock().unwrap().len(), 0);
    }

    #[test]
    fn the_guesses_of_a_wider_network_are_a_multiple_of_those_of_an_address() {
        let (guesses, now) = (Guesses::per_minute(6), Instant::now());
        let charged = |address: String| guesses.charge(address.parse().unwrap(), now).is_ok();
        let of_a_home = |round: u32| charged(format!("2001:db8:1:2{round:02x}::1"));
        assert_eq!((0..256).filter(|round| of_a_home(*round)).count(), 24);
        let of_a_customer = |round: u32| charged(format!("2001:db8:1:{round:02x}01::1"));
        assert_eq!((16..256).filter(|round| of_a_customer(*round)).count(), 96 - 24);
    }
}
