//! Checks which pages may connect. A browser always sends the true origin of a page; other clients send
//! none, and need a ticket anyway.

use axum::http::{HeaderMap, header};
use contracts::ErrorCode;
use url::{Host, Url};

use crate::config::Config;
use crate::net::Peer;
use crate::refusal::Refusal;

/// Refuses a page whose `Origin` isn't allowed.
pub fn check(headers: &HeaderMap, peer: &Peer, config: &Config) -> Result<(), Refusal> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let allowed = if config.allowed_origins.is_empty() {
        is_own(origin, host.unwrap_or_default(), peer, config)
    } else {
        config.allowed_origins.iter().any(|allowed| allowed == origin)
    };
    if allowed {
        Ok(())
    } else {
        let detail = "pages of this origin may not connect; see PLAYHEAD_ALLOWED_ORIGINS";
        Err(Refusal::new(ErrorCode::OriginForbidden, detail))
    }
}

/// Whether the page came from this server, under a name that can only be this machine's. Any other name
/// proves nothing, because an attacker may have pointed it here (DNS rebinding).
fn is_own(origin: &str, host: &str, peer: &Peer, config: &Config) -> bool {
    if let Some(public) = config.public_url.as_ref()
        && public.origin().ascii_serialization() == origin
    {
        return true;
    }
    let Ok(url) = Url::parse(origin) else { return false };
    // This listener speaks plain HTTP. Behind TLS, a public URL is set.
    let plain = url.scheme() == "http" && url.origin().ascii_serialization() == origin;
    if !plain || authority(&url) != Some(host.to_owned()) {
        return false;
    }
    let local = peer.local;
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || local.ip().to_canonical() == ip,
        Some(Host::Ipv6(ip)) => ip.is_loopback() || local.ip() == ip,
        None => false,
    }
}

/// Returns host and port as a browser writes them into `Host`.
fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::net::LastRead;

    #[test]
    fn only_pages_of_this_server_connect_unless_others_are_named() {
        for (origin, host, own) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080", true),
            ("http://localhost:8080", "localhost:8080", true),
            ("http://[::1]:8080", "[::1]:8080", true),
            ("http://192.168.1.5:8080", "192.168.1.5:8080", true),
            ("http://192.168.1.6:8080", "192.168.1.6:8080", false),
            ("http://rebound.example:8080", "rebound.example:8080", false),
            ("http://localhost:9999", "localhost:8080", false),
            ("http://127.0.0.1:8080/", "127.0.0.1:8080", false),
            ("https://127.0.0.1:8080", "127.0.0.1:8080", false),
            ("null", "127.0.0.1:8080", false),
            ("", "127.0.0.1:8080", false),
        ] {
            assert_eq!(verdict(&["playhead-server"], origin, host), own, "{origin} at {host}");
        }
        let named = ["playhead-server", "--allowed-origins", "https://tv.example"];
        assert!(verdict(&named, "https://tv.example", "party.example"));
        assert!(!verdict(&named, "http://127.0.0.1:8080", "127.0.0.1:8080"));
    }

    fn verdict(arguments: &[&str], origin: &str, host: &str) -> bool {
        let config = Config::try_parse_from(arguments).expect("a configuration");
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().expect("a header"));
        headers.insert(header::HOST, host.parse().expect("a header"));
        let local = "192.168.1.5:8080".parse().expect("an address");
        let last_read = LastRead::default();
        let peer = Peer { address: [10, 0, 0, 1].into(), local, last_read };
        check(&headers, &peer, &config).is_ok()
    }
}
