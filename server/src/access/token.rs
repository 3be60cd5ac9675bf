//! Access tokens: JWTs signed with EdDSA (Ed25519), and the key that signs them.

use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use contracts::ErrorCode;
use engine::Timestamp;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind,
};
use serde::{Deserialize, Serialize};

use super::Caller;
use super::session_id::SessionIds;
use crate::refusal::Refusal;
use crate::sql::{Sql, TokenKey};

/// How long a guest's token is valid, in milliseconds.
const GUEST_MS: u64 = 12 * 60 * 60 * 1000;
const ISSUER: &str = "playhead";
const TYPE: &str = "at+jwt";

/// Signs and checks access tokens.
pub struct Tokens {
    key_id: String,
    signing: EncodingKey,
    checking: DecodingKey,
}

/// A signed access token.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// The token, as a client sends it.
    pub access_token: String,
    /// When it expires, in milliseconds since the Unix epoch.
    pub expires_at_ms: u64,
}

#[derive(Deserialize, Serialize)]
struct Claims {
    iss: String,
    sub: String,
    name: String,
    guest: bool,
    iat: u64,
    exp: u64,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Loads the private key in PKCS#8: from `file` (PEM) if given, else from the database.
pub async fn load_key(file: Option<&Path>, sql: &Sql, now: Timestamp) -> Result<Vec<u8>, String> {
    let Some(file) = file else {
        let key = sql.load_or_create_token_key(create_key, now).await;
        return Ok(key.map_err(|error| format!("token key: {error}"))?.pkcs8);
    };
    let pem = std::fs::read_to_string(file)
        .map_err(|error| format!("token key {}: {error}", file.display()))?;
    let key = EncodingKey::from_ed_pem(pem.as_bytes())
        .map_err(|error| format!("token key {}: {error}", file.display()))?;
    Ok(key.as_bytes().to_vec())
}

/// Makes tokens and session ids of one private key.
pub fn from_pkcs8(pkcs8: &[u8]) -> Result<(Tokens, SessionIds), String> {
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8)
        .map_err(|_| "token key: not an Ed25519 key in PKCS#8".to_owned())?;
    let public = pair.public_key().as_ref();
    let tokens = Tokens {
        key_id: key_id_of(public),
        // `jsonwebtoken` takes PKCS#8 of version 1 or 2, and `pkcs8` is either.
        signing: EncodingKey::from_ed_der(pkcs8),
        checking: DecodingKey::from_ed_der(public),
    };
    Ok((tokens, SessionIds::new(&pair)))
}

impl Tokens {
    /// Issues a token to a new guest.
    pub fn issue_guest(
        &self,
        user_id: &str,
        display_name: &str,
        now: Timestamp,
    ) -> Result<IssuedToken, Refusal> {
        let now_ms = now.as_millis();
        let expires_at_ms = now_ms + GUEST_MS;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user_id.to_owned(),
            name: display_name.to_owned(),
            guest: true,
            iat: now_ms / 1000,
            exp: expires_at_ms / 1000,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.key_id.clone());
        let access_token = encode(&header, &claims, &self.signing).map_err(|error| {
            Refusal::new(ErrorCode::Internal, "the token can't be signed").caused_by(error)
        })?;
        Ok(IssuedToken { access_token, expires_at_ms })
    }

    /// Returns the caller of a token that this server signed and that hasn't expired.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<Caller, Refusal> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // Expiry is checked below, by the room clock.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let invalid =
            || Refusal::new(ErrorCode::TokenInvalid, "the token is not one of this server's");
        let data =
            decode::<Claims>(token, &self.checking, &validation).map_err(|error| {
                match error.kind() {
                    ErrorKind::ExpiredSignature => expired(),
                    _ => invalid().caused_by(error),
                }
            })?;
        if data.header.typ.as_deref() != Some(TYPE) {
            return Err(invalid());
        }
        let expires_at_ms = data.claims.exp.saturating_mul(1000);
        if expires_at_ms <= now.as_millis() {
            return Err(expired());
        }
        Ok(Caller {
            user_id: data.claims.sub,
            display_name: data.claims.name,
            guest: data.claims.guest,
            expires_at_ms,
        })
    }
}

fn expired() -> Refusal {
    Refusal::new(ErrorCode::TokenExpired, "the token has expired; get a new one")
}

fn create_key() -> TokenKey {
    let pair = Ed25519KeyPair::generate().expect("the system provides random numbers");
    let pkcs8 = pair.to_pkcs8v1().expect("a new key can be written").as_ref().to_vec();
    let public = pair.public_key().as_ref().to_vec();
    TokenKey { kid: key_id_of(&public), pkcs8, public }
}

fn key_id_of(public: &[u8]) -> String {
    public.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
