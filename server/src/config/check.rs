//! Checks that the settings can work together, before anything listens.

use std::net::SocketAddr;

use ipnet::IpNet;
use url::{Host, Url};

use super::product_key::is_id;
use super::{Config, Secret, StoreKind, base_path};

/// URL schemes of the databases that the server speaks.
const DATABASE_SCHEMES: [&str; 3] = ["sqlite:", "postgres:", "postgresql:"];
/// The length of the shortest secret of one.
const API_SECRET_MIN: usize = 32;
/// URL schemes of Redis, alone and as a cluster, without and with TLS.
const REDIS_SCHEMES: [&str; 4] = ["redis", "rediss", "redis-cluster", "rediss-cluster"];

impl Config {
    /// Checks everything that can be checked without opening anything. The error names the setting
    /// and says what to write instead.
    pub fn check(&self) -> Result<(), String> {
        self.check_listeners()?;
        self.check_public_url()?;
        self.check_origins()?;
        self.check_api_keys()?;
        self.check_product_keys()?;
        self.check_database()?;
        self.check_redis()?;
        self.limits.check()
    }

    /// Returns a sentence for each setting that works, but hardly as it was meant.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if name_everybody(&self.trusted_proxies) {
            warnings.push(
                "PLAYHEAD_TRUSTED_PROXIES names every address: anybody may claim to be anybody, \
                 and no limit per address holds; name only your proxies' own addresses"
                    .to_owned(),
            );
        }
        if name_everybody(&self.egress_allow) {
            warnings.push(
                "PLAYHEAD_EGRESS_ALLOW names every address: links that guests send may lead to \
                 everything that this machine reaches; name only the addresses of your media"
                    .to_owned(),
            );
        }
        let has_redis = self.redis_url.as_ref().is_some() || self.redis_url_file.as_ref().is_some();
        if self.store == StoreKind::Memory && has_redis {
            warnings.push(
                "PLAYHEAD_REDIS_URL is set, but PLAYHEAD_STORE is memory, so Redis isn't used; \
                 set PLAYHEAD_STORE=redis if nodes are to share their rooms"
                    .to_owned(),
            );
        }
        warnings
    }

    /// Returns the URL of the Redis, given directly or in a file.
    pub fn redis_url(&self) -> Result<Option<Secret>, String> {
        match (self.redis_url.as_ref(), self.redis_url_file.as_ref()) {
            (Some(url), _) => Ok(Some(url.clone())),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    format!("PLAYHEAD_REDIS_URL_FILE {}: {error}", path.display())
                })?;
                let url = Secret::new(text.trim());
                Ok(Some(url).filter(|url| !url.expose().is_empty()))
            }
            (None, None) => Ok(None),
        }
    }

    /// Returns the path below which people reach this server: empty, or like `/watch`.
    pub fn public_path(&self) -> String {
        let path = self.public_url.as_ref().and_then(|url| base_path(url.path()).ok());
        path.unwrap_or_default()
    }

    fn check_listeners(&self) -> Result<(), String> {
        let (listen, admin) = (self.listen, self.admin_listen);
        if clash(listen, admin) {
            return Err(format!(
                "PLAYHEAD_LISTEN {listen} and PLAYHEAD_ADMIN_LISTEN {admin} take the same port of the same \
                 address; choose another port for one of them"
            ));
        }
        Ok(())
    }

    fn check_public_url(&self) -> Result<(), String> {
        let Some(url) = self.public_url.as_ref() else { return Ok(()) };
        // The URL isn't shown: it may hold a password.
        let problem = |words: &str| Err(format!("PLAYHEAD_PUBLIC_URL: {words}"));
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return problem("write it as https://host or https://host/path");
        }
        if !names_one_host(url) || url.port() == Some(0) {
            return problem("it has to name one host that people can reach, without `*`");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return problem("it can't name a user");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return problem("it can't have a query or a fragment");
        }
        base_path(url.path()).map(drop).or_else(|words| problem(&words))
    }

    fn check_origins(&self) -> Result<(), String> {
        for origin in self.allowed_origins.iter() {
            if origin == "*" {
                return Err(
                    "PLAYHEAD_ALLOWED_ORIGINS: `*` isn't possible; name each origin".to_owned()
                );
            }
            let is_exact = Url::parse(origin).is_ok_and(|url| is_origin(origin, &url));
            let is_reachable =
                Url::parse(origin).is_ok_and(|url| url.port() != Some(0) && names_one_host(&url));
            if !is_exact || !is_reachable {
                return Err(format!(
                    "PLAYHEAD_ALLOWED_ORIGINS {origin}: write it as the browser does, \
                     scheme://host or scheme://host:port, without a path or `*`"
                ));
            }
        }
        Ok(())
    }

    /// Iterates over the API keys, each an id and a secret.
    pub fn api_keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.api_keys.iter().filter_map(|key| key.expose().split_once(':'))
    }

    // No key is shown, however it is written.
    fn check_api_keys(&self) -> Result<(), String> {
        let problem = |words: &str| Err(format!("PLAYHEAD_API_KEYS: {words}"));
        if self.api_keys().count() < self.api_keys.len()
            || !self.api_keys().all(|(id, _)| is_id(id))
        {
            return problem(
                "write each key as id:secret, with an id of at most 32 small letters, digits and hyphens",
            );
        }
        if self.api_keys().any(|(_, secret)| secret.len() < API_SECRET_MIN) {
            return problem(
                "a secret has at least 32 characters; `openssl rand -hex 32` makes one",
            );
        }
        Ok(())
    }

    fn check_product_keys(&self) -> Result<(), String> {
        let mut ids: Vec<&str> = self.product_keys.iter().map(|key| &*key.key_id).collect();
        ids.sort_unstable();
        match ids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("PLAYHEAD_PRODUCT_KEYS: two keys are called {}", pair[0])),
            None => Ok(()),
        }
    }

    fn check_database(&self) -> Result<(), String> {
        match self.database_url.as_ref().map(Secret::expose) {
            Some(url) if !DATABASE_SCHEMES.iter().any(|scheme| url.starts_with(scheme)) => {
                Err("PLAYHEAD_DATABASE_URL: use sqlite://… or postgres://…".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn check_redis(&self) -> Result<(), String> {
        match (self.store, self.redis_url()?) {
            (StoreKind::Redis, None) => {
                Err("PLAYHEAD_STORE=redis: set PLAYHEAD_REDIS_URL too, redis://…".to_owned())
            }
            (StoreKind::Redis, Some(url)) => {
                let url = Url::parse(url.expose());
                let is_usable =
                    url.is_ok_and(|url| REDIS_SCHEMES.contains(&url.scheme()) && url.has_host());
                // The URL isn't shown: it may hold a password.
                let detail = "PLAYHEAD_REDIS_URL: write it as redis://host:port, rediss://… or \
                              redis-cluster://…";
                if is_usable { Ok(()) } else { Err(detail.to_owned()) }
            }
            (StoreKind::Memory, _) => Ok(()),
        }
    }
}

/// Whether the networks together hold every address of a kind.
fn name_everybody(networks: &[IpNet]) -> bool {
    IpNet::aggregate(&networks.to_vec()).iter().any(|network| network.prefix_len() == 0)
}

/// Whether two listeners can't exist beside each other. An unspecified address stands for every address, that
/// of IPv6 for those of IPv4 too. Port 0 stands for any free one.
fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let covers = |a: SocketAddr, b: SocketAddr| {
        let (a, b) = (a.ip(), b.ip());
        a.to_canonical() == b.to_canonical() || a.is_unspecified() && (a.is_ipv6() || b.is_ipv4())
    };
    one.port() == other.port() && one.port() != 0 && (covers(one, other) || covers(other, one))
}

/// Whether a URL names one host: an address, or a name without wildcards and empty parts.
fn names_one_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            name.split('.').all(|part| !part.is_empty() && part.chars().all(is_plain))
        }
        Some(Host::Ipv4(ip)) => !ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => !ip.to_canonical().is_unspecified(),
        None => false,
    }
}

/// Whether `text` is an origin as browsers write it. The pages of some apps have a scheme of their own, such as
/// `capacitor://localhost`.
fn is_origin(text: &str, url: &Url) -> bool {
    if url.origin().is_tuple() {
        return matches!(url.scheme(), "http" | "https")
            && url.origin().ascii_serialization() == text;
    }
    let host = text.strip_prefix(url.scheme()).and_then(|rest| rest.strip_prefix("://"));
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._:".contains(c);
    host.is_some_and(|host| !host.is_empty() && host.chars().all(is_plain))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    const PUBLIC: &str = "MCowBQYDK2VwAyEAHqbIg77F0so/ELlVzxYM+0lyyRQGBxxOW5ekw5CpRiw=";

    #[test]
    fn a_setting_that_cannot_work_is_refused_with_the_reason() {
        for (arguments, words) in [
            (&["--public-url", "https://party.example"][..], ""),
            (&["--public-url", "https://party.example:8443/watch/"], ""),
            (&["--public-url", "party.example:8443"], "https://host"),
            (&["--public-url", "ftp://party.example"], "https://host"),
            (&["--public-url", "http://0.0.0.0:8080"], "one host that people can reach"),
            (&["--public-url", "http://[::]:8080"], "one host that people can reach"),
            (&["--public-url", "https://me@party.example"], "user"),
            (&["--public-url", "https://party.example/?a=b"], "query"),
            (&["--public-url", "https://party.example/#a"], "fragment"),
            (&["--public-url", "https://party.example/a%20b"], "/watch"),
            (&["--public-url", "https://party.example/api"], "/api"),
            (&["--public-url", "https://party.example/r/"], "/r"),
            (&["--allowed-origins", "https://tv.example,http://127.0.0.1:3000"], ""),
            (&["--allowed-origins", "capacitor://localhost"], ""),
            (&["--allowed-origins", "*"], "name each origin"),
            (&["--allowed-origins", "null"], "scheme://host"),
            (&["--allowed-origins", "tv.example"], "scheme://host"),
            (&["--allowed-origins", "https://tv.example/"], "scheme://host"),
            (&["--allowed-origins", "https://TV.example"], "scheme://host"),
            (&["--allowed-origins", "https://tv.example:443"], "scheme://host"),
            (&["--allowed-origins", "file:///tmp"], "scheme://host"),
            (&["--allowed-origins", "https://*.tv.example"], "scheme://host"),
            (&["--allowed-origins", "https://tv..example"], "scheme://host"),
            (&["--allowed-origins", "https://tv.example:0"], "scheme://host"),
            (&["--allowed-origins", "https://tv.example:70000"], "scheme://host"),
            (&["--allowed-origins", "https://tv.example https://b.example"], "scheme://host"),
            (&["--allowed-origins", "http://[::1]:3000,http://10.0.0.7"], ""),
            (&["--api-keys", "shop:0123456789abcdef0123456789abcdef"], ""),
            (&["--api-keys", "shop:short"], "at least 32"),
            (&["--product-keys", &format!("shop:k1:{PUBLIC},shop:k2:{PUBLIC}")], ""),
            (&["--product-keys", &format!("shop:k1:{PUBLIC},shop:k1:{PUBLIC}")], "shop:k1"),
            (&["--api-keys", "0123456789abcdef0123456789abcdef"], "id:secret"),
            (&["--api-keys", "The Shop:0123456789abcdef0123456789abcdef"], "id:secret"),
            (&["--listen", "127.0.0.1:9091"], "PLAYHEAD_ADMIN_LISTEN"),
            (&["--listen", "0.0.0.0:9091"], "PLAYHEAD_ADMIN_LISTEN"),
            (&["--listen", "[::]:9091"], "PLAYHEAD_ADMIN_LISTEN"),
            (&["--listen", "[::ffff:127.0.0.1]:9091"], "PLAYHEAD_ADMIN_LISTEN"),
            (&["--listen", "127.0.0.1:80", "--admin-listen", "0.0.0.0:80"], "PLAYHEAD_LISTEN"),
            (&["--listen", "[::1]:9091"], ""),
            (&["--listen", "127.0.0.2:9091"], ""),
            (&["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"], ""),
            (&["--limit-per-address", "0"], ""),
            (&["--limit-connections", "0"], "PLAYHEAD_LIMIT_CONNECTIONS:"),
            (&["--limit-rooms", "0"], "PLAYHEAD_LIMIT_ROOMS:"),
            (&["--limit-guests-burst", "0"], "PLAYHEAD_LIMIT_GUESTS_BURST:"),
            (&["--limit-refused-per-second", "0"], "PLAYHEAD_LIMIT_REFUSED_PER_SECOND:"),
            (
                &["--limit-commands-per-user-and-second", "0"],
                "PLAYHEAD_LIMIT_COMMANDS_PER_USER_AND_SECOND:",
            ),
        ] {
            let all = [&["playhead-server"], arguments].concat();
            let checked = Config::try_parse_from(all).expect("they parse").check();
            match checked {
                Ok(()) => assert_eq!(words, "", "{arguments:?} is accepted"),
                Err(reason) => {
                    let is_named = !words.is_empty() && reason.contains(words);
                    assert!(is_named && reason.contains("PLAYHEAD_"), "{arguments:?}: {reason}");
                }
            }
        }
    }
}
