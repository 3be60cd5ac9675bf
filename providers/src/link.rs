//! Parses pasted links and derives titles from them.

use url::Url;

use crate::error::{ErrorKind, Failure};

/// The longest accepted link, in characters.
const LINK_CHARS_MAX: usize = 2048;
/// The longest title, in characters.
const TITLE_CHARS_MAX: usize = 120;
/// File names that say nothing about the media; the name of the folder says more.
const GENERIC_NAMES: [&str; 7] =
    ["chunklist", "index", "main", "manifest", "master", "playlist", "stream"];

/// Parses a pasted link into the form that is stored as the durable id.
///
/// The fragment is removed: `#t=30` would make a player start elsewhere than the room.
pub fn parse_link(link: &str) -> Result<Url, Failure> {
    let invalid = |detail| Failure::new(ErrorKind::LinkInvalid, detail);
    let link = link.trim();
    if link.chars().count() > LINK_CHARS_MAX {
        return Err(invalid("The link is too long."));
    }
    let mut url = Url::parse(link).map_err(|error| invalid("This isn't a link.").because(error))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("A link with a name or password in it can't be shared with a room."));
    }
    url.set_fragment(None);
    Ok(url)
}

/// The lower-case extension of the last path segment.
pub(crate) fn extension(url: &Url) -> Option<String> {
    let name = url.path_segments()?.next_back()?;
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty()).then(|| extension.to_ascii_lowercase())
}

/// The title to display: the file's name, or its folder's if that is generic, or the host.
pub(crate) fn title(url: &Url) -> String {
    let mut named = url.path_segments().into_iter().flatten().rev().map(stem);
    let title = named.find(|name| {
        !name.is_empty() && !GENERIC_NAMES.contains(&name.to_ascii_lowercase().as_str())
    });
    title.unwrap_or_else(|| url.host_str().unwrap_or("Untitled").to_owned())
}

fn stem(segment: &str) -> String {
    let decoded = decode_percent(segment);
    let stem = match decoded.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 5 => stem,
        _ => &decoded,
    };
    readable(stem, TITLE_CHARS_MAX)
}

/// Text from outside in a form that is safe to display: at most `max` characters, without control
/// or invisible ones; empty if nothing visible is left.
pub(crate) fn readable(text: &str, max: usize) -> String {
    let kept = |c: &char| !c.is_control() && !is_invisible(*c);
    let text: String = text.chars().filter(kept).take(max).collect();
    // Joiners and variation selectors, which scripts and emoji need, are invisible alone.
    let visible = |c: char| {
        !c.is_whitespace()
            && !matches!(c, '\u{200C}' | '\u{200D}' | '\u{2800}' | '\u{FE00}'..='\u{FE0F}')
    };
    if text.chars().any(visible) { text.trim().to_owned() } else { String::new() }
}

/// Whether the character is invisible or changes the direction of the text, which could make a
/// title read as something else.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

fn decode_percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (bytes[at], byte) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_title_comes_from_the_file_name() {
        for (link, expected) in [
            ("https://example.test/films/Big%20Day%20%C3%9C.mp4?token=1", "Big Day Ü"),
            ("https://example.test/films/night-train/master.m3u8", "night-train"),
            ("https://example.test/film.v2", "film"),
            ("https://example.test/100%.mp4", "100%"),
            ("https://example.test/%E2%80%AEgpj.mp4", "gpj"),
            ("https://example.test/films/%D8%9C%E2%80%8B.mp4", "films"),
            ("https://example.test/films/%E2%80%8D%EF%B8%8F.mp4", "films"),
            ("https://example.test/", "example.test"),
        ] {
            assert_eq!(title(&Url::parse(link).unwrap()), expected, "{link}");
        }
    }

    #[test]
    fn the_fragment_is_removed_from_the_link() {
        let url = parse_link(" https://example.test/a.mp4?x=1#t=30 ").unwrap();
        assert_eq!(url.as_str(), "https://example.test/a.mp4?x=1");
    }

    #[test]
    fn text_that_is_not_a_link_is_refused() {
        let long = format!("https://example.test/{}", "é".repeat(LINK_CHARS_MAX));
        for link in ["", "film", "/a.mp4", "http://", "https://me:pw@example.test/a.mp4", &long] {
            assert_eq!(parse_link(link).unwrap_err().kind, ErrorKind::LinkInvalid, "{link}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC*", path in "\\PC*") {
            let _ = parse_link(&text);
            if let Ok(url) = parse_link(&format!("https://example.test/{path}")) {
                prop_assert!(!title(&url).is_empty());
                let _ = extension(&url);
            }
        }
    }
}
