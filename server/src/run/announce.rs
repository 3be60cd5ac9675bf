//! Tells people and programs on standard output where the page and the admin listener are.

use std::io::Write;
use std::net::SocketAddr;

use crate::config::Config;

/// Prints both addresses, each on a line of its own.
pub fn announce(config: &Config, address: SocketAddr, admin_address: SocketAddr) {
    let page = config.public_url.as_ref().map_or_else(
        || {
            let reachable = if address.ip().is_unspecified() {
                SocketAddr::from(([127, 0, 0, 1], address.port()))
            } else {
                address
            };
            format!("http://{reachable}/")
        },
        ToString::to_string,
    );
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "playhead: page {page}");
    let _ = writeln!(out, "playhead: admin http://{admin_address}/");
    let _ = out.flush();
}
