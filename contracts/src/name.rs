//! The limits of names that people choose, and the schemas that state them.

use std::fmt::Write;

use crate::{GRANTED_ROOMS_MAX, PASSWORD_BYTES_MAX, PASSWORD_MIN, TOKEN_ROOMS_MAX};
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, SchemaType, Type};

/// The length of the longest display name, in grapheme clusters: what people call characters.
pub const DISPLAY_NAME_MAX: usize = 40;
/// The length of the longest display name, in bytes of UTF-8.
pub const DISPLAY_NAME_BYTES_MAX: usize = 256;
/// The length of the longest skeleton of a display name, in bytes of UTF-8.
pub const NAME_SKELETON_BYTES_MAX: usize = 256;
/// The length of the longest room name, in grapheme clusters.
pub const ROOM_NAME_MAX: usize = 80;
/// The length of the longest room name, in bytes of UTF-8.
pub const ROOM_NAME_BYTES_MAX: usize = 512;
/// The most tags of a room.
pub const TAGS_MAX: usize = 8;
/// The length of the longest tag, in grapheme clusters.
pub const TAG_MAX: usize = 32;
/// The length of the longest tag, in bytes of UTF-8.
pub const TAG_BYTES_MAX: usize = 128;

/// The length of the longest search, in Unicode characters.
pub const SEARCH_MAX: usize = 128;

/// The characters that can't be seen by themselves: white space, controls, what Unicode says is ignored in
/// display, and what will never be a character that everybody sees, such as those for private use. A name
/// has at least one other.
pub const INVISIBLE: [(char, char); 43] = [
    ('\u{0}', ' '),
    ('\u{7F}', '\u{A0}'),
    ('\u{AD}', '\u{AD}'),
    ('\u{34F}', '\u{34F}'),
    ('\u{61C}', '\u{61C}'),
    ('\u{115F}', '\u{1160}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{17B4}', '\u{17B5}'),
    ('\u{180B}', '\u{180F}'),
    ('\u{2000}', '\u{200F}'),
    ('\u{2028}', '\u{202F}'),
    ('\u{205F}', '\u{206F}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{E000}', '\u{F8FF}'),
    ('\u{FDD0}', '\u{FDEF}'),
    ('\u{FE00}', '\u{FE0F}'),
    ('\u{FEFF}', '\u{FEFF}'),
    ('\u{FFA0}', '\u{FFA0}'),
    ('\u{FFF0}', '\u{FFFC}'),
    ('\u{FFFE}', '\u{FFFF}'),
    ('\u{13430}', '\u{1343F}'),
    ('\u{13441}', '\u{13442}'),
    ('\u{16FE4}', '\u{16FE4}'),
    ('\u{1BCA0}', '\u{1BCA3}'),
    ('\u{1D159}', '\u{1D159}'),
    ('\u{1D173}', '\u{1D17A}'),
    ('\u{1FFFE}', '\u{1FFFF}'),
    ('\u{2FFFE}', '\u{2FFFF}'),
    ('\u{3FFFE}', '\u{3FFFF}'),
    ('\u{4FFFE}', '\u{4FFFF}'),
    ('\u{5FFFE}', '\u{5FFFF}'),
    ('\u{6FFFE}', '\u{6FFFF}'),
    ('\u{7FFFE}', '\u{7FFFF}'),
    ('\u{8FFFE}', '\u{8FFFF}'),
    ('\u{9FFFE}', '\u{9FFFF}'),
    ('\u{AFFFE}', '\u{AFFFF}'),
    ('\u{BFFFE}', '\u{BFFFF}'),
    ('\u{CFFFE}', '\u{CFFFF}'),
    ('\u{DFFFE}', '\u{DFFFF}'),
    ('\u{E0000}', '\u{E0FFF}'),
    ('\u{EFFFE}', '\u{10FFFF}'),
];

/// The schema of a display name.
pub(crate) fn display_name() -> Object {
    let what = format!(
        "The name that other participants see: 1 to {DISPLAY_NAME_MAX} characters as people count \
         them (grapheme clusters), at most {DISPLAY_NAME_BYTES_MAX} bytes of UTF-8. {NORMALIZED}"
    );
    name(what, DISPLAY_NAME_BYTES_MAX).schema_type(Type::String).build()
}

/// The schema of a room's name.
pub(crate) fn room_name() -> Object {
    name(of_room(), ROOM_NAME_BYTES_MAX).schema_type(Type::String).build()
}

/// The schema of a room's name that may be left out.
pub(crate) fn optional_room_name() -> Object {
    let types = SchemaType::from_iter([Type::String, Type::Null]);
    name(of_room(), ROOM_NAME_BYTES_MAX).schema_type(types).build()
}

/// The schema of a room's tags.
pub(crate) fn tags() -> Array {
    array_of_tags(SchemaType::new(Type::Array))
}

/// The schema of a room's tags that may be left out.
pub(crate) fn optional_tags() -> Array {
    array_of_tags(SchemaType::from_iter([Type::Array, Type::Null]))
}

fn array_of_tags(types: SchemaType) -> Array {
    let what = format!(
        "A tag: 1 to {TAG_MAX} characters as people count them (grapheme clusters), at most {TAG_BYTES_MAX} \
         bytes of UTF-8. {NORMALIZED} It is written in lower case."
    );
    let tag = name(what, TAG_BYTES_MAX).schema_type(Type::String).build();
    let what =
        "What the room is about. Tags that are the same once they are normalized are kept once.";
    let tags = ArrayBuilder::new().schema_type(types).items(tag).max_items(Some(TAGS_MAX));
    tags.description(Some(what)).build()
}

/// The schema of a language that may be left out.
pub fn optional_language() -> Object {
    let types = SchemaType::from_iter([Type::String, Type::Null]);
    language_of(types)
}

/// The schema of a language.
pub fn language() -> Object {
    language_of(SchemaType::new(Type::String))
}

fn language_of(types: SchemaType) -> Object {
    let what =
        "A language: a BCP 47 tag of it, and perhaps of a script and a region, such as `pt-BR`.";
    ObjectBuilder::new()
        .description(Some(what))
        .max_length(Some(12))
        .pattern(Some("^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$"))
        .schema_type(types)
        .build()
}

/// The schema of the rooms that a token is for.
pub(crate) fn room_ids() -> Array {
    let id = ObjectBuilder::new().schema_type(Type::String).max_length(Some(22));
    let id = id.pattern(Some("^r_[0-9A-Za-z]{20}$"));
    let what = "The ids of the only rooms that the token is for; it then creates none. Without them, it is for every room.";
    let ids = ArrayBuilder::new().items(id).min_items(Some(1)).max_items(Some(TOKEN_ROOMS_MAX));
    ids.description(Some(what)).build()
}

/// The schema of the rooms of a request for grants.
pub(crate) fn granted_rooms() -> Array {
    let id = ObjectBuilder::new().schema_type(Type::String).max_length(Some(22));
    let id = id.pattern(Some("^r_[0-9A-Za-z]{20}$"));
    let ids = ArrayBuilder::new().items(id).min_items(Some(1)).max_items(Some(GRANTED_ROOMS_MAX));
    ids.description(Some("The ids of the rooms.")).build()
}

/// The schema of a room's password, which may be left out.
pub(crate) fn optional_password() -> Object {
    let what = format!(
        "A password: at least {PASSWORD_MIN} characters, at most {PASSWORD_BYTES_MAX} bytes of UTF-8. It is compared in \
         its compatibility composition (NFKC)."
    );
    ObjectBuilder::new()
        .description(Some(what))
        .min_length(Some(PASSWORD_MIN))
        .max_length(Some(PASSWORD_BYTES_MAX))
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .build()
}

const NORMALIZED: &str = "It is normalized: composed (NFC), its white space collapsed, and what can't \
    be seen taken out where it has no meaning.";

fn of_room() -> String {
    format!(
        "The name of the room: 1 to {ROOM_NAME_MAX} characters as people count them (grapheme \
         clusters), at most {ROOM_NAME_BYTES_MAX} bytes of UTF-8. {NORMALIZED}"
    )
}

/// A name of at most so many bytes: it never has more characters.
fn name(what: String, bytes_max: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some(what))
        .min_length(Some(1))
        .max_length(Some(bytes_max))
        .pattern(Some(visible()))
}

/// A regular expression for text with a character that can be seen.
fn visible() -> String {
    let mut pattern = "[^".to_owned();
    for (first, last) in INVISIBLE {
        for (separator, c) in [("", first), ("-", last)] {
            pattern.push_str(separator);
            // Dialects agree on escapes for the first plane only.
            if u32::from(c) <= 0xFFFF {
                let _ = write!(pattern, "\\u{:04X}", u32::from(c));
            } else {
                pattern.push(c);
            }
        }
    }
    pattern + "]"
}
