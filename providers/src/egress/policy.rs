//! The rules for which URLs and addresses the server may request.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use super::address;
use super::own::OwnAddresses;
use crate::error::{ErrorKind, Failure};

/// Ports that are never requested, because the service there could take a request for a command.
///
/// They belong to mail, shells, name and file services, databases, caches and cluster control. Any
/// other port of a public address is allowed.
const PORTS_DENIED: [u16; 42] = [
    0, 7, 9, 19, 21, 22, 23, 25, 53, 69, 110, 111, 119, 123, 135, 139, 143, 161, 389, 445, 465,
    514, 587, 636, 993, 995, 1433, 1521, 2049, 2375, 2376, 2379, 3306, 3389, 5432, 5672, 6379,
    6667, 9042, 9200, 11211, 27017,
];

/// What the server may request in addition to public addresses.
#[derive(Clone, Debug, Default)]
pub struct EgressPolicy {
    /// Networks allowed in addition to the public addresses of other machines, for example a media
    /// server at home.
    ///
    /// Every address of a name must be public or in one of these; IPv4 inside IPv6 counts as IPv4.
    pub allow: Vec<IpNet>,
    /// The folder of this server itself that links may name.
    pub own: Option<OwnFolder>,
}

/// A folder of this server itself. Links name it by the addresses under which clients reach the server; it is
/// fetched at one, whatever they name. So a client that makes an address up is led nowhere else, and a router
/// that maps ports, or doesn't lead back in, is in nobody's way.
#[derive(Clone, Debug)]
pub struct OwnFolder {
    /// Where it is fetched: a URL at the server's own listener, which ends with `/`.
    pub at: Url,
    /// The URLs by which anybody may name it, which end with `/`.
    pub known_as: Vec<Url>,
}

/// The rule that allows a link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Rule {
    /// Its address must be permitted.
    Vetted,
    /// It is in this server's own folder, and fetched from this URL there.
    Own(Url),
}

impl Rule {
    /// Returns where a URL that this rule allows is fetched.
    pub(super) fn target<'a>(&'a self, url: &'a Url) -> &'a Url {
        match self {
            Self::Vetted => url,
            Self::Own(at) => at,
        }
    }
}

impl EgressPolicy {
    /// Decides everything about a link that can be decided before its name is resolved. Of an address, the kernel
    /// may be asked, which blocks.
    ///
    /// `reached_as` is the URL by which the requester reaches this server's own folder. `own_granted` is false
    /// for links that a foreign origin chose.
    pub(super) fn judge(
        &self,
        url: &Url,
        reached_as: Option<&Url>,
        own_granted: bool,
    ) -> Result<Rule, Failure> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(blocked());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(blocked());
        }
        if let Some(at) = self.find_own(url, reached_as) {
            // Wherever the URL leads besides, what came from there would pass for this server's own.
            return if own_granted { Ok(Rule::Own(at)) } else { Err(blocked()) };
        }
        if url.port_or_known_default().is_none_or(|port| PORTS_DENIED.contains(&port)) {
            return Err(blocked());
        }
        // The URL parser has already turned every spelling of an address into an address.
        let literal = match url.host() {
            Some(Host::Ipv4(v4)) => Some(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => Some(IpAddr::V6(v6)),
            Some(Host::Domain(name)) if name.len() <= 253 => None,
            _ => return Err(blocked()),
        };
        if literal.is_some_and(|address| !self.permits(address, &OwnAddresses::default())) {
            return Err(blocked());
        }
        Ok(Rule::Vetted)
    }

    /// Finds where the link is fetched if it is in this server's own folder.
    pub(super) fn find_own(&self, url: &Url, reached_as: Option<&Url>) -> Option<Url> {
        let own = self.own.as_ref()?;
        // An encoded separator could leave the folder after the server decodes it.
        let path = url.path().to_ascii_lowercase();
        if path.contains("%2f") || path.contains("%5c") {
            return None;
        }
        let below = |folder: &Url| {
            let is_folder = url.origin() == folder.origin() && folder.path().ends_with('/');
            url.path().strip_prefix(folder.path()).filter(|_| is_folder)
        };
        let below = own.known_as.iter().chain(reached_as).find_map(below)?;
        let mut at = own.at.clone();
        at.set_path(&format!("{}{below}", at.path()));
        at.set_query(url.query());
        Some(at)
    }

    /// Whether a connection to this address is allowed. This machine's own addresses aren't public, whatever
    /// their network.
    pub(super) fn permits(&self, address: IpAddr, own: &OwnAddresses) -> bool {
        let real = address::unwrap(address);
        self.allow.iter().any(|net| net.contains(&real))
            || address::is_public(address) && !own.contains(real)
    }
}

/// The same failure for everything the policy refuses, so that it reveals nothing about the target.
pub(super) fn blocked() -> Failure {
    Failure::new(
        ErrorKind::EgressBlocked,
        "This link leads to a place that the server may not visit.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        let policy = EgressPolicy::default();
        for link in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://①②⑦.0.0.1/",
            "http://127.0.0.1./",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[64:ff9b::a00:1]/",
            "http://[2002:7f00:1::]/",
            "http://10.1.2.3:8080/a.mp4",
            "http://169.254.169.254/latest/meta-data/",
            "http://0/",
            "ftp://example.test/a.mp4",
            "file:///etc/passwd",
            "http://me@example.test/a.mp4",
            "http://example.test:6379/",
            "http://8.8.8.8:22/",
        ] {
            let url = Url::parse(link).unwrap();
            let error = policy.judge(&url, None, true).unwrap_err();
            assert_eq!(error.kind, ErrorKind::EgressBlocked, "{link}");
        }
    }

    #[test]
    fn public_addresses_are_allowed_on_any_ordinary_port() {
        let policy = EgressPolicy::default();
        for link in ["https://example.test/a.mp4", "http://8.8.8.8:8096/", "http://[2a00::1]/"] {
            let rule = policy.judge(&Url::parse(link).unwrap(), None, false).unwrap();
            assert_eq!(rule, Rule::Vetted, "{link}");
        }
    }

    #[test]
    fn an_allowed_network_is_allowed_inside_v6_too() {
        let policy = EgressPolicy { allow: vec!["10.0.0.0/8".parse().unwrap()], ..policy() };
        for link in ["http://10.1.2.3/", "http://[::ffff:10.1.2.3]/"] {
            assert!(policy.judge(&Url::parse(link).unwrap(), None, false).is_ok(), "{link}");
        }
        let other = Url::parse("http://192.168.1.1/").unwrap();
        assert!(policy.judge(&other, None, false).is_err());
    }

    #[test]
    fn the_machines_own_public_address_is_refused_on_every_port_unless_it_is_allowed() {
        let allowed = EgressPolicy { allow: vec!["203.0.114.7/32".parse().unwrap()], ..policy() };
        for link in [
            "http://203.0.114.7/",
            "https://203.0.114.7/",
            "http://203.0.114.7:8096/film.mp4",
            "http://0xcb007207/",
            "http://[::ffff:203.0.114.7]:8096/",
            "http://[64:ff9b::203.0.114.7]/",
        ] {
            let url = Url::parse(link).unwrap();
            let refused = policy().judge(&url, None, false).unwrap_err();
            assert_eq!(refused.kind, ErrorKind::EgressBlocked, "{link}");
            assert_eq!(allowed.judge(&url, None, false).unwrap(), Rule::Vetted, "{link}");
        }
    }

    #[test]
    fn the_own_origin_covers_its_folder_and_nothing_else() {
        let judge = |link: &str| policy().judge(&Url::parse(link).unwrap(), None, true);
        let at = Url::parse("http://127.0.0.1:8080/sample/clip.mp4?a=%20").unwrap();
        assert_eq!(judge("http://127.0.0.1:8080/sample/clip.mp4?a=%20").unwrap(), Rule::Own(at));
        for link in [
            "http://127.0.0.1:8080/api/v1/meta",
            "http://127.0.0.1:8080/sample",
            "http://127.0.0.1:8080/sample/../api/v1/meta",
            "http://127.0.0.1:8080/sample/%2e%2e/api",
            "http://127.0.0.1:8080/sample/..%2fapi",
            "http://127.0.0.1:8080/sample/..%5Capi",
            "http://127.0.0.1:9091/sample/clip.mp4",
            "http://127.0.0.2:8080/sample/clip.mp4",
            "https://127.0.0.1:8080/sample/clip.mp4",
        ] {
            assert!(judge(link).is_err(), "{link}");
        }
    }

    #[test]
    fn the_own_folder_is_fetched_at_the_listener_by_whatever_url_its_requester_reaches_it() {
        let reached_as = Url::parse("https://10.0.0.7/watch/sample/").unwrap();
        let judge =
            |link: &str, reached_as| policy().judge(&Url::parse(link).unwrap(), reached_as, true);
        let link = "https://10.0.0.7/watch/sample/en/a.vtt?b";
        let at = Url::parse("http://127.0.0.1:8080/sample/en/a.vtt?b").unwrap();
        assert_eq!(judge(link, Some(&reached_as)).unwrap(), Rule::Own(at));
        assert!(judge(link, None).is_err());
        for link in [
            "http://10.0.0.7/watch/sample/clip.mp4",
            "https://10.0.0.7:8443/watch/sample/clip.mp4",
            "https://10.0.0.7/sample/clip.mp4",
            "https://10.0.0.7/watch/sample",
            "https://10.0.0.7/watch/sample/../api/v1/meta",
            "https://10.0.0.7/watch/sample/%2e%2e/api/v1/meta",
            "https://10.0.0.7/watch/sample/..%2fapi/v1/meta",
            "https://me@10.0.0.7/watch/sample/clip.mp4",
        ] {
            assert!(judge(link, Some(&reached_as)).is_err(), "{link}");
        }
    }

    #[test]
    fn the_own_origin_is_refused_to_links_of_a_foreign_origin() {
        let url = Url::parse("http://127.0.0.1:8080/sample/clip.mp4").unwrap();
        assert!(policy().judge(&url, Some(&url.join(".").unwrap()), false).is_err());
    }

    fn policy() -> EgressPolicy {
        let at = Url::parse("http://127.0.0.1:8080/sample/").unwrap();
        let own = OwnFolder { known_as: vec![at.clone()], at };
        EgressPolicy { allow: vec![], own: Some(own) }
    }

    proptest! {
        #[test]
        fn no_number_for_a_loopback_address_is_allowed(host in 0x7f00_0000u32..0x8000_0000, base in 0..3) {
            let host = match base {
                0 => format!("{host}"),
                1 => format!("0x{host:x}"),
                _ => format!("0{host:o}"),
            };
            let url = Url::parse(&format!("http://{host}/a.mp4")).unwrap();
            prop_assert!(EgressPolicy::default().judge(&url, None, false).is_err());
        }
    }
}
