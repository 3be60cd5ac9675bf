//! What counts as one address: the one place that says so, for every limit per address.
//!
//! An IPv4 address is one. Of IPv6, a household gets a /56 or a /64 and a customer of a hosting company a
//! /48, each with addresses without end. So an IPv6 address counts in its /64 as one address, and in its
//! wider networks, where several people may be, with a larger share.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The networks in which an IPv6 address counts: how many bits they have in common, and how many times
/// the share of one address each of them has.
const WIDTHS: [(u32, u32); 3] = [(64, 1), (56, 4), (48, 16)];

/// How many networks an address counts in at most.
pub const LEVELS: usize = WIDTHS.len();

/// A network whose addresses count together.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Network {
    /// Its first address.
    first: IpAddr,
    level: usize,
}

impl Network {
    /// Returns which of the networks of an address this is: 0 is the narrowest, below [`LEVELS`].
    pub fn level(self) -> usize {
        self.level
    }
}

/// The level of the network that a home may have.
pub const HOME: usize = 1;

/// Returns how many times the share of one address a network of this level has.
pub fn share(level: usize) -> u32 {
    WIDTHS.get(level).map_or(1, |(_, share)| *share)
}

/// Returns the address by which limits know a client: an IPv4 address, also of an IPv6 address that only
/// carries one, or else the first address of the /64.
pub fn counted(address: IpAddr) -> IpAddr {
    narrowest(address).first
}

/// Returns the networks in which an address counts, the narrowest first.
pub fn networks(address: IpAddr) -> impl Iterator<Item = Network> {
    let narrowest = narrowest(address);
    let levels = if narrowest.first.is_ipv4() { 1 } else { LEVELS };
    (0..levels).map(move |level| Network { first: cut(narrowest.first, level), level })
}

/// Returns the widest network in which an address counts.
pub fn widest(address: IpAddr) -> IpAddr {
    networks(address).last().map_or(address, |network| network.first)
}

fn narrowest(address: IpAddr) -> Network {
    let address = match address {
        IpAddr::V6(ip) => carried(ip).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    Network { first: cut(address, 0), level: 0 }
}

fn cut(address: IpAddr, level: usize) -> IpAddr {
    let (IpAddr::V6(ip), Some((bits, _))) = (address, WIDTHS.get(level)) else { return address };
    let mask = u128::MAX << (128 - bits);
    IpAddr::V6((ip.to_bits() & mask).into())
}

/// Returns the IPv4 address that an IPv6 address carries: mapped (`::ffff:0:0/96`), behind a translator
/// (`64:ff9b::/96`; nobody has the rest of that /64), or tunnelled (6to4, `2002::/16`).
fn carried(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, ..] => Some(of(g, h)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_counts_in_the_networks_that_one_household_or_customer_has() {
        for (address, networks_of_it) in [
            ("192.0.2.1", &["192.0.2.1"][..]),
            ("::ffff:192.0.2.1", &["192.0.2.1"]),
            ("64:ff9b::192.0.2.1", &["192.0.2.1"]),
            ("2002:c000:201::7", &["192.0.2.1"]),
            ("2002:c000:201:ffff:1::7", &["192.0.2.1"]),
            ("2001:db8:1:2ff:3::4", &["2001:db8:1:2ff::", "2001:db8:1:200::", "2001:db8:1::"]),
            ("64:ff9b:1::192.0.2.1", &["64:ff9b:1::", "64:ff9b:1::", "64:ff9b:1::"]),
            ("::1", &["::", "::", "::"]),
        ] {
            let found: Vec<_> = networks(parse(address)).map(|one| one.first).collect();
            let expected: Vec<_> = networks_of_it.iter().map(|one| parse(one)).collect();
            assert_eq!(found, expected, "{address}");
            assert_eq!(counted(parse(address)), expected[0]);
            assert_eq!(Some(&widest(parse(address))), expected.last());
        }
    }

    proptest! {
        #[test]
        fn an_ipv4_address_counts_the_same_however_it_is_written(bits: u32, rest: u64, low: u16) {
            let ip = Ipv4Addr::from_bits(bits);
            let translated = (0x0064_ff9b_u128 << 96) | u128::from(bits);
            let tunnelled =
                (0x2002_u128 << 112) | (u128::from(bits) << 80) | (u128::from(low) << 64) | u128::from(rest);
            let written = [
                ip.to_ipv6_mapped(),
                Ipv6Addr::from_bits(translated),
                Ipv6Addr::from_bits(tunnelled),
            ];
            for ip6 in written {
                let found: Vec<_> = networks(IpAddr::V6(ip6)).collect();
                prop_assert_eq!(&found, &networks(IpAddr::V4(ip)).collect::<Vec<_>>());
                prop_assert_eq!(found.len(), 1);
            }
        }

        #[test]
        fn addresses_count_together_exactly_where_their_first_bits_are_the_same(
            one: u128, flipped in 0_u32..128,
        ) {
            let (one, other) = (Ipv6Addr::from_bits(one), Ipv6Addr::from_bits(one ^ (1 << flipped)));
            prop_assume!(carried(one).is_none() && carried(other).is_none());
            let (of_one, of_other) = (networks(IpAddr::V6(one)), networks(IpAddr::V6(other)));
            for ((one, other), (bits, _)) in of_one.zip(of_other).zip(WIDTHS) {
                prop_assert_eq!(one == other, flipped < 128 - bits, "/{}", bits);
            }
        }

        #[test]
        fn counting_an_address_that_was_counted_changes_nothing(
            high in prop_oneof![
                any::<u64>(), Just(0), Just(0x64_ff9b_0000_0000), Just(0x2002_c000_0201_0000),
            ],
            low in prop_oneof![any::<u64>(), Just(0), 0xffff_c000_0000_u64..0xffff_ffff_ffff],
        ) {
            let bits = u128::from(high) << 64 | u128::from(low);
            let address = IpAddr::V6(Ipv6Addr::from_bits(bits));
            let again = networks(counted(address)).collect::<Vec<_>>();
            prop_assert_eq!(again, networks(address).collect::<Vec<_>>());
        }
    }

    fn parse(address: &str) -> IpAddr {
        address.parse().expect("an address")
    }
}
