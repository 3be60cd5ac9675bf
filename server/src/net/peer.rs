//! Where a request comes from, also behind trusted proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

use super::linger::LastRead;

/// The two ends of the TCP connection that a request came over.
#[derive(Clone, Debug)]
pub struct Ends {
    /// The remote end.
    pub remote: SocketAddr,
    /// The local end.
    pub local: SocketAddr,
    /// When the connection was last read.
    pub last_read: LastRead,
}

/// The origin of a request.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The client's address, as limits count it.
    pub address: IpAddr,
    /// The address of this machine that the request came to.
    pub local: SocketAddr,
    /// When the connection was last read.
    pub last_read: LastRead,
}

impl Peer {
    /// Finds the client behind a TCP connection, or behind the trusted proxies that forwarded its
    /// request.
    pub fn of(ends: &Ends, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> Self {
        let client = client_address(ends.remote.ip().to_canonical(), headers, trusted_proxies);
        Self { address: counted(client), local: ends.local, last_read: ends.last_read.clone() }
    }
}

/// Returns what counts as one address: an IPv4 address, or the /64 of an IPv6 address, which one
/// household has to itself.
pub fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
    }
}

/// Returns the last address in `X-Forwarded-For` that isn't a trusted proxy's, if the request came
/// from one.
fn client_address(remote: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&remote) {
        return remote;
    }
    let forwarded =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let chain: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    let addresses = chain.iter().rev().map_while(|text| text.parse::<IpAddr>().ok());
    addresses.map(|address| address.to_canonical()).find(|a| !is_trusted(a)).unwrap_or(remote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_headers_count_only_from_trusted_proxies() {
        let trusted = ["10.0.0.0/8".parse().expect("a network")];
        for (remote, forwarded, client) in [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
            ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().expect("a header"));
            let remote = remote.parse().expect("an address");
            let found = client_address(remote, &headers, &trusted);
            assert_eq!(found.to_string(), client, "{remote} {forwarded}");
        }
    }
}
