//! Tells this machine's own addresses, also where they are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Any port: connecting a UDP socket chooses a route and sends nothing.
const PORT: u16 = 9;

/// Whether packets to this address stay on this machine: it is the address of an interface, or is routed to
/// this machine without being one.
///
/// The kernel is asked each time, because addresses come and go. It sends to itself from the very address that
/// it sends to. If it can't be asked, the answer is yes.
pub(super) fn is_own(address: IpAddr) -> bool {
    #[cfg(test)]
    if address == tests::PRETENDED {
        return true;
    }
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let Ok(socket) = UdpSocket::bind((any, 0)) else { return true };
    // An address without a route is nobody's.
    let chosen = socket.connect((address, PORT)).and_then(|()| socket.local_addr());
    chosen.is_ok_and(|local| local.ip() == address)
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
        // Link-local addresses exist once per link, and aren't public anyway.
        for interface in interfaces.iter().filter(|interface| !interface.is_link_local()) {
            assert!(is_own(interface.ip()), "{interface:?}");
        }
    }

    #[test]
    fn the_address_of_another_machine_is_not() {
        for address in ["198.51.100.7", "8.8.8.8"] {
            assert!(!is_own(address.parse().unwrap()), "{address}");
        }
    }
}
