//! Checks of fields that several requests have.

use contracts::{
    CAPACITY_MAX, DISPLAY_NAME_BYTES_MAX, DISPLAY_NAME_MAX, ErrorCode, PASSWORD_BYTES_MAX,
    PASSWORD_MIN, REASON_BYTES_MAX, REASON_MAX, ROOM_NAME_BYTES_MAX, ROOM_NAME_MAX, TAG_BYTES_MAX,
    TAG_MAX, TAGS_MAX, TIME_MS_MAX,
};
use engine::RoomId;
use icu_locale_core::LanguageIdentifier;

use crate::clock::WallTime;
use crate::id::RoomKey;
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

/// The limits of tags of rooms.
pub(crate) const TAG: NameLimits = NameLimits { characters_max: TAG_MAX, bytes_max: TAG_BYTES_MAX };

/// Normalizes a room's tags, and refuses too many, or one that is empty then or too long.
pub(crate) fn tags(given: &[String]) -> Result<Vec<String>, Refusal> {
    if given.len() > TAGS_MAX {
        let detail = format!("a room has at most {TAGS_MAX} `tags`");
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    }
    let mut tags: Vec<String> = Vec::with_capacity(given.len());
    for value in given {
        // In lower case it may be longer.
        let normal = name("tags", &value.to_lowercase(), TAG)?;
        if !tags.contains(&normal) {
            tags.push(normal);
        }
    }
    Ok(tags)
}

/// Normalizes a tag as rooms' tags are, without checking its length.
pub(crate) fn normal_tag(value: &str) -> String {
    name::normalize(&value.to_lowercase())
}

/// Brings a language tag into its canonical form (`PT-br` becomes `pt-BR`), and refuses what is none, or names more than a
/// language, a script and a region.
pub(crate) fn language(given: &Option<String>) -> Result<Option<String>, Refusal> {
    let Some(given) = given else { return Ok(None) };
    let tag = LanguageIdentifier::try_from_str(given).ok().filter(|tag| {
        !tag.language.is_unknown() && tag.language.as_str().len() <= 3 && tag.variants.is_empty()
    });
    tag.map(|tag| Some(tag.to_string())).ok_or_else(|| {
        let detail = "`language` must be a BCP 47 language tag, such as `en` or `pt-BR`";
        Refusal::new(ErrorCode::InvalidRequest, detail)
    })
}

/// Normalizes a name, and refuses one that is empty then or too long.
pub(crate) fn name(field: &str, value: &str, limits: NameLimits) -> Result<String, Refusal> {
    let NameLimits { characters_max, bytes_max } = limits;
    name::within(value, characters_max, bytes_max).ok_or_else(|| {
        let detail = format!(
            "`{field}` must have 1 to {characters_max} characters that can be seen, and at most \
             {bytes_max} bytes"
        );
        Refusal::new(ErrorCode::InvalidRequest, detail)
    })
}

/// Checks the id of a user, which a product may have chosen.
pub(crate) fn user_id(given: &str, max: usize) -> Result<&str, Refusal> {
    let is_plain = given.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain && (1..=max).contains(&given.len()) {
        return Ok(given);
    }
    let detail = format!("`user_id` must have 1 to {max} visible ASCII characters");
    Err(Refusal::new(ErrorCode::InvalidRequest, detail))
}

/// Checks the ids of rooms of a list of 1 to `max`.
pub(crate) fn room_ids(given: &[String], max: usize) -> Result<Vec<RoomId>, Refusal> {
    let rooms: Option<Vec<RoomId>> = given
        .iter()
        .map(|id| match RoomKey::parse(id) {
            Some(RoomKey::Id(room_id)) => Some(room_id),
            _ => None,
        })
        .collect();
    rooms.filter(|rooms| (1..=max).contains(&rooms.len())).ok_or_else(|| {
        let detail = format!("`rooms` must hold 1 to {max} ids of rooms, `r_…`");
        Refusal::new(ErrorCode::InvalidRequest, detail)
    })
}

/// Checks when something is to end, in milliseconds since the Unix epoch: not in the past.
pub(crate) fn end(field: &str, given: Option<u64>) -> Result<Option<WallTime>, Refusal> {
    if given.is_some_and(|end| end > TIME_MS_MAX) {
        let detail =
            format!("`{field}` is at most {TIME_MS_MAX}; leave it out if it is to have no end");
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    }
    let end = given.map(WallTime::from_millis);
    if end.is_some_and(|end| end <= WallTime::now()) {
        let detail = format!("`{field}` has passed; leave it out if it is to have no end");
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    }
    Ok(end)
}

/// Refuses a text that is too long to be what it is for.
pub(crate) fn at_most(field: &str, given: Option<&str>, bytes_max: usize) -> Result<(), Refusal> {
    if given.is_none_or(|given| given.len() <= bytes_max) {
        return Ok(());
    }
    let detail = format!("`{field}` must have at most {bytes_max} bytes");
    Err(Refusal::new(ErrorCode::InvalidRequest, detail))
}

/// Checks the password of a room.
pub(crate) fn password(given: &str) -> Result<&str, Refusal> {
    let is_long = given.chars().count() >= PASSWORD_MIN;
    if is_long && given.len() <= PASSWORD_BYTES_MAX {
        return Ok(given);
    }
    let detail = format!(
        "`password` must have at least {PASSWORD_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes"
    );
    Err(Refusal::new(ErrorCode::InvalidRequest, detail))
}

/// Checks how many people a room is to take.
pub(crate) fn capacity(given: u64) -> Result<u32, Refusal> {
    within("capacity", given, &(1..=CAPACITY_MAX))
        .map(|people| u32::try_from(people).unwrap_or(u32::MAX))
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
