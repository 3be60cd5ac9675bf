//! Who is asking, and what that allows: access and refresh tokens, session ids, and the proof of being
//! somebody in a room. All of it is judged by wall clocks, never by the room clock.

mod bans;
mod caller;
mod families;
mod family_clock;
mod family_writer;
mod predecessors;
mod proof;
mod reach;
mod refresh_token;
mod revocations;
mod session_id;
mod token;
mod validity;

use std::path::Path;
use std::sync::Arc;

use contracts::ErrorCode;
use engine::RoomId;

pub use crate::sql::BanRow;
pub use bans::Bans;
pub use caller::Caller;
pub use proof::Proof;
pub use reach::{Reach, Refreshing};
pub use validity::Validity;

use self::families::Families;
use self::refresh_token::RefreshToken;
use self::session_id::SessionIds;
use self::token::Tokens;
use crate::clock::WallTime;
use crate::refusal::Refusal;
use crate::sql::Sql;

/// Authenticates users and proves what they are in a room.
#[derive(Debug)]
pub struct Access {
    tokens: Tokens,
    /// How long an access token is valid, in milliseconds.
    token_ms: u64,
    session_ids: SessionIds,
    families: Families,
    bans: Bans,
}

/// The tokens of a user.
pub struct IssuedTokens {
    /// The user's id.
    pub user_id: String,
    /// The access token.
    pub access_token: String,
    /// How long that is valid, in milliseconds.
    pub expires_in_ms: u64,
    /// When it expires.
    pub expires_at: WallTime,
    /// The refresh token.
    pub refresh_token: String,
}

impl Access {
    /// Takes the signing key from `key_file` (PKCS#8, PEM) if given, else from the database, where the
    /// first start creates it. A room may have `bans_per_room`. The error is a sentence for the operator.
    pub async fn open(
        key_file: Option<&Path>,
        sql: Arc<Sql>,
        token_ms: u64,
        bans_per_room: u64,
    ) -> Result<Self, String> {
        let pkcs8 = token::load_key(key_file, &sql, WallTime::now()).await?;
        let (tokens, session_ids) = token::from_pkcs8(&pkcs8)?;
        let bans = Bans::open(sql.clone(), bans_per_room).await;
        Ok(Self { tokens, token_ms, session_ids, families: Families::open(sql).await, bans })
    }

    /// Checks the file of a signing key, without keeping anything. The error is a sentence for the operator.
    pub fn check_key_file(file: &Path) -> Result<(), String> {
        token::read_key(file).map(drop)
    }

    /// Returns the caller of an access token, or refuses an invalid, expired or revoked one.
    pub fn authenticate(&self, token: &str) -> Result<Caller, Refusal> {
        let caller = self.tokens.check(token, WallTime::now())?;
        self.check_not_revoked(&caller)?;
        Ok(caller)
    }

    /// Issues tokens to a new guest.
    pub async fn issue_guest(
        &self,
        user_id: &str,
        display_name: &str,
    ) -> Result<IssuedTokens, Refusal> {
        let refresh_token = self.families.begin(user_id, display_name).await?;
        self.issue(user_id, display_name, &refresh_token)
    }

    /// Returns the hash of a refresh token, this server's or not. `None` if the text can't be one.
    pub fn hash_refresh_token(text: &str) -> Option<[u8; 32]> {
        RefreshToken::parse(text).map(|token| token.hash())
    }

    /// Issues new tokens for a refresh token, to the same user.
    pub async fn refresh(&self, refresh_token: &str) -> Result<IssuedTokens, Refusal> {
        let refreshed = self.families.refresh(refresh_token).await?;
        self.issue(&refreshed.user_id, &refreshed.display_name, &refreshed.token)
    }

    /// Follows the database's wall clock and what other nodes revoke and ban, and deletes what is left of tokens that are
    /// over, until the node ends.
    pub async fn keep(&self) {
        tokio::join!(self.families.keep(), self.bans.keep());
    }

    /// Waits until the refresh tokens of new guests are stored.
    pub async fn catch_up(&self) {
        self.families.catch_up().await;
    }

    /// What this node knows of whether refresh tokens can be replaced.
    pub fn reach(&self) -> &Reach {
        self.families.reach()
    }

    /// Refuses a caller whose token isn't valid any more, though it was when it was checked.
    pub fn check_valid(&self, caller: &Caller) -> Result<(), Refusal> {
        caller.validity.check(WallTime::now())?;
        self.check_not_revoked(caller)
    }

    /// Whether the access tokens of a family of refresh tokens aren't valid any more.
    pub fn is_revoked(&self, family_id: &str) -> bool {
        self.families.revocations().contains(family_id)
    }

    /// Waits until families were revoked since the last call, here or on another node. There is one caller.
    pub async fn revocations(&self) {
        self.families.revocations().news().await;
    }

    fn check_not_revoked(&self, caller: &Caller) -> Result<(), Refusal> {
        if caller.family_id.as_deref().is_some_and(|family_id| self.is_revoked(family_id)) {
            let detail = "the token was revoked, since its refresh token was used by two; \
                          become a new guest";
            return Err(Refusal::new(ErrorCode::TokenInvalid, detail));
        }
        Ok(())
    }

    /// Returns when an access token is valid that is to keep the connection of `proof` open. Refuses a
    /// token of somebody else, beside those that authenticate nobody.
    pub fn extend(&self, proof: &Proof, token: &str) -> Result<Validity, Refusal> {
        let caller = self.authenticate(token)?;
        if caller.user_id == proof.user_id() {
            return Ok(caller.validity);
        }
        let detail = "the token is another user's; this connection stays yours";
        Err(Refusal::new(ErrorCode::TokenInvalid, detail))
    }

    /// The one door: proves what a caller is in a room, or refuses somebody who may not enter it. HTTP handlers
    /// and WebSockets alike ask here.
    pub fn authorize(&self, caller: &Caller, room_id: &RoomId) -> Result<Proof, Refusal> {
        let proof = Proof::new(caller, room_id);
        self.check_admitted(&proof)?;
        Ok(proof)
    }

    /// Refuses somebody who may not be in the room any more.
    pub fn check_admitted(&self, proof: &Proof) -> Result<(), Refusal> {
        self.bans.check(proof.room_id(), proof.participant_id(), WallTime::now())
    }

    /// Who may not enter which room.
    pub fn bans(&self) -> &Bans {
        &self.bans
    }

    /// Returns a new session id of a participant.
    pub fn issue_session_id(&self, proof: &Proof) -> String {
        self.session_ids.issue(proof.room_id(), proof.participant_id())
    }

    /// Whether a session id was issued to this participant. One that another signing key made is
    /// unknown: the client is then welcomed as the same participant, in a new session.
    pub fn knows_session_id(&self, session_id: &str, proof: &Proof) -> bool {
        self.session_ids.knows(session_id, proof.room_id(), proof.participant_id())
    }

    fn issue(
        &self,
        user_id: &str,
        display_name: &str,
        refresh_token: &RefreshToken,
    ) -> Result<IssuedTokens, Refusal> {
        let now = WallTime::now();
        let expires_in_ms = self.token_ms;
        let family_id = refresh_token.family_id();
        let access_token =
            self.tokens.issue_guest(user_id, display_name, family_id, expires_in_ms, now)?;
        Ok(IssuedTokens {
            user_id: user_id.to_owned(),
            access_token,
            expires_in_ms,
            expires_at: now.plus_millis(expires_in_ms),
            refresh_token: refresh_token.text(),
        })
    }
}

impl std::fmt::Debug for IssuedTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedTokens").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
