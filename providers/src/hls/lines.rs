//! Splits a playlist that arrives in chunks into lines of text.

use std::borrow::Cow;

use super::refusals::too_large;
use crate::error::Failure;

/// The longest line, in bytes; a URI or an attribute is far shorter.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// What the bytes 0x80 to 0x9F mean in Windows-1252, as browsers read it.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// The lines of a playlist, which end with LF, CR or both.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The bytes of a line whose end hasn't arrived.
    begun: Vec<u8>,
}

impl Lines {
    /// Calls `read` with each line that ends in the chunk; empty ones are left out.
    pub(super) fn push(
        &mut self,
        chunk: &[u8],
        mut read: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            if self.begun.is_empty() {
                read_line(line, &mut read)?;
            } else {
                self.begin(line)?;
                read_line(&std::mem::take(&mut self.begun), &mut read)?;
            }
            rest = after;
        }
        self.begin(rest)
    }

    /// Calls `read` with the last line, if it has no end.
    pub(super) fn finish(
        &mut self,
        mut read: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        read_line(&std::mem::take(&mut self.begun), &mut read)
    }

    fn begin(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.begun.len() + bytes.len() > LINE_BYTES_MAX {
            return Err(too_large("The playlist has a line that is too long."));
        }
        self.begun.extend_from_slice(bytes);
        Ok(())
    }
}

fn read_line(
    line: &[u8],
    read: &mut impl FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let text = decode(line);
    let text = text.trim_end();
    if text.is_empty() { Ok(()) } else { read(text) }
}

/// The text of a line: UTF-8, as the standard demands, or else Windows-1252.
fn decode(line: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(line) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(line.iter().map(|byte| windows_1252(*byte)).collect()),
    }
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9F => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    #[test]
    fn lines_end_with_lf_cr_or_both() {
        for text in ["a\nb\n\nc", "a\r\nb\r\nc\r\n", "a\rb\r\rc", "a \nb\t\r\nc"] {
            assert_eq!(lines([text.as_bytes()]).unwrap(), ["a", "b", "c"], "{text:?}");
        }
    }

    #[test]
    fn text_that_is_not_utf_8_is_windows_1252() {
        let text = b"Fran\xE7ais \x80\nFran\xC3\xA7ais\n";
        assert_eq!(lines([&text[..]]).unwrap(), ["Français €", "Français"]);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let line = vec![b'a'; LINE_BYTES_MAX + 1];
        assert_eq!(lines([&line[..]]).unwrap_err().kind, ErrorKind::TooLarge);
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(bytes: Vec<u8>, at: proptest::sample::Index) {
            let (one, other) = bytes.split_at(at.index(bytes.len() + 1));
            prop_assert_eq!(lines([one, other]).unwrap(), lines([&bytes[..]]).unwrap());
        }
    }

    fn lines<const N: usize>(chunks: [&[u8]; N]) -> Result<Vec<String>, Failure> {
        let (mut lines, mut found) = (Lines::default(), vec![]);
        let mut keep = |line: &str| {
            found.push(line.to_owned());
            Ok(())
        };
        for chunk in chunks {
            lines.push(chunk, &mut keep)?;
        }
        lines.finish(&mut keep)?;
        Ok(found)
    }
}
