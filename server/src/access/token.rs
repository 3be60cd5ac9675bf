//! Access tokens: JWTs signed with EdDSA (Ed25519), and the key that signs them.

use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use contracts::ErrorCode;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use super::session_id::SessionIds;
use super::{Caller, Validity};
use crate::clock::WallTime;
use crate::refusal::Refusal;
use crate::sql::{Sql, TokenKey};

const ISSUER: &str = "playhead";
const TYPE: &str = "at+jwt";

/// Signs and checks access tokens.
pub struct Tokens {
    key_id: String,
    signing: EncodingKey,
    checking: DecodingKey,
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
    exp: u64,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Loads the private key in PKCS#8: from `file` (PEM) if given, else from the database. A key there that
/// can't be read costs nothing but the tokens that it has signed.
pub async fn load_key(file: Option<&Path>, sql: &Sql, now: WallTime) -> Result<Vec<u8>, String> {
    let Some(file) = file else {
        let keys = sql.load_or_create_token_key(is_whole, create_key, now).await;
        let keys = keys.map_err(|error| format!("token key: {error}"))?;
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
pub fn read_key(file: &Path) -> Result<Vec<u8>, String> {
    let problem = |words: &str| format!("PLAYHEAD_TOKEN_KEY_FILE {}: {words}", file.display());
    let pem = std::fs::read_to_string(file).map_err(|error| problem(&error.to_string()))?;
    let key = EncodingKey::from_ed_pem(pem.as_bytes()).ok();
    let pkcs8 = key.map(|key| key.as_bytes().to_vec());
    let usable = pkcs8.filter(|pkcs8| Ed25519KeyPair::from_pkcs8(pkcs8).is_ok());
    usable.ok_or_else(|| {
        problem("not a private Ed25519 key in PKCS#8, PEM; `openssl genpkey -algorithm ed25519` makes one")
    })
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
    /// Issues a token to a guest with this family of refresh tokens, valid for `lifetime_ms`.
    pub fn issue_guest(
        &self,
        user_id: &str,
        display_name: &str,
        family_id: &str,
        lifetime_ms: u64,
        now: WallTime,
    ) -> Result<String, Refusal> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user_id.to_owned(),
            name: display_name.to_owned(),
            guest: true,
            sid: Some(family_id.to_owned()),
            iat: now.as_millis() / 1000,
            // Never before the client is warned that it ends.
            exp: now.plus_millis(lifetime_ms).as_millis().div_ceil(1000),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.key_id.clone());
        encode(&header, &claims, &self.signing).map_err(|error| {
            Refusal::new(ErrorCode::Internal, "the token can't be signed").caused_by(error)
        })
    }

    /// Returns the caller of a token that this server signed and that is valid at `now`.
    pub fn check(&self, token: &str, now: WallTime) -> Result<Caller, Refusal> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // Checked below, without the leeway of the library.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let invalid =
            || Refusal::new(ErrorCode::TokenInvalid, "the token is not one of this server's");
        let data = decode::<Claims>(token, &self.checking, &validation)
            .map_err(|error| invalid().caused_by(error))?;
        if data.header.typ.as_deref() != Some(TYPE) {
            return Err(invalid());
        }
        let at = |seconds: u64| WallTime::from_millis(seconds.saturating_mul(1000));
        let validity = Validity { issued_at: at(data.claims.iat), expires_at: at(data.claims.exp) };
        validity.check(now)?;
        Ok(Caller {
            user_id: data.claims.sub,
            display_name: data.claims.name,
            guest: data.claims.guest,
            family_id: data.claims.sid,
            validity,
        })
    }
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
    use sqlx::ConnectOptions;
    use tempfile::TempDir;

    use super::*;

    const HOUR_MS: u64 = 60 * 60 * 1000;
    const NOW: WallTime = WallTime::from_millis(1_700_000_000_500);

    #[test]
    fn tokens_of_a_clock_that_was_ahead_or_behind_are_refused_once_it_is_right() {
        let (tokens, _) = from_pkcs8(&create_key().pkcs8).unwrap();
        let issue = |now| tokens.issue_guest("u_ada", "Ada", "f_ada", 12 * HOUR_MS, now).unwrap();
        let ahead = issue(NOW.plus_millis(48 * HOUR_MS));
        let refused = tokens.check(&ahead, NOW).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TokenInvalid);
        let behind = issue(NOW.minus_millis(13 * HOUR_MS));
        let refused = tokens.check(&behind, NOW).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::TokenExpired);
        let of_another_node = issue(NOW.plus_millis(60_000));
        assert_eq!(tokens.check(&of_another_node, NOW).unwrap().user_id, "u_ada");
    }

    #[test]
    fn a_token_is_valid_for_its_whole_lifetime_and_no_second_longer() {
        let (tokens, _) = from_pkcs8(&create_key().pkcs8).unwrap();
        let token = tokens.issue_guest("u_ada", "Ada", "f_ada", 5_000, NOW).unwrap();
        tokens.check(&token, NOW.plus_millis(4_999)).unwrap();
        let refused = tokens.check(&token, NOW.plus_millis(6_000)).unwrap_err();
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
