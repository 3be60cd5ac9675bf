//! What the headers of trusted proxies say about the client, its scheme, host and prefix.

use super::*;

/// A request from this trusted proxy, its headers, and who the client is.
type Chain = (&'static str, &'static [(&'static str, &'static str)], &'static str);

#[test]
fn the_client_is_the_last_address_that_is_no_trusted_proxys() {
    let chains: [Chain; 26] = [
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &[("x-forwarded-for", "")], "10.0.0.1"),
        ("10.0.0.1", &[("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", &[("x-forwarded-for", "6.6.6.6, 198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", &[("x-forwarded-for", "6.6.6.6,198.51.100.1,10.0.0.2")], "198.51.100.1"),
        (
            "10.0.0.1",
            &[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "198.51.100.1")],
            "198.51.100.1",
        ),
        ("10.0.0.1", &[("x-forwarded-for", "198.51.100.1:49152")], "198.51.100.1"),
        ("10.0.0.1", &[("x-forwarded-for", "\"198.51.100.1\"")], "198.51.100.1"),
        ("10.0.0.1", &[("x-forwarded-for", "2001:db8::1")], "2001:db8::1"),
        ("10.0.0.1", &[("x-forwarded-for", "[2001:db8::1]")], "2001:db8::1"),
        ("10.0.0.1", &[("x-forwarded-for", "[2001:db8::1]:443")], "2001:db8::1"),
        ("10.0.0.1", &[("x-forwarded-for", "fe80::1%eth0")], "fe80::1"),
        ("10.0.0.1", &[("x-forwarded-for", "::ffff:198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", &[("x-forwarded-for", "198.51.100.1, nonsense")], "10.0.0.1"),
        ("10.0.0.1", &[("x-forwarded-for", "nonsense, 10.0.0.2")], "10.0.0.2"),
        // Everybody is within the trusted network: the client is the furthest one.
        ("10.0.0.1", &[("x-forwarded-for", "10.9.9.9, 10.0.0.2")], "10.9.9.9"),
        ("10.0.0.1", &[("forwarded", "for=198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", &[("forwarded", "For=\"198.51.100.1:4711\";proto=http")], "198.51.100.1"),
        ("10.0.0.1", &[("forwarded", "for=\"[2001:db8::1]:4711\"")], "2001:db8::1"),
        (
            "10.0.0.1",
            &[("forwarded", "for=6.6.6.6, for=198.51.100.1;by=_p, for=10.0.0.2")],
            "198.51.100.1",
        ),
        ("10.0.0.1", &[("forwarded", "for=198.51.100.1, for=unknown")], "10.0.0.1"),
        ("10.0.0.1", &[("forwarded", "for=198.51.100.1;host=\"a,b;for=6.6.6.6\"")], "198.51.100.1"),
        ("fd00::1", &[("x-forwarded-for", "198.51.100.1, fd00::2")], "198.51.100.1"),
        // What a client makes of its part doesn't hide what a proxy appends.
        ("10.0.0.1", &[("x-forwarded-for", "\u{ff}, 198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", &[("forwarded", "for=6.6.6.6;x=\", for=198.51.100.1")], "10.0.0.1"),
        ("10.0.0.1", &[("forwarded", "for=6.6.6.6;x=\u{ff}, for=198.51.100.1")], "198.51.100.1"),
    ];
    for (remote, lines, client) in chains {
        let found = read(remote, lines).expect("a trusted proxy");
        assert_eq!(found.client.to_string(), client, "{remote} {lines:?}");
        assert!(!found.is_contradictory, "{remote} {lines:?}");
    }
}

#[test]
fn two_headers_have_to_name_the_same_client() {
    for (listed, told, is_contradictory) in [
        ("198.51.100.1", "for=198.51.100.1", false),
        ("198.51.100.1", "for=\"198.51.100.1:4711\";proto=https", false),
        ("198.51.100.1, 10.0.0.2", "for=198.51.100.1", false),
        ("6.6.6.6, 198.51.100.1", "for=7.7.7.7, for=198.51.100.1, for=10.0.0.2", false),
        ("2001:db8::1", "for=\"[2001:db8::1]\"", false),
        ("198.51.100.1", "for=6.6.6.6", true),
        ("198.51.100.1", "for=198.51.100.1, for=6.6.6.6", true),
        ("198.51.100.1", "for=unknown", true),
        ("198.51.100.1", "host=evil.example", true),
        ("10.0.0.2", "for=198.51.100.1", true),
    ] {
        let lines = [("x-forwarded-for", listed), ("forwarded", told)];
        let found = read("10.0.0.1", &lines).expect("a trusted proxy");
        assert_eq!(found.is_contradictory, is_contradictory, "{lines:?}");
    }
}

#[test]
fn nobody_but_a_trusted_proxy_is_believed() {
    let lines = [("x-forwarded-for", "10.0.0.9"), ("x-forwarded-host", "evil.example")];
    assert_eq!(read("203.0.113.9", &lines), None);
    assert_eq!(read("2001:db8::9", &lines), None);
}

/// Headers, and the scheme, host and prefix that they mean.
type Meaning = (&'static [(&'static str, &'static str)], &'static str, &'static str, &'static str);

#[test]
fn scheme_host_and_prefix_are_those_that_the_client_used() {
    let cases: [Meaning; 26] = [
        (&[], "", "", ""),
        (&[("x-forwarded-proto", "https")], "https", "", ""),
        (&[("x-forwarded-proto", "HTTPS")], "https", "", ""),
        (&[("x-forwarded-proto", "wss")], "https", "", ""),
        (&[("x-forwarded-proto", "http")], "http", "", ""),
        (&[("x-forwarded-proto", "gopher")], "", "", ""),
        (&[("x-forwarded-scheme", "https")], "https", "", ""),
        (&[("x-forwarded-ssl", "on")], "https", "", ""),
        (&[("front-end-https", "On")], "https", "", ""),
        (&[("forwarded", "proto=https;host=party.example")], "https", "party.example", ""),
        (
            &[("forwarded", "host=\"party.example:8443\";proto=\"https\"")],
            "https",
            "party.example:8443",
            "",
        ),
        (&[("forwarded", "host=\"[2001:db8::1]:8443\"")], "", "[2001:db8::1]:8443", ""),
        (&[("x-forwarded-host", "party.example")], "", "party.example", ""),
        (&[("x-forwarded-host", "party.example:8443")], "", "party.example:8443", ""),
        (&[("x-forwarded-host", "[2001:db8::1]")], "", "[2001:db8::1]", ""),
        (&[("x-forwarded-host", "me@party.example")], "", "", ""),
        (&[("x-forwarded-host", "party.example/a")], "", "", ""),
        (
            &[("x-forwarded-host", "party.example"), ("x-forwarded-port", "8443")],
            "",
            "party.example:8443",
            "",
        ),
        // The port of a hop behind the TLS.
        (
            &[
                ("x-forwarded-host", "party.example"),
                ("x-forwarded-port", "80"),
                ("x-forwarded-proto", "https"),
            ],
            "https",
            "party.example",
            "",
        ),
        // The client claims http and a host of its own; the proxy appends what it saw.
        (
            &[
                ("x-forwarded-for", "198.51.100.1"),
                ("x-forwarded-proto", "http, https"),
                ("x-forwarded-host", "evil.example, party.example"),
            ],
            "https",
            "party.example",
            "",
        ),
        // Two trusted hops: what the outer one saw counts.
        (
            &[
                ("x-forwarded-for", "198.51.100.1, 10.0.0.2"),
                ("x-forwarded-proto", "https, http"),
                ("x-forwarded-host", "party.example, inner.example"),
            ],
            "https",
            "party.example",
            "",
        ),
        (
            &[(
                "forwarded",
                "for=198.51.100.1;proto=https;host=party.example, for=10.0.0.2;proto=http",
            )],
            "https",
            "party.example",
            "",
        ),
        (&[("x-forwarded-prefix", "/watch/")], "", "", "/watch"),
        (
            &[("x-forwarded-prefix", "/outer"), ("x-forwarded-prefix", "/inner")],
            "",
            "",
            "/outer/inner",
        ),
        (&[("x-forwarded-prefix", "//evil.example")], "", "", ""),
        (&[("x-forwarded-prefix", "/api")], "", "", ""),
    ];
    for (lines, scheme, host, prefix) in cases {
        let found = read("10.0.0.1", lines).expect("a trusted proxy");
        let named = found.is_secure.map_or("", |secure| if secure { "https" } else { "http" });
        assert_eq!(named, scheme, "{lines:?}");
        assert_eq!(found.host.as_deref().unwrap_or_default(), host, "{lines:?}");
        assert_eq!(found.prefix, prefix, "{lines:?}");
        let names_one = lines.iter().any(|(name, _)| *name == "x-forwarded-prefix");
        assert_eq!(found.is_prefix_unusable, names_one && prefix.is_empty(), "{lines:?}");
    }
}

fn read(remote: &str, lines: &[(&'static str, &'static str)]) -> Option<Forwarded> {
    let trusted = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().expect("a network"));
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().expect("a header"));
    }
    Forwarded::read(remote.parse().expect("an address"), &headers, &trusted)
}
