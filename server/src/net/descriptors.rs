//! File descriptors: every socket takes one. This raises the limit as far as the system allows, and shares
//! it out, so that clients can't take what databases, links and the admin listener need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::{CONNECTIONS_DEFAULT, CONNECTIONS_PER_ADDRESS_DEFAULT, LimitConfig};

/// With fewer descriptors than this, the server doesn't start.
const DESCRIPTORS_MIN: usize = 128;
/// How many are kept for everything but clients: files, databases, links being resolved, the admin
/// listener, and connections being turned away.
const RESERVE_MAX: usize = 512;
/// How many TCP connections there may be in addition to those that become WebSockets, in total and of one
/// address: a browser opens up to six while it loads the page, and a class may do that at once.
const HTTP_CONNECTIONS: usize = 1500;
/// How many connections to the admin listener there may be.
const ADMIN_CONNECTIONS: usize = 64;
/// How many connections may be in the process of being refused.
const TURNED_AWAY: usize = 64;

/// How many sockets each part of the server may have open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shares {
    /// The limit of open files of this process.
    pub descriptors: usize,
    /// TCP connections of clients, those that became WebSockets included.
    pub connections: usize,
    /// How many of those may be WebSockets.
    pub websockets: usize,
    /// Connections to the admin listener.
    pub admin: usize,
    /// Connections that are being turned away.
    pub turned_away: usize,
}

/// Fewer WebSockets than this are a shortfall even if nobody asked for a number.
const WEBSOCKETS_ENOUGH: usize = 10_000;

impl Shares {
    /// Says in a sentence that there are fewer WebSockets than somebody asked for, or than most need. The
    /// default is more than most need, so nothing is logged when it isn't reached.
    pub fn shortfall(&self, limits: &LimitConfig) -> Option<String> {
        let wanted = limits.connections;
        let is_asked_for = wanted != CONNECTIONS_DEFAULT;
        let is_short = self.websockets < wanted;
        (is_short && (is_asked_for || self.websockets < WEBSOCKETS_ENOUGH)).then(|| {
            format!(
                "there can be {} connections, not {wanted} (PLAYHEAD_LIMIT_CONNECTIONS): this process may open \
                 only {} files; raise that limit (ulimit -Hn, LimitNOFILE in systemd)",
                self.websockets, self.descriptors
            )
        })
    }

    /// Says in a sentence that an address gets fewer connections than somebody asked for: whatever it is, a network
    /// leaves half to all others.
    pub fn halved(&self, limits: &LimitConfig) -> Option<String> {
        let (wanted, half) = (limits.connections_per_address, self.websockets / 2);
        let is_asked_for = limits.per_address != 0 && wanted != CONNECTIONS_PER_ADDRESS_DEFAULT;
        (is_asked_for && wanted > half).then(|| {
            format!(
                "an address can have {half} connections, not {wanted} (PLAYHEAD_LIMIT_CONNECTIONS_PER_ADDRESS): \
                 nobody gets more than half of all {}; raise those, or set PLAYHEAD_LIMIT_PER_ADDRESS=0",
                self.websockets
            )
        })
    }
}

/// Raises this process' limit of open files to what the system allows, and returns it.
pub fn raise_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files stays as it is");
            limit.current
        }
    };
    current.map_or(usize::MAX, |current| usize::try_from(current).unwrap_or(usize::MAX))
}

/// Shares out the descriptors that this process may have. The error is a sentence for the operator.
pub fn share_out(descriptors: usize, limits: &LimitConfig) -> Result<Shares, String> {
    if descriptors < DESCRIPTORS_MIN {
        return Err(format!(
            "this process may open only {descriptors} files; allow it {DESCRIPTORS_MIN} or more \
             (ulimit -n, LimitNOFILE in systemd)"
        ));
    }
    let reserve = RESERVE_MAX.min(descriptors / 2);
    let for_clients = descriptors - reserve;
    let http = HTTP_CONNECTIONS.min(for_clients / 4);
    let websockets = limits.connections.min(for_clients - http);
    Ok(Shares {
        descriptors,
        connections: websockets + http,
        websockets,
        admin: ADMIN_CONNECTIONS.min(reserve / 8),
        turned_away: TURNED_AWAY.min(reserve / 8),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::config::Config;

    #[test]
    fn the_configured_connections_are_served_if_there_are_descriptors_for_them_and_fewer_if_not() {
        let limits = Config::parse_from(["playhead-server"]).limits;
        for (descriptors, websockets, connections) in [
            (usize::MAX, limits.connections, limits.connections + HTTP_CONNECTIONS),
            (1 << 20, limits.connections, limits.connections + HTTP_CONNECTIONS),
            (1024, 384, 512),
            (256, 96, 128),
            (128, 48, 64),
        ] {
            let shares = share_out(descriptors, &limits).unwrap();
            assert_eq!((shares.websockets, shares.connections), (websockets, connections));
            let taken = shares.connections.saturating_add(shares.admin + shares.turned_away);
            assert!(
                taken <= descriptors - descriptors.min(1024) / 4,
                "the rest is kept: {shares:?}"
            );
        }
        let words = share_out(127, &limits).unwrap_err();
        assert!(words.contains("ulimit -n"), "{words}");
    }

    #[test]
    fn an_address_that_was_promised_more_than_half_of_all_connections_is_told_so() {
        for (arguments, is_told) in [
            (vec![], false),
            (vec!["--limit-connections-per-address", "400"], true),
            (vec!["--limit-connections-per-address", "300"], false),
            (vec!["--limit-connections-per-address", "400", "--limit-per-address", "0"], false),
        ] {
            let program = ["playhead-server", "--limit-connections", "600"];
            let limits = Config::parse_from(program.iter().chain(&arguments)).limits;
            let told = share_out(1 << 20, &limits).unwrap().halved(&limits);
            assert_eq!(told.is_some(), is_told, "{arguments:?}: {told:?}");
        }
    }

    #[test]
    fn only_a_number_that_was_asked_for_or_that_most_need_is_missed_aloud() {
        for (asked, descriptors, is_told) in [
            (None, 1 << 20, false),
            (None, 20_000, false),
            (None, 12_500, false),
            (None, 4096, true),
            (Some("15000"), 20_000, false),
            (Some("15000"), 12_500, true),
            (Some("50000"), 20_000, true),
            (Some("500"), 4096, false),
        ] {
            let mut arguments = vec!["playhead-server"];
            arguments.extend(asked.iter().flat_map(|asked| ["--limit-connections", asked]));
            let limits = Config::parse_from(arguments).limits;
            let shares = share_out(descriptors, &limits).unwrap();
            let told = shares.shortfall(&limits);
            assert_eq!(told.is_some(), is_told, "{asked:?} of {descriptors}: {told:?}");
        }
    }
}
