//! Access tokens: JWT, EdDSA (Ed25519) only, checked before any claim is read.

use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use contracts::ErrorCode;
use engine::Timestamp;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind,
};
use serde::{Deserialize, Serialize};

use crate::auth::{Caller, SessionIds};
use crate::clock::RoomClock;
use crate::refusal::Refusal;
use crate::sql::{Sql, TokenKey};

/// How long a guest stays a guest, in milliseconds.
const GUEST_MS: u64 = 12 * 60 * 60 * 1000;
const ISSUER: &str = "playhead";
const TYPE: &str = "at+jwt";

/// Signs and checks access tokens.
pub struct Tokens {
    kid: String,
    signing: EncodingKey,
    checking: DecodingKey,
    /// Session ids of the same key.
    pub sessions: SessionIds,
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
        f.debug_struct("Tokens").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Takes the key from `file` (PKCS#8, PEM) if given, else from SQL, made on first start.
    pub async fn open(file: Option<&Path>, sql: &Sql, now: Timestamp) -> Result<Self, String> {
        let pkcs8 = match file {
            Some(file) => {
                let pem = std::fs::read_to_string(file)
                    .map_err(|error| format!("token key {}: {error}", file.display()))?;
                let key = EncodingKey::from_ed_pem(pem.as_bytes())
                    .map_err(|error| format!("token key {}: {error}", file.display()))?;
                key.as_bytes().to_vec()
            }
            None => {
                let key = sql.load_or_create_token_key(make_key, now).await;
                key.map_err(|error| format!("token key: {error}"))?.pkcs8
            }
        };
        Self::from_pkcs8(&pkcs8)
    }

    fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, String> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8)
            .map_err(|_| "token key: not an Ed25519 key in PKCS#8".to_owned())?;
        let public = pair.public_key().as_ref();
        // jsonwebtoken wants the private key in PKCS#8 version 1 or 2; what was read is either.
        Ok(Self {
            kid: kid_of(public),
            signing: EncodingKey::from_ed_der(pkcs8),
            checking: DecodingKey::from_ed_der(public),
            sessions: SessionIds::new(&pair),
        })
    }

    /// A token for a new guest, with its end in milliseconds since the Unix epoch.
    pub fn issue_guest(
        &self,
        user_id: &str,
        display_name: &str,
        clock: &RoomClock,
    ) -> Result<(String, u64), Refusal> {
        let now_ms = clock.now().as_millis();
        let exp_ms = now_ms + GUEST_MS;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user_id.to_owned(),
            name: display_name.to_owned(),
            guest: true,
            iat: now_ms / 1000,
            exp: exp_ms / 1000,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.kid.clone());
        let token = encode(&header, &claims, &self.signing).map_err(|error| {
            Refusal::new(ErrorCode::Internal, "the token can't be signed").caused_by(error)
        })?;
        Ok((token, exp_ms))
    }

    /// Whose token this is, if it is one of ours and still good.
    pub fn check(&self, token: &str, clock: &RoomClock) -> Result<Caller, Refusal> {
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
        if data.claims.exp.saturating_mul(1000) <= clock.now().as_millis() {
            return Err(expired());
        }
        Ok(Caller {
            user_id: data.claims.sub,
            display_name: data.claims.name,
            guest: data.claims.guest,
            expires_at_ms: data.claims.exp.saturating_mul(1000),
        })
    }
}

fn expired() -> Refusal {
    Refusal::new(ErrorCode::TokenExpired, "the token has expired; get a new one")
}

fn make_key() -> TokenKey {
    let pair = Ed25519KeyPair::generate().expect("the system gives random numbers");
    let pkcs8 = pair.to_pkcs8v1().expect("a new key can be written").as_ref().to_vec();
    let public = pair.public_key().as_ref().to_vec();
    TokenKey { kid: kid_of(&public), pkcs8, public }
}

fn kid_of(public: &[u8]) -> String {
    public.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
