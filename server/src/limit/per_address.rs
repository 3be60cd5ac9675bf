//! Rate limits per address, and for IPv6 per wider network.

use std::net::IpAddr;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::network::{LEVELS, Network, networks, share};
use super::too_many;
use crate::refusal::Refusal;

/// A rate limit per address.
#[derive(Debug)]
pub(super) struct PerAddress([DefaultKeyedRateLimiter<Network>; LEVELS]);

impl PerAddress {
    /// Makes a limit. `quota` is that of a number of addresses.
    pub(super) fn new(quota: impl Fn(u32) -> Quota) -> Self {
        Self(std::array::from_fn(|level| RateLimiter::keyed(quota(share(level)))))
    }

    /// Counts one more of an address. The narrowest network comes first, so that what is refused there
    /// costs the wider ones nothing, in which others may be.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), Refusal> {
        for network in networks(address) {
            if let Some(limiter) = self.0.get(network.level()) {
                limiter.check_key(&network).map_err(|not_until| too_many(&not_until))?;
            }
        }
        Ok(())
    }

    /// Forgets networks whose limit has fully recovered.
    pub(super) fn sweep(&self) {
        for limiter in &self.0 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn a_home_has_four_times_the_share_of_an_address_and_a_customer_of_a_host_sixteen_times() {
        let one = NonZeroU32::MIN;
        let quota = |share| Quota::per_hour(one.saturating_mul(NonZeroU32::new(share).unwrap()));
        let limit = PerAddress::new(quota);
        let passed = |addresses: &mut dyn Iterator<Item = String>| {
            addresses.filter(|address| limit.check(address.parse().unwrap()).is_ok()).count()
        };
        let of_one_address = passed(&mut (0..9).map(|host| format!("2001:db8:a:b::{host:x}")));
        assert_eq!(of_one_address, 1);
        let of_a_home = passed(&mut (0..64).map(|net| format!("2001:db8:1:2{net:02x}::1")));
        assert_eq!(of_a_home, 4);
        let of_a_customer = passed(&mut (0..256).map(|net| format!("2001:db8:2:{net:x}00::1")));
        assert_eq!(of_a_customer, 16);
        let of_ipv4 = passed(&mut (0..32).map(|host| format!("192.0.2.{host}")));
        assert_eq!(of_ipv4, 32);
        let tunnelled = passed(&mut (0..32).map(|net| format!("2002:c000:240:{net:x}::1")));
        assert_eq!(tunnelled, 1);
    }
}
