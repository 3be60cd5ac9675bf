//! Makes a playlist plain before it is parsed.
//!
//! The parser takes the rest of a line it doesn't understand for a link, reads attributes across
//! line ends, and can be made to do so again and again. It gets only lines that it reads rightly.

use super::playlist::invalid;
use crate::error::{ErrorKind, Failure};

/// Text that variables may grow a playlist to, in bytes.
const EXPANDED_BYTES_MAX: usize = 4 * 1024 * 1024;
const VARIABLES_MAX: usize = 32;

/// The tag of a quality.
pub(super) const STREAM_INF: &str = "#EXT-X-STREAM-INF:";

/// Tags with attributes that are kept.
const ATTRIBUTE_TAGS: [&str; 2] = [STREAM_INF, "#EXT-X-MEDIA:"];
/// Other tags that are kept as they stand.
const PLAIN_TAGS: [&str; 4] =
    ["#EXT-X-BYTERANGE:", "#EXT-X-PLAYLIST-TYPE:", "#EXT-X-TARGETDURATION:", "#EXT-X-ENDLIST"];
const KEY_TAGS: [&str; 2] = ["#EXT-X-KEY:", "#EXT-X-SESSION-KEY:"];

/// The playlist with its variables put in, line by line in the form that the parser reads rightly.
/// Keys that only a licence server gives are refused.
pub(super) fn tidy(text: &str) -> Result<String, Failure> {
    let text = expand(text)?;
    let mut tidied = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        for key in KEY_TAGS.iter().filter_map(|tag| line.strip_prefix(tag)) {
            refuse_drm(key)?;
        }
        if let Some(kept) = tidy_line(line) {
            tidied.push_str(&kept);
            tidied.push('\n');
        }
    }
    Ok(tidied)
}

fn tidy_line(line: &str) -> Option<String> {
    if line.starts_with("#EXTM3U") {
        return Some("#EXTM3U".to_owned());
    }
    // A comma in a segment's title would end up as a segment of its own.
    if let Some(rest) = line.strip_prefix("#EXTINF:") {
        let seconds = rest.split(',').next().unwrap_or_default().trim();
        return Some(format!("#EXTINF:{seconds},"));
    }
    for tag in ATTRIBUTE_TAGS {
        if let Some(rest) = line.strip_prefix(tag) {
            let pairs: Vec<String> =
                attributes(rest).map(|(name, value)| format!("{name}={value}")).collect();
            return Some(format!("{tag}{}", pairs.join(",")));
        }
    }
    let plain = PLAIN_TAGS.iter().any(|tag| line.starts_with(tag));
    (plain || !(line.is_empty() || line.starts_with('#'))).then(|| line.to_owned())
}

/// Puts the values of `EXT-X-DEFINE` in for its variables.
///
/// Values taken from the link or from the list above stay unresolved, and are refused.
fn expand(text: &str) -> Result<String, Failure> {
    let mut text = text.to_owned();
    if !text.contains("{$") {
        return Ok(text);
    }
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("#EXT-X-DEFINE:"));
    let define = |line| Some((quoted(line, "NAME")?.to_owned(), quoted(line, "VALUE")?.to_owned()));
    let defined: Vec<(String, String)> = lines.filter_map(define).take(VARIABLES_MAX).collect();
    for (name, value) in defined {
        let variable = format!("{{${name}}}");
        let grown = text.matches(&variable).count().saturating_mul(value.len());
        if grown.saturating_add(text.len()) > EXPANDED_BYTES_MAX {
            return Err(invalid("The variables of the playlist make it too large."));
        }
        text = text.replace(&variable, &value);
    }
    if text.contains("{$") {
        return Err(invalid("The playlist uses a variable that it doesn't define."));
    }
    Ok(text)
}

fn refuse_drm(key: &str) -> Result<(), Failure> {
    let format = quoted(key, "KEYFORMAT").unwrap_or("identity");
    let method = attributes(key).find(|(name, _)| *name == "METHOD").map(|(_, value)| value);
    let plain = matches!(method, Some("NONE" | "AES-128"));
    if plain && format == "identity" {
        return Ok(());
    }
    let detail = "This media is protected and plays only with a licence of its provider.";
    Err(Failure::new(ErrorKind::DrmProtected, detail))
}

fn quoted<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = attributes(list).find(|(found, _)| *found == name)?;
    value.strip_prefix('"')?.strip_suffix('"')
}

/// The attributes of a list as they stand, quotes included; it ends at the first malformed one.
fn attributes(list: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim();
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(plain) {
            return None;
        }
        let len = match after.strip_prefix('"') {
            Some(inside) => inside.find('"')? + 2,
            None => after.find(',').unwrap_or(after.len()),
        };
        let (value, tail) = after.split_at(len);
        let value = value.trim();
        let well_ended = tail.trim_start().is_empty() || tail.trim_start().starts_with(',');
        rest = tail.trim_start().trim_start_matches(',');
        (well_ended && !value.is_empty()).then_some((name, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_end_at_the_first_malformed_one() {
        let list = "A=1, B=\"x,y=z\",C-2=three,,D=4,e=5,F=6";
        let found: Vec<_> = attributes(list).collect();
        assert_eq!(found, [("A", "1"), ("B", "\"x,y=z\""), ("C-2", "three"), ("D", "4")]);
        for malformed in ["", "A", "A=", "=1", "A=\"open", "A=\"x\"y"] {
            assert_eq!(attributes(malformed).count(), 0, "{malformed}");
        }
    }

    #[test]
    fn only_lines_that_matter_are_left() {
        let text =
            "#EXTM3U x=y\n# a note\n#EXT-X-STREAM-INF:BANDWIDTH=1,junk\n a.m3u8 \n\n#EXT-X-NEW\n";
        let plain = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n";
        assert_eq!(tidy(text).unwrap(), plain);
    }
}
