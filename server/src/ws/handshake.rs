//! The opening handshake of a WebSocket (RFC 6455, section 4.2.1), checked before the upgrade.

use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use contracts::ErrorCode;

use crate::refusal::Refusal;

const VERSION: &str = "13";
const KEY_BYTES: usize = 16;

/// Refuses a request that doesn't open a WebSocket as the protocol demands. Otherwise returns its key.
pub fn check(headers: &HeaderMap) -> Result<&str, Refusal> {
    if !has_token(headers, header::UPGRADE, "websocket") {
        let detail = "this path speaks WebSocket: send `Upgrade: websocket`";
        return Err(Refusal::new(ErrorCode::UpgradeRequired, detail));
    }
    if !has_token(headers, header::CONNECTION, "upgrade") {
        return Err(invalid("send `Connection: Upgrade`"));
    }
    match only(headers, header::SEC_WEBSOCKET_VERSION)? {
        None => return Err(invalid("`Sec-WebSocket-Version` is missing: send 13")),
        Some(version) if version != VERSION => {
            let detail = "this server speaks version 13 of WebSocket";
            return Err(Refusal::new(ErrorCode::UpgradeRequired, detail));
        }
        Some(_) => {}
    }
    let key = only(headers, header::SEC_WEBSOCKET_KEY)?;
    let key = key.ok_or_else(|| invalid("`Sec-WebSocket-Key` is missing"))?;
    if BASE64_STANDARD.decode(key).ok().is_none_or(|key| key.len() != KEY_BYTES) {
        return Err(invalid("`Sec-WebSocket-Key` must be 16 bytes in base64"));
    }
    Ok(key)
}

/// Whether a client offers to speak a subprotocol. Unlike other tokens, its case counts.
pub fn offers(headers: &HeaderMap, subprotocol: &str) -> bool {
    tokens(headers, header::SEC_WEBSOCKET_PROTOCOL).any(|offered| offered == subprotocol)
}

fn invalid(detail: &str) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, detail)
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|item| item.eq_ignore_ascii_case(token))
}

/// Returns the items of a list, which may be spread over several lines.
fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// Returns the value of a header that must not be there twice.
fn only(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(&name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(invalid(&format!("`{name}` is there twice")));
    }
    Ok(value.map(|value| value.to_str().unwrap_or_default().trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    #[test]
    fn a_handshake_has_every_header_that_the_protocol_demands() {
        for (upgrade, connection, version, key, code) in [
            ("websocket", "Upgrade", "13", KEY, ""),
            ("WebSocket", "keep-alive, Upgrade", "13", KEY, ""),
            ("h2c, websocket", "upgrade", " 13 ", KEY, ""),
            ("", "Upgrade", "13", KEY, "upgrade_required"),
            ("h2c", "Upgrade", "13", KEY, "upgrade_required"),
            ("websocket2", "Upgrade", "13", KEY, "upgrade_required"),
            ("websocket", "", "13", KEY, "invalid_request"),
            ("websocket", "keep-alive", "13", KEY, "invalid_request"),
            ("websocket", "no-upgrade", "13", KEY, "invalid_request"),
            ("websocket", "Upgrade", "", KEY, "invalid_request"),
            ("websocket", "Upgrade", "8", KEY, "upgrade_required"),
            ("websocket", "Upgrade", "14", KEY, "upgrade_required"),
            ("websocket", "Upgrade", "13, 8", KEY, "upgrade_required"),
            ("websocket", "Upgrade", "13", "", "invalid_request"),
            ("websocket", "Upgrade", "13", "dGhlIHNhbXBsZQ==", "invalid_request"),
            ("websocket", "Upgrade", "13", "dGhlIHNhbXBsZSBub25jZQ", "invalid_request"),
            ("websocket", "Upgrade", "13", "not base64 at all!!!!!!!", "invalid_request"),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                (header::UPGRADE, upgrade),
                (header::CONNECTION, connection),
                (header::SEC_WEBSOCKET_VERSION, version),
                (header::SEC_WEBSOCKET_KEY, key),
            ] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().expect("a header"));
                }
            }
            let found = check(&headers).map_or_else(|refusal| refusal.code().name(), |_| "");
            assert_eq!(found, code, "{upgrade} {connection} {version} {key}");
        }
    }
}
