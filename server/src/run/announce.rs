//! Tells people and programs on standard output where the page and the admin listener are.

use std::io::Write;
use std::net::SocketAddr;

use crate::config::Config;

/// Prints both addresses, each on a line of its own, and one more for each listener that everybody reaches who
/// reaches this machine.
pub fn announce(config: &Config, address: SocketAddr, admin_address: SocketAddr) {
    let mut out = std::io::stdout().lock();
    for line in lines(config, address, admin_address) {
        let _ = writeln!(out, "playhead: {line}");
    }
    let _ = out.flush();
}

fn lines(config: &Config, address: SocketAddr, admin_address: SocketAddr) -> Vec<String> {
    let page = config.public_url.as_ref().map_or_else(|| here(address), ToString::to_string);
    let mut lines = vec![format!("page {page}"), format!("admin {}", here(admin_address))];
    for (what, address) in [("the page", address), ("the admin listener", admin_address)] {
        if address.ip().is_unspecified() {
            let port = address.port();
            lines.push(format!("{what} is at port {port} of every address of this machine"));
        }
    }
    lines
}

/// The URL by which this machine reaches a listener.
fn here(address: SocketAddr) -> String {
    let local = SocketAddr::from(([127, 0, 0, 1], address.port()));
    let reachable = if address.ip().is_unspecified() { local } else { address };
    format!("http://{reachable}/")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn a_listener_that_everybody_reaches_is_named_as_such() {
        let announced = |arguments: &[&str], address: &str, admin: &str| {
            let config = Config::parse_from([&["playhead-server"], arguments].concat());
            lines(&config, address.parse().unwrap(), admin.parse().unwrap())
        };
        assert_eq!(
            announced(&[], "127.0.0.1:8080", "127.0.0.1:9091"),
            ["page http://127.0.0.1:8080/", "admin http://127.0.0.1:9091/"]
        );
        assert_eq!(
            announced(&[], "0.0.0.0:8080", "[::]:9091"),
            [
                "page http://127.0.0.1:8080/",
                "admin http://127.0.0.1:9091/",
                "the page is at port 8080 of every address of this machine",
                "the admin listener is at port 9091 of every address of this machine",
            ]
        );
        let public = ["--public-url", "https://party.example"];
        assert_eq!(
            announced(&public, "0.0.0.0:80", "127.0.0.1:9091"),
            [
                "page https://party.example/",
                "admin http://127.0.0.1:9091/",
                "the page is at port 80 of every address of this machine",
            ]
        );
    }
}
