//! Where a request comes from, and under which URL its client reaches this server, also behind trusted
//! proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Uri, header};
use url::{Position, Url};

use super::forwarded::{Forwarded, parse_authority, with_port};
use super::linger::LastRead;
use crate::config::Config;
use crate::limit::network::counted;

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
    /// The host to which the client sent the request, with its port.
    pub host: Option<String>,
    /// The same host with the port that a proxy names beside a `Host` without one: either may be what the client
    /// wrote, for a proxy behind another may name a port of its own.
    pub host_with_port: Option<String>,
    /// Whether a trusted proxy forwarded the request.
    pub is_forwarded: bool,
    /// Whether what the proxies say contradicts itself.
    pub is_contradictory: bool,
    /// Whether they name a path that can't be a base path, and none is set.
    pub is_prefix_unusable: bool,
    /// The base URL at which clients reach this server.
    pub base: BaseUrl,
}

/// A client, for what services do for it.
#[derive(Clone, Debug)]
pub struct Client {
    /// The client's address, as limits count it.
    pub address: IpAddr,
    /// The base URL at which it reaches this server.
    pub base: BaseUrl,
}

/// The URL below which a client reaches this server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BaseUrl {
    /// Whether it is reached over TLS.
    pub is_secure: bool,
    /// Host and port.
    pub authority: String,
    /// The path: empty, or like `/watch`.
    pub path: String,
}

impl Peer {
    /// Finds the client behind a TCP connection, or behind the trusted proxies that forwarded its
    /// request.
    pub fn of(ends: &Ends, headers: &HeaderMap, config: &Config) -> Self {
        let remote = ends.remote.ip().to_canonical();
        let forwarded = Forwarded::read(remote, headers, &config.trusted_proxies);
        let is_forwarded = forwarded.is_some();
        let is_contradictory = forwarded.as_ref().is_some_and(|one| one.is_contradictory);
        let is_prefix_unusable = config.public_url.is_none()
            && forwarded.as_ref().is_some_and(|one| one.is_prefix_unusable);
        let client = forwarded.as_ref().map_or(remote, |forwarded| forwarded.client);
        let host = forwarded.as_ref().and_then(|forwarded| forwarded.host.clone());
        let port = forwarded.as_ref().filter(|one| one.host.is_none()).and_then(|one| one.port);
        let host = host.or_else(|| host_header(headers));
        let host_with_port =
            port.and_then(|port| host.as_deref().and_then(|host| with_port(host, Some(port))));
        // A browser says which of the two it is.
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let named = origin.and_then(|origin| origin.split_once("://")).map(|(_, at)| at);
        let is_named = |host: &&String| named.is_some_and(|named| named.eq_ignore_ascii_case(host));
        let authority = host_with_port.as_ref().filter(is_named).or(host.as_ref()).cloned();
        let base = config.public_url.as_ref().map_or_else(
            || BaseUrl {
                is_secure: forwarded.as_ref().and_then(|one| one.is_secure).unwrap_or_default(),
                authority: authority.unwrap_or_else(|| ends.local.to_string()),
                path: forwarded.as_ref().map(|one| one.prefix.clone()).unwrap_or_default(),
            },
            |url| BaseUrl::public(url, config.public_path()),
        );
        Self {
            address: counted(client),
            local: ends.local,
            last_read: ends.last_read.clone(),
            host,
            host_with_port,
            is_forwarded,
            is_contradictory,
            is_prefix_unusable,
            base,
        }
    }

    /// Returns the client.
    pub fn client(&self) -> Client {
        Client { address: self.address, base: self.base.clone() }
    }
}

impl BaseUrl {
    /// The base at the operator's URL, of which `path` is the path.
    pub fn public(url: &Url, path: String) -> Self {
        let authority = url[Position::BeforeHost..Position::AfterPort].to_owned();
        Self { is_secure: url.scheme() == "https", authority, path }
    }

    /// Returns the absolute URL of a WebSocket below the base.
    pub fn websocket(&self, path: &str) -> String {
        let scheme = if self.is_secure { "wss" } else { "ws" };
        format!("{scheme}://{}{}/{path}", self.authority, self.path)
    }

    /// Returns the absolute URL of a page below the base, as text: it may name a host that a URL can't have.
    pub fn page(&self, path: &str) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}{}/{path}", self.authority, self.path)
    }

    /// Returns the absolute URL of a path below the base; `None` if the client named no host that a URL can have.
    pub fn http(&self, path: &str) -> Option<Url> {
        Url::parse(&self.page(path)).ok()
    }

    /// Returns the target of a request without the base path, if the proxy left that in it.
    pub fn strip(&self, target: &Uri) -> Option<Uri> {
        let rest = target.path().strip_prefix(&self.path).filter(|_| !self.path.is_empty())?;
        if !rest.is_empty() && !rest.starts_with('/') {
            return None;
        }
        let query = target.query().map(|query| format!("?{query}")).unwrap_or_default();
        let rest = if rest.is_empty() { "/" } else { rest };
        let mut parts = target.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(format!("{rest}{query}")).ok()?);
        Uri::from_parts(parts).ok()
    }
}

fn host_header(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    parse_authority(host).map(|host| host.to_string())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn the_websocket_is_where_the_client_reaches_the_server() {
        let trusted = ["--trusted-proxies", "10.0.0.1"];
        let public = ["--public-url", "https://party.example:8443/watch/"];
        let forwarded: &[(&'static str, &'static str)] = &[
            ("host", "127.0.0.1:8080"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "tv.example"),
            ("x-forwarded-prefix", "/watch"),
        ];
        let direct: &[(&'static str, &'static str)] = &[("host", "tv.example:8080")];
        let apart = |origin: &'static str| {
            let port = [("host", "tv.example"), ("x-forwarded-port", "8443")];
            [&port[..], &[("x-forwarded-proto", "https"), ("origin", origin)]].concat()
        };
        let (at_port, at_default) = (apart("https://tv.example:8443"), apart("https://tv.example"));
        for (arguments, headers, url) in [
            (&[][..], direct, "ws://tv.example:8080/ws"),
            (&[], &[], "ws://192.0.2.5:8080/ws"),
            (&[], &[("host", "a b")], "ws://192.0.2.5:8080/ws"),
            (&[], forwarded, "ws://127.0.0.1:8080/ws"),
            (&trusted, forwarded, "wss://tv.example/watch/ws"),
            (&trusted, direct, "ws://tv.example:8080/ws"),
            // The proxy names a port that may be its own; the browser knows.
            (&trusted, &at_port, "wss://tv.example:8443/ws"),
            (&trusted, &at_default, "wss://tv.example/ws"),
            (&[], &at_port, "ws://tv.example/ws"),
            (&public, forwarded, "wss://party.example:8443/watch/ws"),
            (&public, direct, "wss://party.example:8443/watch/ws"),
        ] {
            let peer = peer(arguments, headers);
            assert_eq!(peer.base.websocket("ws"), url, "{arguments:?} {headers:?}");
        }
    }

    #[test]
    fn a_base_path_is_taken_off_where_the_proxy_left_it() {
        let base = peer(&["--public-url", "https://party.example/watch"], &[]).base;
        for (target, rest) in [
            ("/watch", Some("/")),
            ("/watch/", Some("/")),
            ("/watch?a=b", Some("/?a=b")),
            ("/watch/api/v1/meta?a=%2f&b", Some("/api/v1/meta?a=%2f&b")),
            ("/watch//a", Some("//a")),
            ("http://party.example/watch/r/1", Some("http://party.example/r/1")),
            ("/watching", None),
            ("/api/v1/meta", None),
            ("/", None),
        ] {
            let stripped = base.strip(&target.parse().expect("a target"));
            assert_eq!(stripped.map(|uri| uri.to_string()).as_deref(), rest, "{target}");
        }
        let root = peer(&[], &[]).base;
        assert_eq!(root.strip(&"/watch".parse().expect("a target")), None);
    }

    fn peer(arguments: &[&str], lines: &[(&'static str, &'static str)]) -> Peer {
        let all = [&["playhead-server"], arguments].concat();
        let config = Config::try_parse_from(all).expect("a configuration");
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a header"));
        }
        let ends = Ends {
            remote: "10.0.0.1:40000".parse().expect("an address"),
            local: "192.0.2.5:8080".parse().expect("an address"),
            last_read: LastRead::default(),
        };
        Peer::of(&ends, &headers, &config)
    }
}
