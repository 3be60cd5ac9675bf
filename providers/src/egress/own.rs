//! Tells this machine's own addresses, also where they are public.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// The kernel's IPv6 routes, one in a line: the network and the length of its prefix first, the flags second to last,
/// all in hexadecimal digits.
const ROUTES: &str = "/proc/net/ipv6_route";
/// The flag of a route that leads to this machine.
const LOCAL: u32 = 0x8000_0000;
/// Any port: connecting a UDP socket chooses a route and sends nothing.
const PORT: u16 = 9;

/// Whether packets to this address stay on this machine, as far as its interfaces and the kernel's choice of
/// a source tell.
///
/// The kernel is asked each time, because addresses come and go. If it can't be asked, the answer is yes.
pub(super) fn is_own(address: IpAddr) -> bool {
    #[cfg(test)]
    if address == tests::PRETENDED {
        return true;
    }
    let Ok(interfaces) = if_addrs::get_if_addrs() else { return true };
    let interfaces: Vec<IpAddr> = interfaces.iter().map(|interface| interface.ip()).collect();
    let Ok(source) = find_source(address) else { return true };
    is_own_given(address, source, &interfaces) || is_routed_here(address)
}

/// The same, given the address that the kernel sends to `target` from, and those of the interfaces.
///
/// None of the signs is enough. The kernel sends to a second address of a subnet from the first one, so the
/// interfaces are asked. What is routed to this machine without being the address of an interface is sent to
/// from itself, or from a loopback address, which no other machine could answer.
fn is_own_given(target: IpAddr, source: Option<IpAddr>, interfaces: &[IpAddr]) -> bool {
    interfaces.contains(&target)
        || source.is_some_and(|source| source == target || source.is_loopback())
}

/// Whether a route leads from an IPv6 address to this machine. The kernel sends there from a global address if it has
/// one, as it does to other machines.
fn is_routed_here(target: IpAddr) -> bool {
    let IpAddr::V6(target) = target else { return false };
    // Where there is no such file, the other signs have to do.
    std::fs::read_to_string(ROUTES).is_ok_and(|routes| leads_here(target, &routes))
}

fn leads_here(target: Ipv6Addr, routes: &str) -> bool {
    routes.lines().any(|route| {
        let fields: Vec<&str> = route.split_ascii_whitespace().collect();
        let [network, length, .., flags, _interface] = fields[..] else { return false };
        let number = |digits| u32::from_str_radix(digits, 16).ok();
        let (Ok(network), Some(length), Some(flags)) =
            (u128::from_str_radix(network, 16), number(length), number(flags))
        else {
            return false;
        };
        let differs = (u128::from(target) ^ network).checked_shr(128_u32.saturating_sub(length));
        flags & LOCAL != 0 && differs.unwrap_or(0) == 0
    })
}

/// Returns the address that the kernel sends to `target` from; `None` if there is no route.
fn find_source(target: IpAddr) -> io::Result<Option<IpAddr>> {
    let any: IpAddr = match target {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    let chosen = socket.connect((target, PORT)).and_then(|()| socket.local_addr());
    Ok(chosen.ok().map(|local| local.ip()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A public address that counts as this machine's in tests.
    pub const PRETENDED: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 114, 7));

    #[test]
    fn every_address_of_an_interface_is_the_machines_own() {
        let interfaces = if_addrs::get_if_addrs().unwrap();
        assert!(!interfaces.is_empty());
        for interface in interfaces {
            assert!(is_own(interface.ip()), "{interface:?}");
        }
    }

    #[test]
    fn what_is_sent_from_a_loopback_address_stays_here_though_no_interface_has_it() {
        // The kernel sends to the whole network from 127.0.0.1.
        assert!(is_own("127.0.0.2".parse().unwrap()));
    }

    #[test]
    fn what_the_kernel_routes_here_is_the_machines_own_though_it_is_sent_to_from_another_address() {
        let zeros = "00000000000000000000000000000000";
        let route = |network: &str, length: &str, flags: &str| {
            format!("{network} {length} {zeros} 00 {zeros} 00000400 00000001 00000000 {flags} lo\n")
        };
        let routes = [
            route(zeros, "00", "00000003"),
            route("2a000001000000000000000000000000", "40", "80000001"),
            route("2a000002000000000000000000000000", "40", "00000001"),
            route("fd000000000000000000000000000002", "80", "80200001"),
            "nonsense\n".to_owned(),
        ];
        for (target, own) in [
            ("2a00:1::77", true),
            ("2a00:1:0:1::77", false),
            ("2a00:2::77", false),
            ("fd00::2", true),
            ("fd00::3", false),
        ] {
            assert_eq!(leads_here(target.parse().unwrap(), &routes.concat()), own, "{target}");
        }
        assert!(is_routed_here(IpAddr::V6(Ipv6Addr::LOCALHOST)), "{ROUTES} is read");
    }

    #[test]
    fn the_address_of_another_machine_is_not() {
        for address in ["198.51.100.7", "8.8.8.8"] {
            assert!(!is_own(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_is_the_machines_own_by_its_interfaces_or_by_the_source_of_what_is_sent_to_it() {
        let interfaces = ["127.0.0.1", "203.0.114.10", "203.0.114.11", "::1", "2a00::10"];
        let interfaces: [IpAddr; 5] = interfaces.map(|address| address.parse().unwrap());
        for (what, target, source, own) in [
            ("the first address of a subnet", "203.0.114.10", Some("203.0.114.10"), true),
            ("the second, sent to from the first", "203.0.114.11", Some("203.0.114.10"), true),
            ("the address of an interface that is down", "203.0.114.11", None, true),
            ("a neighbour", "203.0.114.12", Some("203.0.114.10"), false),
            ("a machine far away", "8.8.8.8", Some("203.0.114.10"), false),
            ("a network that is routed here", "198.51.100.7", Some("198.51.100.7"), true),
            ("the same, sent to from loopback", "198.51.100.7", Some("127.0.0.1"), true),
            ("the address of an interface, IPv6", "2a00::10", Some("2a00::10"), true),
            ("a network that is routed here, IPv6", "2a00:0:0:1::7", Some("::1"), true),
            ("a machine far away, IPv6", "2a01::1", Some("2a00::10"), false),
            ("nobody's", "2a01::1", None, false),
        ] {
            let source = source.map(|source| source.parse().unwrap());
            assert_eq!(is_own_given(target.parse().unwrap(), source, &interfaces), own, "{what}");
        }
    }
}
