//! Where a request comes from, behind trusted proxies too.

use std::net::{IpAddr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use contracts::ErrorCode;
use ipnet::IpNet;

use crate::App;
use crate::linger::LastRead;
use crate::refusal::Refusal;

/// The two ends of the TCP connection that a request came over.
#[derive(Clone, Debug)]
pub struct Ends {
    /// The other side.
    pub remote: SocketAddr,
    /// This side.
    pub local: SocketAddr,
    /// When it was last read.
    pub last_read: LastRead,
}

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The client's address, as limits count it.
    pub address: IpAddr,
    /// The address of this machine that the request came to.
    pub local: SocketAddr,
    /// When the connection was last read.
    pub last_read: LastRead,
}

impl FromRequestParts<App> for Peer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let ends = parts.extensions.get::<Ends>().cloned();
        let ends =
            ends.ok_or_else(|| Refusal::new(ErrorCode::Internal, "the connection is unknown"))?;
        let remote = ends.remote.ip().to_canonical();
        let client = client(remote, &parts.headers, &app.config.trusted_proxies);
        Ok(Self { address: counted(client), local: ends.local, last_read: ends.last_read })
    }
}

/// What counts as one address: whoever has an IPv6 address has its whole /64.
pub fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
    }
}

/// The last address in `X-Forwarded-For` that isn't a trusted proxy's, if the request came from one.
fn client(remote: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
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
            let found = super::client(remote, &headers, &trusted);
            assert_eq!(found.to_string(), client, "{remote} {forwarded}");
        }
    }
}
