//! Generates and parses ids, codes and secrets.

use engine::{MediaId, ParticipantId, RoomId};
use sha2::{Digest, Sha256};

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
    /// Parses `r_…`, or a code with or without its hyphen and in any case.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(body) = text.strip_prefix("r_") {
            let plain = body.len() == 20 && body.bytes().all(|byte| byte.is_ascii_alphanumeric());
            return plain.then(|| Self::Id(RoomId::new(text)));
        }
        let code: String =
            text.chars().filter(|c| *c != '-').map(|c| c.to_ascii_uppercase()).collect();
        let known = code.bytes().all(|byte| ALPHABET.contains(&byte));
        (code.len() == CODE_LEN && known).then(|| Self::Code(hyphenated(&code)))
    }
}

/// Returns the id of a new room.
pub fn room_id() -> RoomId {
    RoomId::new(format!("r_{}", random_text(20)))
}

/// Returns the id of the room that a user creates under an idempotency key: the same each time.
pub fn named_room_id(user_id: &str, key: &str) -> RoomId {
    let mut hash = Sha256::new();
    hash.update(user_id);
    hash.update([0]);
    hash.update(key);
    let digest = hash.finalize();
    RoomId::new(format!("r_{}", text_of(&digest[..20])))
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

/// Returns the id of a user's participant in a room: the same each time, without a table.
pub fn participant_id(room_id: &RoomId, user_id: &str) -> ParticipantId {
    let mut hash = Sha256::new();
    hash.update(room_id.as_str());
    hash.update([0]);
    hash.update(user_id);
    let digest = hash.finalize();
    ParticipantId::new(format!("p_{}", text_of(&digest[..16])))
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
    fn a_code_is_parsed_without_its_hyphen_and_in_any_case() {
        let code = room_code();
        let spoken = code.replace('-', "").to_lowercase();
        assert_eq!(RoomKey::parse(&spoken), Some(RoomKey::Code(code)));
    }

    #[test]
    fn invalid_text_identifies_no_room() {
        for text in ["", "r_", "r_../../etc/passwd", "ABCDE-FGHI", "ABCDE-FGHIÄ", "ÄÄÄÄÄÄÄÄÄÄ"]
        {
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
