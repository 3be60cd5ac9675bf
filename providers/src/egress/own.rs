//! Tells this machine's own addresses, also where they are public.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

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
    is_own_given(address, source, &interfaces)
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
