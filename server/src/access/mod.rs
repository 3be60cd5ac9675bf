//! Who is asking, and what that allows: access and refresh tokens, session ids, and the proof of being
//! somebody in a room. All of it is judged by wall clocks, never by the room clock.

mod api_keys;
mod bans;
mod caller;
mod families;
mod family_clock;
mod family_writer;
mod grants;
mod invites;
mod ledger;
mod passwords;
mod predecessors;
mod product_keys;
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
use engine::{Room, RoomId};

pub use crate::sql::{BanRow, GrantRow, InviteRow, Standing, Via};
pub use api_keys::{ApiKeys, Product};
pub use bans::Bans;
pub use caller::Caller;
pub use grants::Grants;
pub use invites::Invites;
pub use passwords::Passwords;
pub use product_keys::ProductKeys;
pub use proof::Proof;
pub use reach::{Reach, Refreshing};
pub use token::KeyError;
pub use validity::Validity;

use self::families::{Families, Refreshed};
use self::refresh_token::RefreshToken;
use self::session_id::SessionIds;
use self::token::{Subject, Tokens};
use crate::clock::WallTime;
use crate::password::Hasher;
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
    grants: Grants,
    invites: Invites,
    passwords: Passwords,
    api_keys: ApiKeys,
    product_keys: ProductKeys,
}

/// How much a room may have of what lets people in and keeps them out.
#[derive(Clone, Copy, Debug)]
pub struct AccessLimits {
    /// Bans.
    pub bans: u64,
    /// Grants.
    pub grants: u64,
    /// Invites that can still be used.
    pub invites: u64,
}

/// An access token.
pub struct AccessToken {
    /// What the user shows with each request.
    pub text: String,
    /// How long it is valid, in milliseconds.
    pub valid_for_ms: u64,
    /// When it expires.
    pub expires_at: WallTime,
}

/// The tokens of a user.
pub struct IssuedTokens {
    /// The user's id.
    pub user_id: String,
    /// The user's display name.
    pub display_name: String,
    /// The access token.
    pub access: AccessToken,
    /// The refresh token.
    pub refresh_token: String,
}

impl Access {
    /// Takes the signing key from `key_file` (PKCS#8, PEM) if given, else from the database, where the
    /// first start creates it.
    pub async fn open(
        key_file: Option<&Path>,
        sql: Arc<Sql>,
        token_ms: u64,
        per_room: AccessLimits,
        (api_keys, product_keys): (ApiKeys, ProductKeys),
        hasher: Hasher,
    ) -> Result<Self, KeyError> {
        let pkcs8 = token::load_key(key_file, &sql, WallTime::now()).await?;
        let (tokens, session_ids) = token::from_pkcs8(&pkcs8)?;
        let bans = Bans::open(sql.clone(), per_room.bans).await;
        let grants = Grants::open(sql.clone(), per_room.grants).await;
        let invites = Invites::new(sql.clone(), per_room.invites);
        let passwords = Passwords::new(sql.clone(), hasher);
        let families = Families::open(sql).await;
        Ok(Self {
            tokens,
            token_ms,
            session_ids,
            families,
            bans,
            grants,
            invites,
            passwords,
            api_keys,
            product_keys,
        })
    }

    /// Checks the file of a signing key, without keeping anything. The error is a sentence for the operator.
    pub fn check_key_file(file: &Path) -> Result<(), String> {
        token::read_key(file).map(drop).map_err(|error| error.to_string())
    }

    /// Returns the id and the public half of the key that signs access tokens.
    pub fn public_key(&self) -> (&str, &[u8]) {
        self.tokens.public_key()
    }

    /// Returns the caller of an access token, or refuses an invalid, expired or revoked one.
    pub fn authenticate(&self, token: &str) -> Result<Caller, Refusal> {
        let caller = self.tokens.check(token, &self.product_keys, WallTime::now())?;
        self.check_not_revoked(&caller)?;
        Ok(caller)
    }

    /// Issues tokens to a new guest.
    pub async fn issue_guest(
        &self,
        user_id: &str,
        display_name: &str,
    ) -> Result<IssuedTokens, Refusal> {
        self.issue(self.families.begin(user_id, display_name).await?)
    }

    /// Returns the product that an API key belongs to, or refuses one that isn't known.
    pub fn find_product(&self, key_id: &str, secret: &str) -> Result<Product, Refusal> {
        self.api_keys.find(key_id, secret)
    }

    /// Issues an access token to a user of another product, for certain rooms or all. It lasts as long as other tokens
    /// unless `valid_for_ms` is given; there is no refresh token, since the product issues the next one.
    pub fn issue_for(
        &self,
        product: &Product,
        user_id: &str,
        display_name: &str,
        rooms: Option<&[RoomId]>,
        valid_for_ms: Option<u64>,
    ) -> Result<(String, AccessToken), Refusal> {
        let (user_id, now) = (product.user_id(user_id), WallTime::now());
        let subject =
            Subject { user_id: &user_id, display_name, named_at: now, family_id: None, rooms };
        let expires_at = now.plus_millis(valid_for_ms.unwrap_or(self.token_ms));
        let token = self.sign(subject, now, expires_at)?;
        Ok((user_id, token))
    }

    /// Returns the hash of a refresh token, this server's or not. `None` if the text can't be one.
    pub fn hash_refresh_token(text: &str) -> Option<[u8; 32]> {
        RefreshToken::parse(text).map(|token| token.hash())
    }

    /// Issues new tokens for a refresh token, to the same user.
    pub async fn refresh(&self, refresh_token: &str) -> Result<IssuedTokens, Refusal> {
        self.issue(self.families.refresh(refresh_token).await?)
    }

    /// Gives a caller another name; they stay the same user. The new access token ends when the caller's does: a token
    /// that could prolong itself would never have to be refreshed.
    pub async fn rename(
        &self,
        caller: &Caller,
        display_name: &str,
    ) -> Result<AccessToken, Refusal> {
        // The token may have expired while the body was arriving.
        self.check_valid(caller)?;
        if !caller.guest {
            let detail = "your name is the one that you have where you came from";
            return Err(Refusal::new(ErrorCode::Forbidden, detail));
        }
        let Some(family_id) = caller.family_id.as_deref() else {
            let detail =
                "the access token is from before tokens named their refresh tokens; get a new one";
            return Err(Refusal::new(ErrorCode::TokenExpired, detail));
        };
        let named_at = self.families.rename(family_id, display_name).await?;
        let (user_id, rooms) = (&*caller.user_id, caller.rooms.as_deref());
        let family_id = Some(family_id);
        let subject = Subject { user_id, display_name, named_at, family_id, rooms };
        self.sign(subject, WallTime::now(), caller.validity.expires_at)
    }

    /// Follows the database's wall clock and what other nodes revoke and ban, and deletes what is left of tokens that are
    /// over, until the node ends.
    pub async fn keep(&self) {
        tokio::join!(self.families.keep(), self.bans.ledger().keep(), self.grants.ledger().keep());
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

    /// Returns the caller of an access token that is to keep the connection of `proof` open. Refuses a
    /// token of somebody else, beside those that authenticate nobody.
    pub fn extend(&self, proof: &Proof, token: &str) -> Result<Caller, Refusal> {
        let caller = self.authenticate(token)?;
        if caller.user_id == proof.user_id() {
            caller.check_room(proof.room_id())?;
            return Ok(caller);
        }
        let detail = "the token is another user's; this connection stays yours";
        Err(Refusal::new(ErrorCode::TokenInvalid, detail))
    }

    /// The one door: proves what a caller is in a room, or refuses somebody who may not be there. HTTP handlers
    /// and WebSockets alike ask here.
    pub fn authorize(&self, caller: &Caller, room: &Room) -> Result<Proof, Refusal> {
        let proof = self.prove(caller, &room.room_id)?;
        if !proof.has_grant() && !room.is_open_to(proof.participant_id()) {
            self.check_not_ended(&proof)?;
        }
        Ok(proof)
    }

    /// Proves what a caller would be in a room, or refuses somebody who is banned. Whether they may enter is for the
    /// taker to decide.
    pub fn prove(&self, caller: &Caller, room_id: &RoomId) -> Result<Proof, Refusal> {
        caller.check_room(room_id)?;
        let (proof, now) = (Proof::new(caller, room_id), WallTime::now());
        self.bans.check(room_id, proof.participant_id(), now)?;
        let granted = self.grants.find(room_id, proof.participant_id());
        Ok(match granted.filter(|(standing, _)| standing.holds(now)) {
            Some((standing, number)) => {
                let base = grants::base_of(standing, proof.base());
                proof.with_grant(base, number)
            }
            None => proof,
        })
    }

    /// Refuses somebody who may not be in the room any more.
    pub fn check_admitted(&self, proof: &Proof) -> Result<(), Refusal> {
        self.bans.check(proof.room_id(), proof.participant_id(), WallTime::now())?;
        if proof.has_grant() { self.check_not_ended(proof) } else { Ok(()) }
    }

    /// Refuses somebody whose grant has ended. Having been a member of the room isn't enough then.
    fn check_not_ended(&self, proof: &Proof) -> Result<(), Refusal> {
        let granted = self.grants.find(proof.room_id(), proof.participant_id());
        if granted.is_some_and(|(standing, _)| standing.has_ended(WallTime::now())) {
            let detail = "your access to this room has ended";
            return Err(Refusal::new(ErrorCode::GrantEnded, detail));
        }
        Ok(())
    }

    /// Who may not enter which room.
    pub fn bans(&self) -> &Bans {
        &self.bans
    }

    /// Who may enter which room whatever its entry.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// The secrets that people bring along to rooms.
    pub fn invites(&self) -> &Invites {
        &self.invites
    }

    /// The passwords of rooms.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
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

    fn issue(&self, refreshed: Refreshed) -> Result<IssuedTokens, Refusal> {
        let Refreshed { token, user_id, display_name, named_at } = refreshed;
        let subject = Subject {
            user_id: &user_id,
            display_name: &display_name,
            named_at,
            family_id: Some(token.family_id()),
            rooms: None,
        };
        let now = WallTime::now();
        let access = self.sign(subject, now, now.plus_millis(self.token_ms))?;
        Ok(IssuedTokens { user_id, display_name, access, refresh_token: token.text() })
    }

    fn sign(
        &self,
        subject: Subject<'_>,
        now: WallTime,
        expires_at: WallTime,
    ) -> Result<AccessToken, Refusal> {
        let text = self.tokens.issue(subject, expires_at, now)?;
        Ok(AccessToken { text, valid_for_ms: expires_at.millis_since(now), expires_at })
    }
}

impl std::fmt::Debug for AccessToken {
    /// Omits the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for IssuedTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedTokens").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
