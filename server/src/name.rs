//! Names that people give themselves and their rooms, in every script. A name isn't refused for what it is
//! made of: it is composed, and what can't be seen is taken out where it has no meaning.
//!
//! Names aren't unique; `skeleton` says which look alike.

use std::ops::RangeInclusive;

use icu_properties::props::{
    BidiClass, CanonicalCombiningClass, DefaultIgnorableCodePoint, EmojiModifier,
    ExtendedPictographic, GeneralCategory, GeneralCategoryGroup, JoiningType,
    NoncharacterCodePoint, PrependedConcatenationMark, VariationSelector, WhiteSpace,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

pub use self::skeleton::skeleton;

const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';
const ZERO_WIDTH_JOINER: char = '\u{200D}';
const MONGOLIAN_VOWEL_SEPARATOR: char = '\u{180E}';
const EMOJI_SELECTOR: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';
const BLANK_BRAILLE: char = '\u{2800}';
/// Characters that show nothing, though Unicode doesn't call them ignorable: a filler of the Khitan small
/// script, blanks between Egyptian hieroglyphs, a note without its head, and what stands for an object.
const BLANKS: [char; 5] = ['\u{16FE4}', '\u{13441}', '\u{13442}', '\u{1D159}', '\u{FFFC}'];
/// Egyptian hieroglyphs, and among them what arranges them in groups.
const HIEROGLYPHS: RangeInclusive<char> = '\u{13000}'..='\u{143FF}';
const GROUPING: RangeInclusive<char> = '\u{13430}'..='\u{1343F}';
/// The letters of Duployan shorthand, and what says how they overlap.
const SHORTHAND: RangeInclusive<char> = '\u{1BC00}'..='\u{1BC9F}';
const OVERLAPPING: RangeInclusive<char> = '\u{1BCA0}'..='\u{1BCA3}';
const DOTTED_CIRCLE: char = '\u{25CC}';
/// What flags of regions begin with.
const BLACK_FLAG: char = '\u{1F3F4}';
/// Characters of the tags that make the flag of a region of a black flag, and what ends them.
const TAGS: RangeInclusive<char> = '\u{E0020}'..='\u{E007E}';
const TAG_END: char = '\u{E007F}';
/// The most tags in a row; the flags of regions have five or six.
const TAGS_MAX: usize = 8;
/// The most marks that one letter may bear: Tibetan and Hebrew need five, and a tower of them would cover
/// what stands above.
const MARKS_MAX: usize = 6;

/// Returns text as searches compare it: without case, accents, vowel signs and other marks, and with one way to write each
/// letter (NFKD). White space stays.
pub fn fold(text: &str) -> String {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let is_mark = |c: &char| GeneralCategoryGroup::Mark.contains(categories.get(*c));
    // By way of the upper case, so that both small sigmas are one, and ß is ss. The capital ẞ has no other.
    let lower = text.nfkd().filter(|c| !is_mark(c)).flat_map(char::to_lowercase);
    lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Composes a name (NFC), collapses its white space, and takes out what can't be seen and has no meaning
/// where it stands. The result is empty if nothing of the name can be seen.
pub fn normalize(name: &str) -> String {
    let composed: Vec<char> = name.nfc().collect();
    let mut kept = Kept {
        is_bidirectional: composed.iter().any(|c| is_right_to_left(*c)),
        chars: Vec::with_capacity(composed.len()),
        marks: 0,
    };
    let mut rest = composed.as_slice();
    while let [c, after @ ..] = rest {
        let taken = kept.take(*c, after);
        rest = &after[taken..];
    }
    let kept: String = kept.chars.into_iter().nfc().collect();
    kept.trim_end_matches(' ').to_owned()
}

/// Normalizes a name; `None` if it is empty then, or longer than so many characters as people count them, or bytes.
pub fn within(name: &str, characters_max: usize, bytes_max: usize) -> Option<String> {
    // A character has at least one byte. Checked first, so that no long text is normalized.
    let normal = (name.chars().count() <= bytes_max).then(|| normalize(name));
    normal.filter(|normal| {
        let is_short = normal.len() <= bytes_max;
        is_short && (1..=characters_max).contains(&count_characters(normal))
    })
}

/// Counts the characters of a name as people count them: its grapheme clusters.
pub fn count_characters(name: &str) -> usize {
    name.graphemes(true).count()
}

/// What has been kept of a name so far.
struct Kept {
    /// Whether the name has letters that are written from right to left.
    is_bidirectional: bool,
    chars: Vec<char>,
    /// How many marks are at the end.
    marks: usize,
}

impl Kept {
    /// Keeps a character, or something in its place, or nothing. Returns how many of the characters after
    /// it were taken with it.
    fn take(&mut self, c: char, after: &[char]) -> usize {
        if TAGS.contains(&c) {
            return self.take_tags(c, after);
        }
        let next = after.first().copied();
        if CodePointSetData::new::<WhiteSpace>().contains(c) || c == BLANK_BRAILLE {
            if self.last().is_some_and(|last| last != ' ') {
                self.push(' ');
            }
        } else if CodePointSetData::new::<VariationSelector>().contains(c) {
            if self.last().is_some_and(|last| is_varied(last, next)) {
                self.push_invisible(c);
            }
        } else if is_joiner(c) {
            if self.joins(c, after) {
                self.push_invisible(c);
            }
        } else if GROUPING.contains(&c) || OVERLAPPING.contains(&c) {
            if self.arranges(c, after) {
                self.push_invisible(c);
            }
        } else if is_direction_mark(c) {
            if self.is_bidirectional && !self.last().is_some_and(is_direction_mark) {
                self.push_invisible(c);
            }
        } else if is_mark(c) && !is_ignorable(c) {
            self.give_letter();
            if self.marks < MARKS_MAX {
                self.chars.push(c);
                self.marks += 1;
            }
        } else if !is_ignorable(c) && !is_control(c) {
            if is_spacing_mark(c) {
                self.give_letter();
            }
            self.push(c);
        }
        0
    }

    /// Keeps tags that make a flag of the black one and are ended; drops others, which nobody would see.
    fn take_tags(&mut self, c: char, after: &[char]) -> usize {
        let more = after.iter().take_while(|c| TAGS.contains(*c)).count();
        let is_ended = after.get(more) == Some(&TAG_END);
        if is_ended && more < TAGS_MAX && self.last() == Some(BLACK_FLAG) {
            self.push(c);
            self.chars.extend(&after[..=more]);
        }
        more + usize::from(is_ended)
    }

    /// Whether a joiner has a meaning between what is kept and what comes after.
    fn joins(&self, joiner: char, after: &[char]) -> bool {
        let (Some(last), next) = (self.last(), after.first().copied()) else { return false };
        // It says how consonants are joined.
        if is_virama(last) || next.is_some_and(is_virama) {
            return true;
        }
        if joiner == ZERO_WIDTH_JOINER && next.is_some_and(is_picture) {
            return is_pictographic(last);
        }
        // It parts letters that would be joined, or joins them.
        let is_seen = |c: &&char| joining(**c) != JoiningType::Transparent;
        let before = self.chars.iter().rev().find(is_seen);
        let behind = after.iter().find(is_seen);
        if joiner == ZERO_WIDTH_JOINER
            && before.is_some_and(|c| joining(*c) == JoiningType::DualJoining)
        {
            // The letter has another shape, whatever comes after: that is how some abbreviations write their first
            // letter.
            return true;
        }
        let is_joined = |c: Option<&char>| {
            c.is_some_and(|c| joining(*c) != JoiningType::NonJoining && !is_joiner(*c))
        };
        is_joined(before) && is_joined(behind)
    }

    /// Whether a character arranges signs that stand beside it. A font without support for them shows the characters
    /// that group hieroglyphs, but not those that overlap shorthand.
    fn arranges(&self, c: char, after: &[char]) -> bool {
        let groups = GROUPING.contains(&c);
        let (signs, arranging) =
            if groups { (HIEROGLYPHS, GROUPING) } else { (SHORTHAND, OVERLAPPING) };
        let is_sign =
            |one: Option<&char>| one.is_some_and(|one| signs.contains(one) && !is_ignorable(*one));
        let is_other = |one: &&char| !arranging.contains(*one);
        let before = is_sign(self.chars.iter().rev().find(is_other));
        let behind = is_sign(after.iter().find(is_other));
        let stands_by_signs = if groups { before || behind } else { before && behind };
        stands_by_signs && self.last() != Some(c)
    }

    /// Gives a mark a letter to stand on where it has none, as fonts do: it would join what stands before the name.
    fn give_letter(&mut self) {
        let arranges = |c: char| GROUPING.contains(&c) || OVERLAPPING.contains(&c);
        let is_letter = |c: &&char| !is_direction_mark(**c) && !is_joiner(**c) && !arranges(**c);
        if self.chars.iter().rev().find(is_letter).is_none_or(|last| *last == ' ') {
            self.push(DOTTED_CIRCLE);
        }
    }

    fn push(&mut self, c: char) {
        self.chars.push(c);
        self.marks = 0;
    }

    /// Keeps a character behind which further marks still belong to the letter before.
    fn push_invisible(&mut self, c: char) {
        self.chars.push(c);
    }

    fn last(&self) -> Option<char> {
        self.chars.last().copied()
    }
}

fn is_joiner(c: char) -> bool {
    matches!(c, ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER | MONGOLIAN_VOWEL_SEPARATOR)
}

/// Whether a character is one of the three invisible letters that set the direction of what is beside
/// them. Those that set it for a whole passage would reach beyond the name, and are dropped.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{61C}')
}

fn is_right_to_left(c: char) -> bool {
    let class = CodePointMapData::<BidiClass>::new().get(c);
    matches!(class, BidiClass::RightToLeft | BidiClass::ArabicLetter) && !is_direction_mark(c)
}

/// Whether a variation selector after `c` selects something: symbols, ideographs and letters of many
/// scripts have variants, in ASCII only those that begin a keycap.
fn is_varied(c: char, next: Option<char>) -> bool {
    if c.is_ascii() { next == Some(KEYCAP) } else { !is_ignorable(c) }
}

/// Whether an emoji may end with a character, so that it can be continued.
fn is_pictographic(c: char) -> bool {
    is_picture(c) || c == EMOJI_SELECTOR || CodePointSetData::new::<EmojiModifier>().contains(c)
}

fn is_picture(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

fn is_virama(c: char) -> bool {
    let class = CodePointMapData::<CanonicalCombiningClass>::new().get(c);
    class == CanonicalCombiningClass::Virama
}

fn joining(c: char) -> JoiningType {
    CodePointMapData::<JoiningType>::new().get(c)
}

fn is_mark(c: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(category, GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark)
}

fn is_spacing_mark(c: char) -> bool {
    CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::SpacingMark
}

/// Whether a character is a control or formats others, or will never be one that everybody sees: a
/// noncharacter, or one for private use. Those that aren't assigned yet stay, since a phone may be newer
/// than this server.
fn is_control(c: char) -> bool {
    match CodePointMapData::<GeneralCategory>::new().get(c) {
        GeneralCategory::Control | GeneralCategory::PrivateUse => true,
        // The signs that enclose numbers are formats, too, and are seen.
        GeneralCategory::Format => {
            !CodePointSetData::new::<PrependedConcatenationMark>().contains(c)
        }
        GeneralCategory::Unassigned => CodePointSetData::new::<NoncharacterCodePoint>().contains(c),
        _ => false,
    }
}

/// Whether a character is to be ignored in display, unless something gives it a meaning.
fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) || BLANKS.contains(&c)
}

mod skeleton;
#[cfg(test)]
mod tests;
