//! Checks of fields that several requests have.

use contracts::ErrorCode;

use crate::refusal::Refusal;

/// Checks text for people: 1 to `max` visible characters after trimming.
pub(crate) fn text(field: &str, value: &str, max: usize) -> Result<String, Refusal> {
    let value = value.trim();
    let length = value.chars().count();
    let plain = !value.chars().any(|c| c.is_control() || is_invisible(c));
    if (1..=max).contains(&length) && plain {
        Ok(value.to_owned())
    } else {
        let detail = format!("`{field}` must be 1 to {max} characters that can be seen");
        Err(Refusal::new(ErrorCode::InvalidRequest, detail))
    }
}

/// Checks that a number lies within limits.
pub(crate) fn within(
    field: &str,
    value: u64,
    range: &std::ops::RangeInclusive<u64>,
) -> Result<u64, Refusal> {
    if range.contains(&value) {
        return Ok(value);
    }
    let detail = format!("`{field}` must lie between {} and {}", range.start(), range.end());
    Err(Refusal::new(ErrorCode::InvalidRequest, detail))
}

/// Whether a character is invisible: it reverses text, or makes one name look like another. Joiners and
/// variation selectors don't count, because scripts and emoji need them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_consists_of_visible_characters() {
        for name in ["Anna", "  Anna  ", "Ḡabriel", "نورا", "👩\u{200D}🚀", "❤\u{FE0F}"]
        {
            assert_eq!(text("name", name, 40).expect(name), name.trim());
        }
        for name in
            ["", "   ", "\u{200B}", "\u{3164}", "Anna\u{200B}", "\u{202E}annA", "\u{061C}a", "a\nb"]
        {
            assert!(text("name", name, 40).is_err(), "{name:?}");
        }
        assert!(text("name", &"a".repeat(41), 40).is_err());
    }
}
