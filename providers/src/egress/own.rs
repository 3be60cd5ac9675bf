//! Tells this machine's own addresses, also where they are public.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// The kernel's IPv6 routes, one in a line: the network and the length of its prefix first, the flags second to last,
/// all in hexadecimal digits.
const ROUTES: &str = "/proc/net/ipv6_route";
/// The flag of a route that leads to this machine.
const LOCAL: u32 = 0x8000_0000;
/// Any port: connecting a UDP socket chooses a route and sends nothing.
const PORT: u16 = 9;

/// This machine's own addresses: those to which packets stay on it, as far as its interfaces, the kernel's routes and
/// its choice of a source tell.
///
/// Addresses come and go, so the kernel is asked anew for each name: once, when the first address of it is looked for.
/// That blocks.
#[derive(Default)]
pub(super) struct OwnAddresses {
    /// `None` if the kernel can't be asked.
    interfaces: OnceCell<Option<Vec<IpAddr>>>,
    routes: OnceCell<Vec<Route>>,
}

/// An IPv6 network that leads to this machine.
struct Route {
    network: u128,
    length: u32,
}

impl OwnAddresses {
    /// Whether packets to this address stay here. If the kernel can't be asked, the answer is yes.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let Some(interfaces) = self.interfaces.get_or_init(read_interfaces) else { return true };
        let Ok(source) = find_source(address) else { return true };
        is_own_given(address, source, interfaces) || self.is_routed_here(address)
    }

    /// Whether a route leads from an IPv6 address to this machine. The kernel sends there from a global address if
    /// it has one, as it does to other machines.
    fn is_routed_here(&self, target: IpAddr) -> bool {
        let IpAddr::V6(target) = target else { return false };
        self.routes.get_or_init(read_routes).iter().any(|route| route.takes(target))
    }
}

impl Route {
    /// Reads a line of the kernel's; `None` if the route leads elsewhere.
    fn read(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [network, length, .., flags, _interface] = fields[..] else { return None };
        let number = |digits| u32::from_str_radix(digits, 16).ok();
        let network = u128::from_str_radix(network, 16).ok()?;
        let length = number(length)?;
        (number(flags)? & LOCAL != 0).then_some(Self { network, length })
    }

    fn takes(&self, target: Ipv6Addr) -> bool {
        let differs = u128::from(target) ^ self.network;
        differs.checked_shr(128_u32.saturating_sub(self.length)).unwrap_or(0) == 0
    }
}

fn read_interfaces() -> Option<Vec<IpAddr>> {
    #[cfg(test)]
    tests::READS.with(|reads| reads.set(reads.get() + 1));
    let interfaces = if_addrs::get_if_addrs().ok()?;
    let addresses = interfaces.iter().map(|interface| interface.ip());
    #[cfg(test)]
    let addresses = addresses.chain([tests::PRETENDED]);
    Some(addresses.collect())
}

/// Returns none where there is no such file: the other signs have to do.
fn read_routes() -> Vec<Route> {
    let Ok(routes) = File::open(ROUTES) else { return Vec::new() };
    let lines = BufReader::new(routes).lines().map_while(Result::ok);
    lines.filter_map(|line| Route::read(&line)).collect()
}

/// Whether an address is this machine's, given the one that the kernel sends to it from, and those of the interfaces.
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
    use std::cell::Cell;

    thread_local! {
        /// How often this thread has asked the kernel for its interfaces.
        pub static READS: Cell<usize> = const { Cell::new(0) };
    }

    /// A public address that counts as this machine's in tests.
    pub const PRETENDED: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 114, 7));

    #[test]
    fn every_address_of_an_interface_is_the_machines_own() {
        let interfaces = if_addrs::get_if_addrs().unwrap();
        assert!(!interfaces.is_empty());
        for interface in interfaces {
            assert!(OwnAddresses::default().contains(interface.ip()), "{interface:?}");
        }
    }

    #[test]
    fn what_is_sent_from_a_loopback_address_stays_here_though_no_interface_has_it() {
        // The kernel sends to the whole network from 127.0.0.1.
        assert!(OwnAddresses::default().contains("127.0.0.2".parse().unwrap()));
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
            let routes = routes.iter().filter_map(|line| Route::read(line));
            let routes = OnceCell::from(routes.collect::<Vec<_>>());
            let addresses = OwnAddresses { routes, ..OwnAddresses::default() };
            assert_eq!(addresses.is_routed_here(target.parse().unwrap()), own, "{target}");
        }
        let here = IpAddr::V6(Ipv6Addr::LOCALHOST);
        assert!(OwnAddresses::default().is_routed_here(here), "{ROUTES} is read");
    }

    #[test]
    fn the_address_of_another_machine_is_not() {
        for address in ["198.51.100.7", "8.8.8.8"] {
            assert!(!OwnAddresses::default().contains(address.parse().unwrap()), "{address}");
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
