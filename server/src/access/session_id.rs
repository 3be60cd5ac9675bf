//! Session ids that prove themselves: any node that shares the signing key recognises them without
//! storing any.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::signature::Ed25519KeyPair;
use engine::{ParticipantId, RoomId};

use crate::id;

/// How many bytes of the authentication code go into an id, at five bits each.
const CODE_BYTES: usize = 24;
/// The text that is signed to derive the key, so that it is used for nothing else.
const PURPOSE: &[u8] = b"playhead session ids, key 1";

/// Issues and recognises session ids, `s_<random>.<code>`.
pub struct SessionIds {
    key: hmac::Key,
}

impl std::fmt::Debug for SessionIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionIds").finish_non_exhaustive()
    }
}

impl SessionIds {
    /// Makes the ids that all nodes with this signing key share.
    pub fn new(pair: &Ed25519KeyPair) -> Self {
        // An Ed25519 signature is deterministic, and only the holder of the key can make it.
        let secret = pair.sign(PURPOSE);
        Self { key: hmac::Key::new(HMAC_SHA256, secret.as_ref()) }
    }

    /// Returns a new session id of a participant in a room.
    pub fn issue(&self, room_id: &RoomId, participant_id: &ParticipantId) -> String {
        let random = id::session_random();
        let code = self.code(room_id, participant_id, &random);
        format!("s_{random}.{code}")
    }

    /// Whether an id was issued to this participant in this room.
    pub fn knows(&self, text: &str, room_id: &RoomId, participant_id: &ParticipantId) -> bool {
        let Some((random, code)) = text.strip_prefix("s_").and_then(|rest| rest.split_once('.'))
        else {
            return false;
        };
        let expected = self.code(room_id, participant_id, random);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), code.as_bytes())
            .is_ok()
    }

    fn code(&self, room_id: &RoomId, participant_id: &ParticipantId, random: &str) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [room_id.as_str(), participant_id.as_str(), random] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        id::text_of(&context.sign().as_ref()[..CODE_BYTES])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_node_with_the_key_recognises_an_id_of_its_participant_and_room() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let (issuing, knowing) = (SessionIds::new(&pair), SessionIds::new(&pair));
        let (room, participant) = (RoomId::new("r_a"), ParticipantId::new("p_a"));
        let session_id = issuing.issue(&room, &participant);
        assert!(knowing.knows(&session_id, &room, &participant));
        assert_ne!(issuing.issue(&room, &participant), session_id);

        assert!(!knowing.knows(&session_id, &RoomId::new("r_b"), &participant));
        assert!(!knowing.knows(&session_id, &room, &ParticipantId::new("p_b")));
        let other = SessionIds::new(&Ed25519KeyPair::generate().unwrap());
        assert!(!other.knows(&session_id, &room, &participant));
        let cut = &session_id[..session_id.len() - 1];
        for text in ["", "s_", "s_.", "s_unknown", "s_a.b", cut, &format!("{session_id}0")] {
            assert!(!knowing.knows(text, &room, &participant), "{text}");
        }
    }
}
