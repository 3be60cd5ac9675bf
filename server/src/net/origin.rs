//! Checks which pages may connect. A browser always sends the true origin of a page; other clients send
//! none, and need a ticket anyway.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use contracts::{ErrorCode, MetaValue};
use url::{Host, Url};

use super::forwarded::parse_authority;
use super::peer::Peer;
use crate::config::Config;
use crate::limit::network::widest;
use crate::refusal::Refusal;

/// How many refused origins are remembered, so that each is logged once. Then they are forgotten.
const REMEMBERED_MAX: usize = 2000;
/// How many are logged in an hour.
const LOGGED_MAX: usize = 400;
/// How many of them that come from one address, which may invent any number.
const LOGGED_OF_ADDRESS_MAX: usize = 100;
const HOUR: Duration = Duration::from_secs(60 * 60);
/// How much of an origin is shown, in characters.
const SHOWN_MAX: usize = 200;

/// Refuses the pages of foreign origins, and logs each such origin once. What somebody invents doesn't keep
/// the origin of the operator's own page out of the log: that comes from other addresses too, and in the
/// next hour again.
#[derive(Debug, Default)]
pub struct Origins {
    logged: Mutex<Logged>,
}

/// What was logged.
#[derive(Debug, Default)]
struct Logged {
    origins: HashSet<String>,
    /// When the hour began that the counts are of.
    since: Option<Instant>,
    count: usize,
    of_address: HashMap<IpAddr, usize>,
    /// Whether it was logged that there are more.
    is_more_logged: bool,
}

/// What is to be logged of a refused origin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Line {
    /// The origin.
    Origin,
    /// That there are too many of them.
    More,
}

impl Origins {
    /// Refuses a page whose `Origin` is neither this server's own nor allowed.
    pub fn check(&self, headers: &HeaderMap, peer: &Peer, config: &Config) -> Result<(), Refusal> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return Ok(()) };
        if origins.next().is_some() {
            let detail = "a request has one Origin header at most";
            return Err(Refusal::new(ErrorCode::OriginForbidden, detail));
        }
        let origin = origin.to_str().unwrap_or_default();
        if config.allowed_origins.iter().any(|allowed| allowed == origin)
            || is_own(origin, peer, config)
        {
            return Ok(());
        }
        let shown: String = origin.chars().take(SHOWN_MAX).collect();
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let line = logged.note(&shown, peer.address, Instant::now());
        drop(logged);
        match line {
            Some(Line::Origin) => tracing::warn!(
                origin = shown,
                host = peer.host,
                "pages of this origin may not connect: if they are yours, add it to \
                 PLAYHEAD_ALLOWED_ORIGINS; if it is this server's, set PLAYHEAD_PUBLIC_URL"
            ),
            Some(Line::More) => tracing::warn!(
                "pages of more origins are refused than are logged in an hour; somebody may invent them"
            ),
            None => {}
        }
        let detail = if shown == "null" {
            "pages without an origin, such as files and sandboxed frames, may not connect"
                .to_owned()
        } else {
            format!(
                "pages of {shown} may not connect to this server: its operator can add that to \
                 PLAYHEAD_ALLOWED_ORIGINS, or set PLAYHEAD_PUBLIC_URL if it is the server's own address"
            )
        };
        let refusal = Refusal::new(ErrorCode::OriginForbidden, detail);
        Err(refusal.with("origin", MetaValue::Text(shown)))
    }
}

impl Logged {
    /// Notes a refused origin, and returns what is to be logged of it.
    fn note(&mut self, origin: &str, address: IpAddr, now: Instant) -> Option<Line> {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= HOUR) {
            let mut origins = std::mem::take(&mut self.origins);
            if origins.len() + LOGGED_MAX > REMEMBERED_MAX {
                origins = HashSet::new();
            }
            *self = Self { origins, since: Some(now), ..Self::default() };
        }
        if self.origins.contains(origin) {
            return None;
        }
        let address = widest(address);
        let of_address = self.of_address.get(&address).copied().unwrap_or_default();
        if self.count >= LOGGED_MAX || of_address >= LOGGED_OF_ADDRESS_MAX {
            let is_first = !std::mem::replace(&mut self.is_more_logged, true);
            return is_first.then_some(Line::More);
        }
        self.of_address.insert(address, of_address + 1);
        self.count += 1;
        self.origins.insert(origin.to_owned());
        Some(Line::Origin)
    }
}

/// Whether the page came from this server, as the client sees it.
///
/// An attacker may point a name of their own here (DNS rebinding). Their page then has the very host that it
/// sends requests to. So over plain HTTP a name proves nothing unless it can only be this machine's, while an
/// address can't be pointed anywhere. Over HTTPS a name does prove it: nobody here has a certificate for a
/// name of the attacker's.
fn is_own(origin: &str, peer: &Peer, config: &Config) -> bool {
    if let Some(public) = config.public_url.as_ref()
        && public.origin().ascii_serialization() == origin
    {
        return true;
    }
    let Ok(url) = Url::parse(origin) else { return false };
    let is_origin = url.origin().ascii_serialization() == origin;
    let hosts = [&peer.host, &peer.host_with_port];
    if !is_origin || !hosts.into_iter().flatten().any(|host| is_at(&url, host)) {
        return false;
    }
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost" || name.ends_with(".localhost"),
        // The addresses of a proxy aren't known here.
        ("http", Some(Host::Ipv4(_) | Host::Ipv6(_))) if peer.is_forwarded => true,
        ("http", Some(Host::Ipv4(ip))) => ip.is_loopback() || peer.local.ip().to_canonical() == ip,
        ("http", Some(Host::Ipv6(ip))) => ip.is_loopback() || peer.local.ip() == ip,
        _ => false,
    }
}

/// Whether `host`, with or without the default port, is the host of a URL.
fn is_at(url: &Url, host: &str) -> bool {
    let Some(authority) = parse_authority(host) else { return false };
    let named = authority.host();
    let port = authority.port_u16().unwrap_or(if url.scheme() == "https" { 443 } else { 80 });
    url.host_str().is_some_and(|own| own.eq_ignore_ascii_case(named))
        && url.port_or_known_default() == Some(port)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::net::{Ends, LastRead};

    #[test]
    fn only_pages_of_this_server_connect_unless_others_are_named() {
        for (origin, host, own) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080", true),
            ("http://localhost:8080", "localhost:8080", true),
            ("http://localhost", "localhost:80", true),
            ("http://localhost", "localhost:99999", false),
            ("http://[::1]:8080", "[::1]:8080", true),
            ("http://192.168.1.5:8080", "192.168.1.5:8080", true),
            ("http://192.168.1.6:8080", "192.168.1.6:8080", false),
            ("http://rebound.example:8080", "rebound.example:8080", false),
            ("http://localhost:9999", "localhost:8080", false),
            ("http://127.0.0.1:8080/", "127.0.0.1:8080", false),
            ("null", "127.0.0.1:8080", false),
            ("", "127.0.0.1:8080", false),
            ("file://", "127.0.0.1:8080", false),
            // Only the holder of a name's certificate can serve HTTPS pages under it.
            ("https://party.example", "party.example", true),
            ("https://party.example", "Party.example:443", true),
            ("https://party.example:8443", "party.example:8443", true),
            ("https://party.example", "party.example:8443", false),
            ("https://evil.example", "party.example", false),
            ("https://evil.example", "127.0.0.1:8080", false),
        ] {
            let found = verdict(&[], origin, &[("host", host)]);
            assert_eq!(found, own, "{origin} at {host}");
        }
    }

    #[test]
    fn a_named_origin_adds_to_the_own_ones() {
        let named = ["--allowed-origins", "https://tv.example,capacitor://localhost"];
        for (origin, allowed) in [
            ("https://tv.example", true),
            ("capacitor://localhost", true),
            ("http://127.0.0.1:8080", true),
            ("https://other.example", false),
        ] {
            let found = verdict(&named, origin, &[("host", "127.0.0.1:8080")]);
            assert_eq!(found, allowed, "{origin}");
        }
    }

    #[test]
    fn behind_a_proxy_the_own_origin_is_the_one_that_the_client_sees() {
        let trusted = ["--trusted-proxies", "10.0.0.1"];
        let forwarded = |host| [("host", "127.0.0.1:8080"), ("x-forwarded-host", host)];
        for (origin, host, own) in [
            ("https://party.example", "party.example", true),
            ("http://192.168.1.9", "192.168.1.9", true),
            ("http://192.168.1.9", "192.168.1.8", false),
            ("http://rebound.example", "rebound.example", false),
        ] {
            assert_eq!(verdict(&trusted, origin, &forwarded(host)), own, "{origin} at {host}");
            // Nobody else may say what the client sees.
            assert!(!verdict(&[], origin, &forwarded(host)), "{origin} at {host}");
        }
        // A proxy that names the port apart from a host that it passes on without one.
        let apart = |port| [("host", "party.example"), ("x-forwarded-port", port)];
        for (origin, port, own) in [
            ("https://party.example:8443", "8443", true),
            ("https://party.example", "8443", true),
            ("https://party.example:9443", "8443", false),
            ("https://party.example", "80", true),
            ("https://evil.example:8443", "8443", false),
        ] {
            assert_eq!(verdict(&trusted, origin, &apart(port)), own, "{origin} with port {port}");
            assert!(!verdict(&[], "https://party.example:8443", &apart(port)));
        }
        let public = ["--public-url", "http://party.lan/watch"];
        assert!(verdict(&public, "http://party.lan", &[("host", "127.0.0.1:8080")]));
        assert!(!verdict(&public, "https://party.lan", &[("host", "127.0.0.1:8080")]));
    }

    #[test]
    fn each_refused_origin_is_logged_once_and_not_without_end() {
        let (mut logged, now) = (Logged::default(), Instant::now());
        let of = |last: u8| IpAddr::from([192, 0, 2, last]);
        assert_eq!(logged.note("https://a.example", of(1), now), Some(Line::Origin));
        assert_eq!(logged.note("https://a.example", of(1), now), None);
        let lines = |logged: &mut Logged, of: IpAddr, now| {
            let lines = (0..1000).map(|n| logged.note(&format!("https://{n}.{of}"), of, now));
            let lines: Vec<_> = lines.flatten().collect();
            let count = |line| lines.iter().filter(|one| **one == line).count();
            (count(Line::Origin), count(Line::More))
        };
        assert_eq!(lines(&mut logged, of(1), now), (LOGGED_OF_ADDRESS_MAX - 1, 1));
        let own = logged.note("https://own.example", of(2), now);
        assert_eq!(own, Some(Line::Origin), "what one address invents silences no other");
        assert_eq!(lines(&mut logged, of(3), now), (LOGGED_OF_ADDRESS_MAX, 0));
        assert_eq!(lines(&mut logged, of(4), now), (LOGGED_OF_ADDRESS_MAX, 0));
        assert_eq!(lines(&mut logged, of(5), now), (LOGGED_OF_ADDRESS_MAX - 1, 0));
        assert_eq!(logged.note("https://late.example", of(6), now), None);
        let next = logged.note("https://late.example", of(6), now + HOUR);
        assert_eq!(next, Some(Line::Origin), "in the next hour");
        assert_eq!(logged.note("https://a.example", of(6), now + HOUR), None, "it was logged");
        for hour in 1..1000 {
            lines(&mut logged, of(7), now + HOUR * hour);
            assert!(logged.origins.len() <= REMEMBERED_MAX);
        }
    }

    fn verdict(arguments: &[&str], origin: &str, lines: &[(&'static str, &str)]) -> bool {
        let all = [&["playhead-server"], arguments].concat();
        let config = Config::try_parse_from(all).expect("a configuration");
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().expect("a header"));
        for (name, value) in lines {
            headers.insert(*name, value.parse().expect("a header"));
        }
        let ends = Ends {
            remote: "10.0.0.1:40000".parse().expect("an address"),
            local: "192.168.1.5:8080".parse().expect("an address"),
            last_read: LastRead::default(),
        };
        let peer = Peer::of(&ends, &headers, &config);
        Origins::default().check(&headers, &peer, &config).is_ok()
    }
}
