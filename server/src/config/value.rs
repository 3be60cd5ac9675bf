//! Values of settings that are more than a number or a path: secrets, optional values and lists.

use std::net::IpAddr;
use std::ops::Deref;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// Text that is never printed.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// An optional value. An empty variable counts as absent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Maybe<T>(Option<T>);

/// Comma-separated values, possibly none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct List<T>(Vec<T>);

impl<T: FromStr> FromStr for Maybe<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        let text = text.trim();
        if text.is_empty() { Ok(Self(None)) } else { text.parse().map(|value| Self(Some(value))) }
    }
}

impl<T: FromStr> FromStr for List<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// Parses networks, comma-separated. A bare address is the network of that address alone. The error says which
/// item is neither.
pub fn networks(text: &str) -> Result<List<IpNet>, String> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(network).collect::<Result<_, _>>().map(List)
}

fn network(text: &str) -> Result<IpNet, String> {
    let parsed =
        text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    let network = parsed.ok_or_else(|| {
        format!("`{text}` is neither an address nor a network such as 10.0.0.0/8 or fd00::/8")
    })?;
    // An IPv4 address inside an IPv6 one counts as what it is, so its network has to as well.
    let IpNet::V6(v6) = network else { return Ok(network) };
    let v4 = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    Ok(v4.and_then(|(address, bits)| Ipv4Net::new(address, bits).ok()).map_or(network, IpNet::V4))
}

impl<T> Deref for Maybe<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<T> Deref for List<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_address_is_a_network_of_its_own() {
        for (text, parsed) in [
            ("", &[][..]),
            ("10.0.0.0/8", &["10.0.0.0/8"]),
            ("10.0.0.7", &["10.0.0.7/32"]),
            (" 10.0.0.7 , ::1, fd00::/8,", &["10.0.0.7/32", "::1/128", "fd00::/8"]),
            ("::ffff:10.0.0.7", &["10.0.0.7/32"]),
            ("::ffff:10.0.0.0/104", &["10.0.0.0/8"]),
        ] {
            let networks = networks(text).expect(text);
            let found: Vec<String> = networks.iter().map(ToString::to_string).collect();
            assert_eq!(found, parsed, "{text}");
        }
        for text in
            ["localhost", "10.0.0.0/33", "10.0.0", "10.0.0.0-10.0.0.9", "*", "[::1]", "a,10.0.0.1"]
        {
            let item = text.split(',').next().unwrap_or_default();
            assert!(networks(text).is_err_and(|words| words.contains(item)), "{text}");
        }
    }
}
