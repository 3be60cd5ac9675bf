//! Fields that are checked the same everywhere.

use crate::refusal::Refusal;

/// Text for people: trimmed, 1 to `max` characters, without control characters.
pub(crate) fn text(field: &str, value: &str, max: usize) -> Result<String, Refusal> {
    let value = value.trim();
    let length = value.chars().count();
    let plain = !value.chars().any(|c| c.is_control() || is_bidi_control(c));
    if (1..=max).contains(&length) && plain {
        Ok(value.to_owned())
    } else {
        let detail = format!("`{field}` must be 1 to {max} characters without control characters");
        Err(Refusal::new("invalid_request", detail))
    }
}

/// A number within limits.
pub(crate) fn within(
    field: &str,
    value: u64,
    range: &std::ops::RangeInclusive<u64>,
) -> Result<u64, Refusal> {
    if range.contains(&value) {
        return Ok(value);
    }
    let detail = format!("`{field}` must lie between {} and {}", range.start(), range.end());
    Err(Refusal::new("invalid_request", detail))
}

/// Characters that turn the text after them around, so that one name looks like another.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}')
}
