//! Reduces a playlist to what the parser reads correctly, before it is parsed.
//!
//! The parser takes the rest of a line that it doesn't understand for a URI and reads attributes
//! across line ends, which an attacker can use to make it slow. It also needs hundreds of bytes of
//! memory per line, so it gets only one of the segments.

use std::borrow::Cow;

use super::playlist::invalid;
use crate::error::{ErrorKind, Failure};

/// The longest playlist that substituting variables may produce, in bytes.
const EXPANDED_BYTES_MAX: usize = 4 * 1024 * 1024;
const VARIABLES_MAX: usize = 32;

/// Qualities in a playlist.
const VARIANTS_MAX: usize = 64;
/// Subtitle and audio tracks in a playlist, over all groups.
const ALTERNATIVES_MAX: usize = 256;
/// Attributes of one tag; the standard defines about twenty.
const ATTRIBUTES_MAX: usize = 64;

const STREAM_INF: &str = "#EXT-X-STREAM-INF:";
const MEDIA: &str = "#EXT-X-MEDIA:";
/// Tags that concern the whole playlist; the first of each is kept unchanged.
const PLAIN_TAGS: [&str; 3] = ["#EXT-X-PLAYLIST-TYPE:", "#EXT-X-TARGETDURATION:", "#EXT-X-ENDLIST"];
const KEY_TAGS: [&str; 2] = ["#EXT-X-KEY:", "#EXT-X-SESSION-KEY:"];

/// A playlist whose size doesn't depend on the length of the media.
#[derive(Debug, Default)]
pub(super) struct Tidied {
    /// The text for the parser; of all segments, it holds only the first that plays.
    pub(super) text: String,
    /// The number of `EXT-X-STREAM-INF` tags.
    pub(super) variants: usize,
    /// The duration of all segments, in seconds.
    pub(super) seconds: f64,
}

/// The lines read so far, and what they say about the next URI.
#[derive(Debug, Default)]
struct Pass<'a> {
    tidied: Tidied,
    alternatives: usize,
    plain_tags: [bool; PLAIN_TAGS.len()],
    has_segment: bool,
    is_variant: bool,
    duration: Option<&'a str>,
    byte_range: Option<&'a str>,
}

/// Substitutes the playlist's variables and rewrites each line in a form that the parser reads
/// correctly. Keys that only a licence server gives out are refused.
pub(super) fn tidy(text: &str) -> Result<Tidied, Failure> {
    let text = expand(text)?;
    let mut pass = Pass::default();
    if text.starts_with("#EXTM3U") {
        pass.keep("#EXTM3U");
    }
    for line in text.lines().map(str::trim) {
        for key in KEY_TAGS.iter().filter_map(|tag| line.strip_prefix(tag)) {
            refuse_drm(key)?;
        }
        pass.read(line)?;
    }
    Ok(pass.tidied)
}

impl<'a> Pass<'a> {
    fn read(&mut self, line: &'a str) -> Result<(), Failure> {
        if let Some(rest) = line.strip_prefix("#EXTINF:") {
            // The parser would read the text after a comma in the title as another segment.
            self.duration = rest.split(',').next().map(str::trim);
        } else if line.starts_with("#EXT-X-BYTERANGE:") {
            self.byte_range = Some(line);
        } else if let Some(list) = line.strip_prefix(STREAM_INF) {
            self.tidied.variants += 1;
            self.is_variant = true;
            self.keep_attributes(STREAM_INF, list)?;
        } else if let Some(list) = line.strip_prefix(MEDIA) {
            self.alternatives += 1;
            self.keep_attributes(MEDIA, list)?;
        } else if let Some(tag) = PLAIN_TAGS.iter().position(|tag| line.starts_with(tag)) {
            if !std::mem::replace(&mut self.plain_tags[tag], true) {
                self.keep(line);
            }
        } else if !line.is_empty() && !line.starts_with('#') {
            self.read_uri(line);
        }
        Ok(())
    }

    /// Reads the URI of a quality or a segment; one without a tag before it is ignored.
    fn read_uri(&mut self, uri: &str) {
        let (duration, byte_range) = (self.duration.take(), self.byte_range.take());
        if std::mem::take(&mut self.is_variant) {
            self.keep(uri);
            return;
        }
        let Some(duration) = duration else { return };
        let seconds = seconds(duration);
        self.tidied.seconds += seconds;
        if seconds > 0.0 && !std::mem::replace(&mut self.has_segment, true) {
            self.keep(&format!("#EXTINF:{seconds},"));
            if let Some(byte_range) = byte_range {
                self.keep(byte_range);
            }
            self.keep(uri);
        }
    }

    fn keep_attributes(&mut self, tag: &str, list: &str) -> Result<(), Failure> {
        if self.tidied.variants > VARIANTS_MAX || self.alternatives > ALTERNATIVES_MAX {
            return Err(invalid("The playlist lists too many qualities or tracks."));
        }
        let pairs = attributes(list).take(ATTRIBUTES_MAX);
        let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
        self.keep(&format!("{tag}{}", pairs.join(",")));
        Ok(())
    }

    fn keep(&mut self, line: &str) {
        self.tidied.text.push_str(line);
        self.tidied.text.push('\n');
    }
}

/// The number at the start of a segment's duration; 0 if it isn't a finite number.
fn seconds(duration: &str) -> f64 {
    let len = duration.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(duration.len());
    let seconds = duration[..len].parse::<f32>().ok().filter(|seconds| seconds.is_finite());
    seconds.map_or(0.0, f64::from)
}

/// Substitutes the variables that `EXT-X-DEFINE` gives values.
///
/// Variables whose values come from the link or from the master playlist are refused.
pub(super) fn expand(text: &str) -> Result<Cow<'_, str>, Failure> {
    if !text.contains("{$") {
        return Ok(Cow::Borrowed(text));
    }
    let mut text = text.to_owned();
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
    Ok(Cow::Owned(text))
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

/// The attributes of a list, quotes included, up to the first malformed one.
pub(super) fn attributes(list: &str) -> impl Iterator<Item = (&str, &str)> {
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
    fn only_relevant_lines_are_kept() {
        let text =
            "#EXTM3U x=y\n# a note\n#EXT-X-STREAM-INF:BANDWIDTH=1,junk\n a.m3u8 \n\n#EXT-X-NEW\n";
        let plain = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n";
        assert_eq!(tidy(text).unwrap().text, plain);
    }

    #[test]
    fn few_of_many_lines_reach_the_parser() {
        let head = "#EXTM3U\n#EXT-X-PLAYLIST-TYPE:VOD\n";
        let segment = "#EXT-X-BYTERANGE:9@1\n#EXTINF:2,x\n";
        let many = "#EXTM3U\n#EXT-X-PLAYLIST-TYPE:VOD\nstray\n#EXTINF:2,\nb\n".repeat(50_000);
        let tidied = tidy(&format!("{head}stray\n{segment}a\n{many}")).unwrap();
        assert_eq!(tidied.text, format!("{head}#EXTINF:2,\n#EXT-X-BYTERANGE:9@1\na\n"));
        assert_eq!((tidied.seconds, tidied.variants), (100_002.0, 0));
    }

    #[test]
    fn the_attributes_of_a_tag_are_limited() {
        let list: Vec<String> = (0..100_000).map(|n| format!("A{n}=1")).collect();
        let tidied = tidy(&format!("{STREAM_INF}{}\na\n", list.join(","))).unwrap();
        assert_eq!(tidied.text.matches('=').count(), ATTRIBUTES_MAX);
    }
}
