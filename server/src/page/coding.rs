//! The content codings of the page's files: which of them a client accepts, and the files as
//! `build.rs` compressed them.

use axum::http::{HeaderMap, header};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/packed"]
struct Packed;

/// How a file is encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
    /// Not at all.
    Identity,
}

/// Each coding by the names that clients give it; the shortest result first.
const COMPRESSED: [(Coding, &[&str]); 2] =
    [(Coding::Brotli, &["br"]), (Coding::Gzip, &["gzip", "x-gzip"])];
const ANY: &str = "*";

impl Coding {
    /// The name, as `Content-Encoding` has it; `None` for a file as it is.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// Returns the coding that a client prefers by its `Accept-Encoding` (RFC 9110, section 12.5.3).
    /// A client that accepts nothing, or doesn't say, gets a file as it is.
    pub(super) fn preferred(headers: &HeaderMap) -> Self {
        let lists = headers.get_all(header::ACCEPT_ENCODING).into_iter();
        let items = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
        let accepted: Vec<(&str, f32)> = items.filter_map(weighted).collect();
        let weight = |name: &str| {
            let same = |(listed, _): &&(&str, f32)| listed.eq_ignore_ascii_case(name);
            accepted.iter().find(same).map(|(_, weight)| *weight)
        };
        let mut preferred = (Self::Identity, weight("identity").unwrap_or(0.0));
        // From the worst to the best, so that the best of several equals is chosen.
        for (coding, names) in COMPRESSED.into_iter().rev() {
            let listed = names.iter().find_map(|name| weight(name)).or_else(|| weight(ANY));
            if let Some(weight) = listed.filter(|weight| *weight > 0.0 && *weight >= preferred.1) {
                preferred = (coding, weight);
            }
        }
        preferred.0
    }
}

/// Finds a file of the page in a compressed coding.
pub(super) fn find_packed(name: &str, coding: Coding) -> Option<EmbeddedFile> {
    match coding {
        Coding::Brotli => Packed::get(&format!("{name}.br")),
        Coding::Gzip => Packed::get(&format!("{name}.gz")),
        Coding::Identity => None,
    }
}

/// Whether a file of the page comes in several codings.
pub(super) fn is_packed(name: &str) -> bool {
    find_packed(name, Coding::Gzip).is_some()
}

/// Reads an item of a list as a name and its weight, 1 if it has none. A malformed item is ignored.
fn weighted(item: &str) -> Option<(&str, f32)> {
    let Some((name, parameter)) = item.split_once(';') else { return Some((item.trim(), 1.0)) };
    let (key, weight) = parameter.split_once('=')?;
    let weight = weight.trim().parse().ok().filter(|weight| (0.0..=1.0).contains(weight))?;
    key.trim().eq_ignore_ascii_case("q").then_some((name.trim(), weight))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_coding_is_the_one_that_the_client_prefers() {
        for (accepted, coding) in [
            ("", Coding::Identity),
            ("gzip", Coding::Gzip),
            ("GZip", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("gzip, deflate", Coding::Gzip),
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("br;q=0.5, gzip", Coding::Gzip),
            ("br ; q = 0.5 , gzip;q=0.50", Coding::Brotli),
            ("br;q=0, gzip;q=0.001", Coding::Gzip),
            ("br;q=0, gzip;q=0", Coding::Identity),
            ("*", Coding::Brotli),
            ("*;q=0.1, br;q=0", Coding::Gzip),
            ("*;q=0", Coding::Identity),
            ("identity", Coding::Identity),
            ("identity, gzip;q=0.5", Coding::Identity),
            ("identity;q=0.5, gzip", Coding::Gzip),
            ("identity;q=0", Coding::Identity),
            ("deflate", Coding::Identity),
            ("br;q=2, gzip;q=nan, *;q=-1", Coding::Identity),
            ("br;level=3, gzip;q", Coding::Identity),
            (",,;,=,br,", Coding::Brotli),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(Coding::preferred(&headers), coding, "{accepted}");
        }
        assert_eq!(Coding::preferred(&HeaderMap::new()), Coding::Identity);
    }

    #[test]
    fn the_lines_of_a_list_belong_together() {
        let mut headers = HeaderMap::new();
        for line in ["gzip;q=0.5", "br;q=0.8"] {
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static(line));
        }
        assert_eq!(Coding::preferred(&headers), Coding::Brotli);
    }
}
