//! Access tokens: JWTs signed with EdDSA (Ed25519), and the key that signs them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use contracts::{ACCESS_TOKEN_MAX, ErrorCode};
use engine::RoomId;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};

use super::product_keys::ProductKeys;
use super::session_id::SessionIds;
use super::{Caller, Validity};
use crate::clock::WallTime;
use crate::id;
use crate::refusal::Refusal;
use crate::sql::{Sql, SqlError, TokenKey};

const ISSUER: &str = "playhead";
/// The `typ` of every access token (RFC 9068).
pub(super) const TYPE: &str = "at+jwt";

/// Signs and checks access tokens.
pub struct Tokens {
    key_id: String,
    public: Vec<u8>,
    signing: EncodingKey,
    checking: DecodingKey,
}

/// A user, as a token names them.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The user's id.
    pub user_id: &'a str,
    /// The display name.
    pub display_name: &'a str,
    /// When the user was given the display name.
    pub named_at: WallTime,
    /// The family of refresh tokens, if there is one.
    pub family_id: Option<&'a str>,
    /// The only rooms that the token is for; `None` for every room.
    pub rooms: Option<&'a [RoomId]>,
}

#[derive(Deserialize, Serialize)]
struct Claims {
    iss: String,
    sub: String,
    name: String,
    guest: bool,
    /// The family of refresh tokens. Tokens of earlier versions don't name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    iat: u64,
    /// When the user was given the name, in milliseconds. Tokens of earlier versions don't say.
    #[serde(default)]
    named_at_ms: u64,
    /// The only rooms that the token is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rooms: Option<Vec<RoomId>>,
    exp: u64,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// The longest file of a key, in bytes; the rest isn't read.
const KEY_FILE_MAX: u64 = 64 * 1024;

/// There is no key to sign tokens with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database doesn't hand it out.
    #[error("token key")]
    Sql(#[source] SqlError),
    /// It can't be read or used. A sentence for the operator.
    #[error("{0}")]
    Unusable(String),
}

impl KeyError {
    /// Whether another attempt may succeed a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Sql(error) if error.is_transient())
    }
}

/// Loads the private key in PKCS#8: from `file` (PEM) if given, else from the database. A key there that
/// can't be read costs nothing but the tokens that it has signed.
pub async fn load_key(file: Option<&Path>, sql: &Sql, now: WallTime) -> Result<Vec<u8>, KeyError> {
    let Some(file) = file else {
        let keys = sql.load_or_create_token_key(is_whole, create_key, now).await;
        let keys = keys.map_err(KeyError::Sql)?;
        for kid in keys.unreadable {
            tracing::error!(
                kid,
                "a key in the table token_keys can't be read and isn't used: access tokens that it \
                 signed are refused, and their users get others by their refresh tokens"
            );
        }
        return Ok(keys.newest.pkcs8);
    };
    read_key(file)
}

/// Reads the private key in a file: PKCS#8, PEM. The error names the setting.
pub fn read_key(file: &Path) -> Result<Vec<u8>, KeyError> {
    let problem = |words: &str| {
        KeyError::Unusable(format!("PLAYHEAD_TOKEN_KEY_FILE {}: {words}", file.display()))
    };
    let mut pem = String::new();
    let read = File::open(file).and_then(|file| file.take(KEY_FILE_MAX).read_to_string(&mut pem));
    read.map_err(|error| problem(&error.to_string()))?;
    let key = EncodingKey::from_ed_pem(pem.as_bytes()).ok();
    let pkcs8 = key.map(|key| key.as_bytes().to_vec());
    let usable = pkcs8.filter(|pkcs8| Ed25519KeyPair::from_pkcs8(pkcs8).is_ok());
    usable.ok_or_else(|| {
        problem("not a private Ed25519 key in PKCS#8, PEM; `openssl genpkey -algorithm ed25519` makes one")
    })
}

/// Makes tokens and session ids of one private key.
pub fn from_pkcs8(pkcs8: &[u8]) -> Result<(Tokens, SessionIds), KeyError> {
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8)
        .map_err(|_| KeyError::Unusable("token key: not an Ed25519 key in PKCS#8".to_owned()))?;
    let public = pair.public_key().as_ref();
    let tokens = Tokens {
        key_id: key_id_of(public),
        public: public.to_vec(),
        // `jsonwebtoken` takes PKCS#8 of version 1 or 2, and `pkcs8` is either.
        signing: EncodingKey::from_ed_der(pkcs8),
        checking: DecodingKey::from_ed_der(public),
    };
    Ok((tokens, SessionIds::new(&pair)))
}

impl Tokens {
    /// Returns the id of the key and its public half.
    pub fn public_key(&self) -> (&str, &[u8]) {
        (&self.key_id, &self.public)
    }

    /// Issues a token to a user, valid from `now` until it expires.
    pub fn issue(
        &self,
        subject: Subject<'_>,
        expires_at: WallTime,
        now: WallTime,
    ) -> Result<String, Refusal> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: subject.user_id.to_owned(),
            name: subject.display_name.to_owned(),
            guest: id::is_guest(subject.user_id),
            sid: subject.family_id.map(str::to_owned),
            iat: now.as_millis() / 1000,
            named_at_ms: subject.named_at.as_millis(),
            rooms: subject.rooms.map(<[RoomId]>::to_vec),
            // Never before the client is warned that it ends.
            exp: expires_at.as_millis().div_ceil(1000),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.key_id.clone());
        encode(&header, &claims, &self.signing).map_err(|error| {
            Refusal::new(ErrorCode::Internal, "the token can't be signed").caused_by(error)
        })
    }

    /// Returns the caller of a token that this server, or a product whose key it knows, has signed and that is valid
    /// at `now`.
    pub fn check(
        &self,
        token: &str,
        products: &ProductKeys,
        now: WallTime,
    ) -> Result<Caller, Refusal> {
        if token.len() > ACCESS_TOKEN_MAX {
            return Err(foreign());
        }
        let key_id = decode_header(token).ok().and_then(|header| header.kid);
        let of_product = key_id.and_then(|key_id| products.check(&key_id, token, now));
        of_product.unwrap_or_else(|| self.check_own(token, now))
    }

    fn check_own(&self, token: &str, now: WallTime) -> Result<Caller, Refusal> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // Checked below, without the leeway of the library.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let data = decode::<Claims>(token, &self.checking, &validation)
            .map_err(|error| foreign().caused_by(error))?;
        if data.header.typ.as_deref() != Some(TYPE) {
            return Err(foreign());
        }
        let at = |seconds: u64| WallTime::from_millis(seconds.saturating_mul(1000));
        let validity = Validity { issued_at: at(data.claims.iat), expires_at: at(data.claims.exp) };
        validity.check(now)?;
        Ok(Caller {
            user_id: data.claims.sub,
            display_name: data.claims.name,
            named_at: WallTime::from_millis(data.claims.named_at_ms),
            guest: data.claims.guest,
            family_id: data.claims.sid,
            rooms: data.claims.rooms,
            validity,
        })
    }
}

fn foreign() -> Refusal {
    Refusal::new(ErrorCode::TokenInvalid, "the token is not one of this server's")
}

fn create_key() -> TokenKey {
    let pair = Ed25519KeyPair::generate().expect("the system provides random numbers");
    let pkcs8 = pair.to_pkcs8v1().expect("a new key can be written").as_ref().to_vec();
    let public = pair.public_key().as_ref().to_vec();
    TokenKey { kid: key_id_of(&public), pkcs8, public }
}

/// Whether a key is as it was stored. One changed bit of a private key would make another, valid one.
fn is_whole(key: &TokenKey) -> bool {
    Ed25519KeyPair::from_pkcs8(&key.pkcs8).is_ok_and(|pair| {
        let public = pair.public_key().as_ref();
        public == key.public && key_id_of(public) == key.kid
    })
}

fn key_id_of(public: &[u8]) -> String {
    public.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use contracts::{DISPLAY_NAME_BYTES_MAX, TOKEN_ROOMS_MAX, USER_ID_MAX};
    use sqlx::ConnectOptions;
    use tempfile::TempDir;

    use super::*;

    const HOUR_MS: u64 = 60 * 60 * 1000;
    const NOW: WallTime = WallTime::from_millis(1_700_000_000_500);
    const ADA: Subject<'_> = Subject {
        user_id: "u_ada",
        display_name: "Ada",
        named_at: NOW,
        family_id: Some("f_ada"),
        rooms: None,
    };

    #[test]
    fn tokens_of_a_clock_that_was_ahead_or_behind_are_refused_once_it_is_right() {
        let (tokens, _) = from_pkcs8(&create_key().pkcs8).unwrap();
        let issue = |now: WallTime| tokens.issue(ADA, now.plus_millis(12 * HOUR_MS), now).unwrap();
        let ahead = issue(NOW.plus_millis(48 * HOUR_MS));
        let refused = tokens.check(&ahead, &ProductKeys::default(), NOW).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TokenInvalid);
        let behind = issue(NOW.minus_millis(13 * HOUR_MS));
        let refused = tokens.check(&behind, &ProductKeys::default(), NOW).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TokenExpired);
        let of_another_node = issue(NOW.plus_millis(60_000));
        assert_eq!(
            tokens.check(&of_another_node, &ProductKeys::default(), NOW).unwrap().user_id,
            "u_ada"
        );
    }

    #[test]
    fn the_longest_token_is_no_longer_than_the_contract_says_and_a_longer_one_is_refused() {
        let (tokens, _) = from_pkcs8(&create_key().pkcs8).unwrap();
        // Written as JSON, each is two characters.
        let display_name = "\"".repeat(DISPLAY_NAME_BYTES_MAX);
        let user_id = "\"".repeat(32 + 1 + USER_ID_MAX);
        let rooms = vec![id::room_id(); TOKEN_ROOMS_MAX];
        let (user_id, display_name, rooms) = (&*user_id, &*display_name, Some(&*rooms));
        let longest = Subject { user_id, display_name, rooms, ..ADA };
        let token = tokens.issue(longest, NOW.plus_millis(HOUR_MS), NOW).unwrap();
        assert!(token.len() <= ACCESS_TOKEN_MAX, "{}", token.len());
        tokens.check(&token, &ProductKeys::default(), NOW).unwrap();
        let longer = Subject { display_name: &"a".repeat(ACCESS_TOKEN_MAX), ..ADA };
        let token = tokens.issue(longer, NOW.plus_millis(HOUR_MS), NOW).unwrap();
        assert_eq!(
            tokens.check(&token, &ProductKeys::default(), NOW).unwrap_err().code(),
            ErrorCode::TokenInvalid
        );
    }

    #[test]
    fn a_token_is_valid_for_its_whole_lifetime_and_no_second_longer() {
        let (tokens, _) = from_pkcs8(&create_key().pkcs8).unwrap();
        let token = tokens.issue(ADA, NOW.plus_millis(5_000), NOW).unwrap();
        tokens.check(&token, &ProductKeys::default(), NOW.plus_millis(4_999)).unwrap();
        let refused =
            tokens.check(&token, &ProductKeys::default(), NOW.plus_millis(6_000)).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TokenExpired);
    }

    #[tokio::test]
    async fn a_key_that_cannot_be_read_costs_itself_and_without_any_other_a_new_one_is_made() {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("playhead.db");
        let sql = Sql::open_file(&file).await.unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file);
        let mut other = options.connect().await.unwrap();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        for damage in
            ["pkcs8 = x''", "pkcs8 = 7", "pkcs8 = 'k'", "public = x'00'", "kid = x'ff'", ""]
        {
            sqlx::query("DELETE FROM token_keys").execute(&mut other).await.unwrap();
            let mut key = load_key(None, &sql, NOW).await.unwrap();
            assert_eq!(load_key(None, &sql, NOW).await.unwrap(), key);
            *key.last_mut().unwrap() ^= 1;
            let one_bit = format!("pkcs8 = x'{}'", hex(&key));
            let damage = if damage.is_empty() { &one_bit } else { damage };
            let update = format!("UPDATE token_keys SET {damage}");
            sqlx::query(sqlx::AssertSqlSafe(update)).execute(&mut other).await.unwrap();
            let made = load_key(None, &sql, NOW).await.unwrap();
            assert!(made[..16] == key[..16] && made != key, "{damage}");
            assert_eq!(load_key(None, &sql, NOW).await.unwrap(), made, "{damage}");
        }
    }
}
