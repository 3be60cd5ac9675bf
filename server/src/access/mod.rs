//! Who is asking, and what that allows: access tokens, session ids, and the proof of being somebody
//! in a room.

mod caller;
mod proof;
mod session_id;
mod token;

use std::path::Path;

use engine::RoomId;

pub use caller::Caller;
pub use proof::Proof;
pub use token::IssuedToken;

use self::session_id::SessionIds;
use self::token::Tokens;
use crate::clock::RoomClock;
use crate::refusal::Refusal;
use crate::sql::Sql;

/// Authenticates users and proves what they are in a room.
#[derive(Debug)]
pub struct Access {
    tokens: Tokens,
    session_ids: SessionIds,
    clock: RoomClock,
}

impl Access {
    /// Takes the signing key from `key_file` (PKCS#8, PEM) if given, else from the database, where the
    /// first start creates it. The error is a sentence for the operator.
    pub async fn open(
        key_file: Option<&Path>,
        sql: &Sql,
        clock: RoomClock,
    ) -> Result<Self, String> {
        let pkcs8 = token::load_key(key_file, sql, clock.now()).await?;
        let (tokens, session_ids) = token::from_pkcs8(&pkcs8)?;
        Ok(Self { tokens, session_ids, clock })
    }

    /// Returns the caller of an access token, or refuses an invalid or expired one.
    pub fn authenticate(&self, token: &str) -> Result<Caller, Refusal> {
        self.tokens.check(token, self.clock.now())
    }

    /// Issues an access token to a new guest.
    pub fn issue_guest(&self, user_id: &str, display_name: &str) -> Result<IssuedToken, Refusal> {
        self.tokens.issue_guest(user_id, display_name, self.clock.now())
    }

    /// Whether the token behind a proof has expired since it was checked.
    pub fn has_expired(&self, proof: &Proof) -> bool {
        proof.expires_at_ms() <= self.clock.now().as_millis()
    }

    /// Proves what a caller is in a room. Every door asks here: HTTP handlers and WebSockets alike.
    pub fn prove(&self, caller: &Caller, room_id: &RoomId) -> Proof {
        Proof::new(caller, room_id)
    }

    /// Returns a new session id of a participant.
    pub fn issue_session_id(&self, proof: &Proof) -> String {
        self.session_ids.issue(proof.room_id(), proof.participant_id())
    }

    /// Whether a session id was issued to this participant.
    pub fn knows_session_id(&self, session_id: &str, proof: &Proof) -> bool {
        self.session_ids.knows(session_id, proof.room_id(), proof.participant_id())
    }
}
