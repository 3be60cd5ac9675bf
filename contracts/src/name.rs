//! The limits of names that people choose, and the schemas that state them.

use std::fmt::Write;

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

/// The length of the longest display name, in grapheme clusters: what people call characters.
pub const DISPLAY_NAME_MAX: usize = 40;
/// The length of the longest display name, in bytes of UTF-8.
pub const DISPLAY_NAME_BYTES_MAX: usize = 256;
/// The length of the longest room name, in grapheme clusters.
pub const ROOM_NAME_MAX: usize = 80;
/// The length of the longest room name, in bytes of UTF-8.
pub const ROOM_NAME_BYTES_MAX: usize = 512;

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
