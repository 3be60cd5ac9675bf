//! Session ids that prove themselves: any node that shares the token key knows its own by sight.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::signature::Ed25519KeyPair;
use engine::{ParticipantId, RoomId};

use crate::id;

/// How much of the code goes into an id, in bytes; five bits of each.
const CODE_BYTES: usize = 24;
/// What is signed to get the key, so that it is no other use's key.
const PURPOSE: &[u8] = b"playhead session ids, key 1";

/// Makes and knows session ids, `s_<random>.<code>`.
pub struct SessionIds {
    key: hmac::Key,
}

impl SessionIds {
    /// Ids of all nodes that sign with this key.
    pub fn new(pair: &Ed25519KeyPair) -> Self {
        // An Ed25519 signature is the same each time, and nobody without the key can make it.
        let secret = pair.sign(PURPOSE);
        Self { key: hmac::Key::new(HMAC_SHA256, secret.as_ref()) }
    }

    /// A new session of a participant in a room.
    pub fn issue(&self, room_id: &RoomId, participant_id: &ParticipantId) -> String {
        let random = id::session_random();
        let code = self.code(room_id, participant_id, &random);
        format!("s_{random}.{code}")
    }

    /// Whether an id was issued for this participant in this room.
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
    fn an_id_is_known_for_its_participant_and_room_wherever_the_key_is() {
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
