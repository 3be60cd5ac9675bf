//! Access tokens that products sign themselves, without asking this server: by Ed25519 keys whose public halves the
//! operator has named.

use std::collections::HashMap;

use contracts::{
    DISPLAY_NAME_BYTES_MAX, DISPLAY_NAME_MAX, ErrorCode, TOKEN_MS_MAX, TOKEN_ROOMS_MAX, USER_ID_MAX,
};
use engine::RoomId;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::{Deserialize, Deserializer};

use super::api_keys::user_id_of;
use super::token::TYPE;
use super::{Caller, Validity};
use crate::clock::WallTime;
use crate::config::ProductKey;
use crate::id::RoomKey;
use crate::name;
use crate::refusal::Refusal;

/// Whom a token of a product is for.
const AUDIENCE: &str = "playhead";

/// The keys, by the ids that tokens name.
#[derive(Clone, Default)]
pub struct ProductKeys(HashMap<String, Key>);

#[derive(Clone)]
struct Key {
    product_id: String,
    checking: DecodingKey,
}

#[derive(Deserialize)]
struct Claims {
    /// The product's own id of the user.
    sub: String,
    name: String,
    iat: u64,
    exp: u64,
    #[serde(default)]
    nbf: Option<u64>,
    /// The only rooms that the token is for. Null may have been meant to be no room.
    #[serde(default, deserialize_with = "present")]
    rooms: Option<Vec<String>>,
}

impl std::fmt::Debug for ProductKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl ProductKeys {
    /// Keeps the keys.
    pub fn new(keys: &[ProductKey]) -> Self {
        let key = |key: &ProductKey| {
            let checking = DecodingKey::from_ed_der(&key.public);
            (key.key_id.clone(), Key { product_id: key.product_id.clone(), checking })
        };
        Self(keys.iter().map(key).collect())
    }

    /// Returns the caller of a token that one of the keys has signed and that is valid at `now`. `None` if there is no
    /// key of this id.
    pub fn check(
        &self,
        key_id: &str,
        token: &str,
        now: WallTime,
    ) -> Option<Result<Caller, Refusal>> {
        self.0.get(key_id).map(|key| key.check(token, now))
    }
}

impl Key {
    fn check(&self, token: &str, now: WallTime) -> Result<Caller, Refusal> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.product_id]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Checked below, without the leeway of the library.
        validation.validate_exp = false;
        let data = decode::<Claims>(token, &self.checking, &validation).map_err(|error| {
            invalid("the token isn't one that the product's key has signed for this server, with all its claims")
                .caused_by(error)
        })?;
        if data.header.typ.as_deref() != Some(TYPE) {
            return Err(invalid("the header's `typ` must be `at+jwt`"));
        }
        if data.header.crit.is_some() {
            // RFC 7515, section 4.1.11: what it demands isn't understood here.
            return Err(invalid(
                "the header's `crit` demands extensions that this server doesn't know",
            ));
        }
        let Claims { sub, name, iat, exp, nbf, rooms } = data.claims;
        let at = |seconds: u64| WallTime::from_millis(seconds.saturating_mul(1000));
        let validity = Validity { issued_at: at(iat.max(nbf.unwrap_or(0))), expires_at: at(exp) };
        validity.check(now)?;
        if exp.saturating_sub(iat) > TOKEN_MS_MAX / 1000 {
            return Err(invalid("a product's token lasts 24 hours at most"));
        }
        let is_plain = sub.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain || !(1..=USER_ID_MAX).contains(&sub.len()) {
            return Err(invalid("`sub` must have 1 to 64 visible ASCII characters"));
        }
        let display_name = name::within(&name, DISPLAY_NAME_MAX, DISPLAY_NAME_BYTES_MAX);
        Ok(Caller {
            user_id: user_id_of(&self.product_id, &sub),
            display_name: display_name.ok_or_else(|| invalid("`name` is no display name"))?,
            named_at: at(iat),
            guest: false,
            family_id: None,
            rooms: rooms.map(|ids| room_ids(&ids)).transpose()?,
            validity,
        })
    }
}

/// Reads a claim that may be absent, but not null.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Vec<String>>, D::Error> {
    Deserialize::deserialize(value).map(Some)
}

fn room_ids(given: &[String]) -> Result<Vec<RoomId>, Refusal> {
    let room_id = |id: &String| match RoomKey::parse(id) {
        Some(RoomKey::Id(room_id)) => Some(room_id),
        _ => None,
    };
    let rooms: Option<Vec<RoomId>> = given.iter().map(room_id).collect();
    let rooms = rooms.filter(|rooms| (1..=TOKEN_ROOMS_MAX).contains(&rooms.len()));
    rooms.ok_or_else(|| invalid("`rooms` must hold 1 to 16 ids of rooms, `r_…`"))
}

fn invalid(detail: &'static str) -> Refusal {
    Refusal::new(ErrorCode::TokenInvalid, detail)
}
