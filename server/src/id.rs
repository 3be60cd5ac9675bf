//! Generates and parses ids, codes and secrets.

use contracts::ROOM_KEY_BYTES_MAX;
use engine::{MediaId, ParticipantId, RoomId};
use icu_properties::props::{
    Dash, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// Crockford's Base32 alphabet, which omits I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LEN: usize = 10;

/// What identifies a room in a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RoomKey {
    /// Its id.
    Id(RoomId),
    /// Its code, in canonical form.
    Code(String),
}

impl RoomKey {
    /// Parses `r_…`, or a code as people say, write and type it: in any case, with or without its hyphen,
    /// with spaces and punctuation, in wide letters, and with letters that look like digits.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(body) = text.strip_prefix("r_") {
            let plain = body.len() == 20 && body.bytes().all(|byte| byte.is_ascii_alphanumeric());
            return plain.then(|| Self::Id(RoomId::new(text)));
        }
        if text.len() > ROOM_KEY_BYTES_MAX {
            return None;
        }
        let code: String = text.nfkc().filter(|c| !is_between(*c)).map(code_character).collect();
        let known = code.bytes().all(|byte| ALPHABET.contains(&byte));
        (code.len() == CODE_LEN && known).then(|| Self::Code(hyphenated(&code)))
    }
}

/// Returns the id of a new room.
pub fn room_id() -> RoomId {
    RoomId::new(format!("r_{}", random_text(20)))
}

/// Returns the code of a new room, `XXXXX-XXXXX`.
pub fn room_code() -> String {
    hyphenated(&random_text(CODE_LEN))
}

/// Returns the id of a new choice of media.
pub fn media_id() -> MediaId {
    MediaId::new(format!("m_{}", random_text(16)))
}

/// Returns the id of a new user.
pub fn user_id() -> String {
    format!("u_{}", random_text(20))
}

/// Whether a user has no account: the ids of those who come from other products have a colon.
pub fn is_guest(user_id: &str) -> bool {
    !user_id.contains(':')
}

/// Returns random text that distinguishes sessions.
pub fn session_random() -> String {
    random_text(16)
}

/// Returns a random number from 0 to `max`, to spread out what would happen all at once.
pub fn random_up_to(max: u64) -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    u64::from_be_bytes(bytes) % max.saturating_add(1)
}

/// Returns the id of a node that starts.
pub fn node_id() -> String {
    format!("n_{}", random_text(12))
}

/// Returns a secret of 260 random bits.
pub fn secret() -> String {
    random_text(52)
}

/// Returns 256 random bits.
pub fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes
}

/// Returns the id of a new family of refresh tokens, of 130 random bits.
pub fn family_id() -> String {
    random_text(26)
}

/// Returns the id of a new grant.
pub fn grant_id() -> String {
    format!("g_{}", random_text(16))
}

/// Returns the id of a new invite.
pub fn invite_id() -> String {
    format!("i_{}", random_text(16))
}

/// Returns the id of a user's participant in a room: the same each time, without a table.
pub fn participant_id(room_id: &RoomId, user_id: &str) -> ParticipantId {
    let mut hash = Sha256::new();
    hash.update(room_id.as_str());
    hash.update([0]);
    hash.update(user_id);
    let digest = hash.finalize();
    ParticipantId::new(format!("p_{}", text_of(&digest[..16])))
}

/// Whether a text has the form of a participant's id.
pub fn is_participant_id(text: &str) -> bool {
    let rest = text.strip_prefix("p_").map(str::as_bytes);
    rest.is_some_and(|rest| rest.len() == 16 && rest.iter().all(|byte| ALPHABET.contains(byte)))
}

/// Returns a hash of a command's payload, which reveals that an id was reused for another command.
pub fn payload_hash(kind: &str, data: &serde_json::Value) -> u64 {
    let mut hash = Sha256::new();
    hash.update(kind);
    hash.update([0]);
    hash.update(data.to_string());
    let digest = hash.finalize();
    u64::from_be_bytes(digest[..8].try_into().expect("eight bytes")) >> 11
}

/// Whether a character only separates the characters of a code, ends a sentence around it, or can't be seen at
/// all. No punctuation is part of a code.
fn is_between(c: char) -> bool {
    c.is_whitespace()
        || GeneralCategoryGroup::Punctuation
            .contains(CodePointMapData::<GeneralCategory>::new().get(c))
        || CodePointSetData::new::<Dash>().contains(c)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Returns the character that a code has where people read or hear `c`.
fn code_character(c: char) -> char {
    match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    }
}

fn hyphenated(code: &str) -> String {
    format!("{}-{}", &code[..CODE_LEN / 2], &code[CODE_LEN / 2..])
}

fn random_text(len: usize) -> String {
    let mut bytes = vec![0; len];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    text_of(&bytes)
}

/// Encodes five bits of each byte as one character.
pub fn text_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_parsed_as_people_say_write_and_type_it() {
        let code = room_code();
        let spoken = code.replace('-', "").to_lowercase();
        assert_eq!(RoomKey::parse(&spoken), Some(RoomKey::Code(code)));
        for text in [
            "0A1B1-C2D3E",
            "0a1b1c2d3e",
            "oaib1 c2d3e",
            "OALBl–C2D3E",
            " 0A1B1 - C2D3E ",
            "0 A 1 B 1  C 2 D 3 E",
            "0A1B1\u{2014}C2D3E\u{200B}",
            "\u{200F}0A1B1\u{2212}C2D3E",
            "０Ａ１Ｂ１－Ｃ２Ｄ３Ｅ",
            "0A1B1-C2D3E.",
            "0A1B1.C2D3E",
            "0A1B1_C2D3E",
            "0A1B1/C2D3E",
            "(0A1B1-C2D3E), ",
            "“0A1B1:C2D3E”!",
            "#0A1B1·C2D3E。",
        ] {
            let code = RoomKey::Code("0A1B1-C2D3E".to_owned());
            assert_eq!(RoomKey::parse(text), Some(code), "{text}");
        }
    }

    #[test]
    fn invalid_text_identifies_no_room() {
        let endless = "A".repeat(100_000);
        for text in [
            "",
            "-",
            "r_",
            "r_../../etc/passwd",
            "ABCDE-FGHJ",
            "ABCDE-FGHJU",
            "ABCDE-FGHJÄ",
            "ABCDE-FGHJ=",
            "..........",
            "ÄÄÄÄÄÄÄÄÄÄ",
            &endless,
        ] {
            assert_eq!(RoomKey::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_user_is_the_same_participant_in_a_room_each_time_and_another_in_another_room() {
        let (a, b) = (RoomId::new("r_a"), RoomId::new("r_b"));
        assert_eq!(participant_id(&a, "u_1"), participant_id(&a, "u_1"));
        assert_ne!(participant_id(&a, "u_1"), participant_id(&b, "u_1"));
        assert_ne!(participant_id(&a, "u_1"), participant_id(&a, "u_2"));
    }
}
