//! What trusted proxies say about a request, in the spellings that proxies use: `X-Forwarded-For`, `-Proto`,
//! `-Host`, `-Port` and `-Prefix` and their relatives, and `Forwarded` (RFC 7239).
//!
//! Each proxy appends what it saw, so lists are read from the right, and only as far as the proxies are trusted:
//! what stands further left may be the client's own invention. A proxy writes one family of headers and may pass
//! on the client's own copy of the other unread. Which is which can't be told, so both have to name the same
//! client; for the rest, `X-Forwarded-…` counts first.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

use crate::config::base_path;

/// Stands for an item that isn't text.
const UNREADABLE: &str = "?";
/// How many hops are read.
const HOPS_MAX: usize = 32;
/// Headers that name the scheme, by those who don't write `X-Forwarded-Proto`.
const SCHEMES: [&str; 4] =
    ["x-forwarded-proto", "x-forwarded-scheme", "x-forwarded-protocol", "x-url-scheme"];
/// Headers that are `on` (in any case) where the client came over TLS.
const TLS_FLAGS: [&str; 2] = ["x-forwarded-ssl", "front-end-https"];

/// What the trusted proxies in front of this server say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Forwarded {
    /// The client: the last address that isn't a trusted proxy's, as far as addresses can be read.
    pub client: IpAddr,
    /// Whether `X-Forwarded-For` and `Forwarded` name different clients: one of them is made up, or the proxies
    /// aren't set up as they should be.
    pub is_contradictory: bool,
    /// Whether the client came over TLS.
    pub is_secure: Option<bool>,
    /// Host and port, as the client wrote them.
    pub host: Option<String>,
    /// The port that a proxy names apart from the host, unless it is a default one, which may be that of a hop
    /// behind the TLS.
    pub port: Option<u16>,
    /// The path below which the proxies serve this server: empty, or like `/watch`.
    pub prefix: String,
    /// Whether they name a path that can't be a base path.
    pub is_prefix_unusable: bool,
}

/// One element of a `Forwarded` header.
#[derive(Clone, Debug, Default)]
struct Element {
    from: Option<String>,
    proto: Option<String>,
    host: Option<String>,
}

impl Forwarded {
    /// Reads what proxies say about a request that came from `remote`. `None` if that isn't a trusted proxy.
    pub fn read(remote: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Option<Self> {
        let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
        if !is_trusted(&remote) {
            return None;
        }
        let elements = elements(headers);
        let listed = list(headers, "x-forwarded-for");
        let told: Vec<_> =
            elements.iter().map(|one| one.from.as_deref().and_then(address)).collect();
        let listed: Vec<_> = listed.iter().map(|text| address(text)).collect();
        let by_standard = walk(remote, &told, is_trusted);
        let (client, hops) =
            if listed.is_empty() { by_standard } else { walk(remote, &listed, is_trusted) };
        let is_contradictory = !listed.is_empty() && !told.is_empty() && client != by_standard.0;

        let is_secure = scheme(headers, hops, &elements);
        let host = nth_last(&list(headers, "x-forwarded-host"), hops).map(str::to_owned);
        let host = host.or_else(|| named(&elements, hops, |element| element.host.clone()));
        let ports = list(headers, "x-forwarded-port");
        let port = nth_last(&ports, hops).and_then(|port| port.parse::<u16>().ok());
        let port = port.filter(|port| !matches!(port, 0 | 80 | 443));
        let host = host.and_then(|host| with_port(&host, port));
        let prefixes = list(headers, "x-forwarded-prefix");
        // Each proxy names the part that it took off, the outermost first.
        let prefix = prefixes.iter().map(|one| base_path(one)).collect::<Result<String, _>>();
        let prefix = prefix.and_then(|prefix| base_path(&prefix));
        let is_prefix_unusable = prefix.is_err();
        let prefix = prefix.unwrap_or_default();
        Some(Self { client, is_contradictory, is_secure, host, port, prefix, is_prefix_unusable })
    }
}

/// Returns the client, and how many trusted proxies the request came through.
fn walk(
    remote: IpAddr,
    addresses: &[Option<IpAddr>],
    is_trusted: impl Fn(&IpAddr) -> bool,
) -> (IpAddr, usize) {
    let (mut client, mut hops) = (remote, 0);
    for address in addresses.iter().rev().take(HOPS_MAX) {
        hops += 1;
        let Some(address) = address else { break };
        client = *address;
        if !is_trusted(address) {
            break;
        }
    }
    (client, hops.max(1))
}

/// Returns whether the client came over TLS, as far as anything says so.
fn scheme(headers: &HeaderMap, hops: usize, elements: &[Element]) -> Option<bool> {
    let said = SCHEMES.iter().find_map(|name| {
        let listed = list(headers, name);
        nth_last(&listed, hops).and_then(is_secure)
    });
    let flagged = || {
        let on = |name: &&&str| {
            headers.get(**name).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"on"))
        };
        TLS_FLAGS.iter().find(on).map(|_| true)
    };
    let forwarded =
        || named(elements, hops, |element| element.proto.as_deref().and_then(is_secure));
    said.or_else(flagged).or_else(forwarded)
}

fn is_secure(scheme: &str) -> Option<bool> {
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "wss" => Some(true),
        "http" | "ws" => Some(false),
        _ => None,
    }
}

/// Adds the port to a host that names none. `None` if it is no host.
pub fn with_port(host: &str, port: Option<u16>) -> Option<String> {
    let authority = parse_authority(host)?;
    match port.filter(|_| authority.port_u16().is_none()) {
        Some(port) => Some(format!("{}:{port}", authority.host())),
        None => Some(authority.to_string()),
    }
}

/// Parses a host with an optional port.
pub fn parse_authority(text: &str) -> Option<Authority> {
    let authority: Authority = text.parse().ok()?;
    // Without a user, the rest is the port. `Authority` knows none where it is no number of 16 bits.
    let rest = text.strip_prefix(authority.host())?;
    let port = rest.strip_prefix(':');
    let is_port =
        |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok();
    let has_usable_port = rest.is_empty() || port.is_some_and(is_port);
    (has_usable_port && !authority.host().is_empty()).then_some(authority)
}

/// Returns the item that the outermost trusted proxy wrote: the one `hops` from the right, or the first where a
/// proxy overwrites instead of appending.
fn nth_last<'a>(items: &[&'a str], hops: usize) -> Option<&'a str> {
    items.get(items.len().saturating_sub(hops)).copied()
}

/// Returns what the outermost trusted proxy says, or else the nearest one inside it that says anything.
fn named<T>(elements: &[Element], hops: usize, field: impl Fn(&Element) -> Option<T>) -> Option<T> {
    elements[elements.len().saturating_sub(hops)..].iter().find_map(field)
}

/// Returns the items of a list, which may be spread over several lines. What isn't text counts as an item
/// that can't be read: a client's part must not take with it what a proxy has appended to its line.
fn list<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let lines = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let items = lines.flat_map(|line| line.split(|byte| *byte == b','));
    let items = items.map(|item| std::str::from_utf8(item).unwrap_or(UNREADABLE));
    items.map(|item| item.trim().trim_matches('"')).filter(|item| !item.is_empty()).collect()
}

/// Reads an address with or without a port, with or without brackets. Names such as `unknown` are none.
fn address(text: &str) -> Option<IpAddr> {
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        // One colon separates a port; more belong to an IPv6 address.
        None if text.matches(':').count() == 1 => text.split_once(':')?.0,
        None => text,
    };
    let without_zone = bare.split_once('%').map_or(bare, |(address, _)| address);
    without_zone.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

fn elements(headers: &HeaderMap) -> Vec<Element> {
    let lines = headers.get_all("forwarded").iter();
    lines.flat_map(|line| elements_of(std::str::from_utf8(line.as_bytes()).ok())).collect()
}

/// The elements of a line. One that isn't text, or whose last quote isn't closed, counts as an element that
/// can't be read: it would swallow what a proxy has appended.
fn elements_of(line: Option<&str>) -> Vec<Element> {
    match line.filter(|line| is_closed(line)) {
        Some(line) => split(line, ',').into_iter().map(element).collect(),
        None => vec![Element::default()],
    }
}

/// Whether each quote is closed.
fn is_closed(line: &str) -> bool {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in line.chars() {
        if c == '"' && !is_escaped {
            is_quoted = !is_quoted;
        }
        is_escaped = is_quoted && !is_escaped && c == '\\';
    }
    !is_quoted
}

fn element(text: &str) -> Element {
    let mut element = Element::default();
    for pair in split(text, ';') {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let field = match name.trim().to_ascii_lowercase().as_str() {
            "for" => &mut element.from,
            "proto" => &mut element.proto,
            "host" => &mut element.host,
            _ => continue,
        };
        *field = Some(unquote(value.trim()));
    }
    element
}

/// Splits at a separator, but not within quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let at_separator = |c: char| {
        let splits = c == separator && !is_quoted;
        if !is_escaped && c == '"' {
            is_quoted = !is_quoted;
        }
        is_escaped = is_quoted && !is_escaped && c == '\\';
        splits
    };
    text.split(at_separator).map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn unquote(value: &str) -> String {
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let Some(quoted) = quoted else { return value.to_owned() };
    let mut is_escaped = false;
    let keeps = |c: &char| {
        is_escaped = !is_escaped && *c == '\\';
        !is_escaped
    };
    quoted.chars().filter(keeps).collect()
}

#[cfg(test)]
mod tests;
