//! Makes and parses ids, codes and secrets.

use engine::{MediaId, ParticipantId, RoomId};
use sha2::{Digest, Sha256};

/// Crockford's base 32 without vowels' look-alikes: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LEN: usize = 10;

/// How a room is named in a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RoomKey {
    /// By its id.
    Id(RoomId),
    /// By its code, in canonical form.
    Code(String),
}

impl RoomKey {
    /// Takes `r_…`, or a code with or without its hyphen and in any case.
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

/// A new room's id.
pub fn room_id() -> RoomId {
    RoomId::new(format!("r_{}", random_text(20)))
}

/// The room that a user makes under a name of the user's own: the same each time.
pub fn named_room_id(user_id: &str, key: &str) -> RoomId {
    let mut hash = Sha256::new();
    hash.update(user_id);
    hash.update([0]);
    hash.update(key);
    let digest = hash.finalize();
    RoomId::new(format!("r_{}", text_of(&digest[..20])))
}

/// A new room's code, `XXXXX-XXXXX`.
pub fn room_code() -> String {
    hyphenated(&random_text(CODE_LEN))
}

/// A new choice of media.
pub fn media_id() -> MediaId {
    MediaId::new(format!("m_{}", random_text(16)))
}

/// A new user.
pub fn user_id() -> String {
    format!("u_{}", random_text(20))
}

/// What tells one session from another.
pub fn session_random() -> String {
    random_text(16)
}

/// A number up to and including `max`, to spread what would happen at once.
pub fn random_up_to(max: u64) -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system gives random numbers");
    u64::from_be_bytes(bytes) % max.saturating_add(1)
}

/// A running node.
pub fn node_id() -> String {
    format!("n_{}", random_text(12))
}

/// 260 random bits, for tickets.
pub fn secret() -> String {
    random_text(52)
}

/// The participant that a user is in a room: the same each time, without a table.
pub fn participant_id(room_id: &RoomId, user_id: &str) -> ParticipantId {
    let mut hash = Sha256::new();
    hash.update(room_id.as_str());
    hash.update([0]);
    hash.update(user_id);
    let digest = hash.finalize();
    ParticipantId::new(format!("p_{}", text_of(&digest[..16])))
}

/// A hash of a command's payload, to notice another command under the same id.
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
    getrandom::fill(&mut bytes).expect("the system gives random numbers");
    text_of(&bytes)
}

/// Five bits of each byte.
pub fn text_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_any_spelling() {
        let code = room_code();
        let spoken = code.replace('-', "").to_lowercase();
        assert_eq!(RoomKey::parse(&spoken), Some(RoomKey::Code(code)));
    }

    #[test]
    fn nonsense_names_no_room() {
        for text in ["", "r_", "r_../../etc/passwd", "ABCDE-FGHI", "ABCDE-FGHIÄ", "ÄÄÄÄÄÄÄÄÄÄ"]
        {
            assert_eq!(RoomKey::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_user_is_the_same_participant_each_time_but_another_in_another_room() {
        let (a, b) = (RoomId::new("r_a"), RoomId::new("r_b"));
        assert_eq!(participant_id(&a, "u_1"), participant_id(&a, "u_1"));
        assert_ne!(participant_id(&a, "u_1"), participant_id(&b, "u_1"));
        assert_ne!(participant_id(&a, "u_1"), participant_id(&a, "u_2"));
    }
}
