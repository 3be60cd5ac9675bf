//! Checks of fields that several requests have.

use contracts::{
    DISPLAY_NAME_BYTES_MAX, DISPLAY_NAME_MAX, ErrorCode, REASON_BYTES_MAX, REASON_MAX,
    ROOM_NAME_BYTES_MAX, ROOM_NAME_MAX,
};

use crate::name;
use crate::refusal::Refusal;

/// How long a name may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameLimits {
    /// In characters as people count them.
    pub characters_max: usize,
    /// In bytes, so that no character is endless.
    pub bytes_max: usize,
}

/// The limits of display names.
pub(crate) const DISPLAY_NAME: NameLimits =
    NameLimits { characters_max: DISPLAY_NAME_MAX, bytes_max: DISPLAY_NAME_BYTES_MAX };
/// The limits of the names of rooms.
pub(crate) const ROOM_NAME: NameLimits =
    NameLimits { characters_max: ROOM_NAME_MAX, bytes_max: ROOM_NAME_BYTES_MAX };

/// The limits of the reasons of bans.
pub(crate) const REASON: NameLimits =
    NameLimits { characters_max: REASON_MAX, bytes_max: REASON_BYTES_MAX };

/// Normalizes a name, and refuses one that is empty then or too long.
pub(crate) fn name(field: &str, value: &str, limits: NameLimits) -> Result<String, Refusal> {
    let NameLimits { characters_max, bytes_max } = limits;
    // A character has at least one byte. Checked first, so that no long text is normalized.
    let normal = (value.chars().count() <= bytes_max).then(|| name::normalize(value));
    let normal = normal.filter(|normal| {
        let is_short = normal.len() <= bytes_max;
        is_short && (1..=characters_max).contains(&name::count_characters(normal))
    });
    normal.ok_or_else(|| {
        let detail = format!(
            "`{field}` must have 1 to {characters_max} characters that can be seen, and at most \
             {bytes_max} bytes"
        );
        Refusal::new(ErrorCode::InvalidRequest, detail)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_long_as_people_see_it() {
        let flag = "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}";
        let (most, more) = ("a".repeat(40), "a".repeat(41));
        let padded = format!("  {most}\u{200B}  ");
        for (value, is_accepted) in [
            ("", false),
            ("   ", false),
            ("\u{200B}", false),
            ("\u{3164}", false),
            (&*most, true),
            (&padded, true),
            (&more, false),
            (&flag.repeat(9), true),
            (&flag.repeat(10), false),
            (&"न".repeat(40), true),
            (&" ".repeat(257), false),
        ] {
            let found = name("display_name", value, DISPLAY_NAME);
            assert_eq!(found.is_ok(), is_accepted, "{value}");
        }
        assert_eq!(name("display_name", &padded, DISPLAY_NAME).expect("short"), most);
    }
}
