//! Bodies of `/auth`: access and refresh tokens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::name::{display_name, room_ids};
use crate::whole;

/// A request for a guest's tokens, which needs no account.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct GuestRequest {
    /// The name that other participants see.
    #[schema(schema_with = display_name)]
    pub display_name: String,
}

/// A request for new tokens of the same user.
#[derive(Clone, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RefreshRequest {
    /// The refresh token that came with the last access token.
    #[schema(max_length = 100)]
    pub refresh_token: String,
}

/// A guest's tokens.
#[derive(Clone, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct GuestToken {
    /// The id of the user, who stays the same as long as the tokens are refreshed.
    pub user_id: String,
    /// The name that other participants see.
    pub display_name: String,
    /// The access token, to be sent as `Authorization: Bearer`.
    pub access_token: String,
    /// How long the access token is valid, in milliseconds.
    pub expires_in_ms: u64,
    /// When the access token expires, in milliseconds since the Unix epoch. For display only: the
    /// clock of a client may be wrong.
    pub expires_at_ms: u64,
    /// The refresh token, to be sent to `POST /auth/refresh` for the next tokens. It replaces the one
    /// before.
    pub refresh_token: String,
}

/// A request for an access token of a user of another product, by that product's API key.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct TokenRequest {
    /// The product's own id of the user, which never changes: 1 to 64 visible ASCII characters.
    #[schema(min_length = 1, max_length = 64, pattern = "^[!-~]+$")]
    pub user_id: String,
    /// The name that other participants see.
    #[schema(schema_with = display_name)]
    pub display_name: String,
    /// The ids of the only rooms that the token is for, which then creates none; without it, the token is for every
    /// room. Null is refused, since it may have been meant to be no room.
    #[serde(default, deserialize_with = "super::present", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = room_ids)]
    pub rooms: Option<Vec<String>>,
    /// How long the token is to be valid, in milliseconds. The default is the server's.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(minimum = 1000, maximum = 86_400_000)]
    pub expires_in_ms: Option<u64>,
}

/// An access token of a user of another product.
#[derive(Clone, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct UserToken {
    /// The id of the user on this server: that of the API key, a colon, and the product's own.
    pub user_id: String,
    /// The name that other participants see.
    pub display_name: String,
    /// The access token, to be sent as `Authorization: Bearer`.
    pub access_token: String,
    /// How long the access token is valid, in milliseconds.
    pub expires_in_ms: u64,
    /// When the access token expires, in milliseconds since the Unix epoch. For display only: the
    /// clock of a client may be wrong.
    pub expires_at_ms: u64,
}

/// The public keys by which this server's access tokens can be checked (RFC 7517).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// A public Ed25519 key (RFC 8037).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Jwk {
    /// `OKP`.
    pub kty: String,
    /// `Ed25519`.
    pub crv: String,
    /// The key, 32 bytes in base64url.
    pub x: String,
    /// What the header of a token calls it.
    pub kid: String,
    /// `EdDSA`.
    pub alg: String,
    /// `sig`: it is for signatures.
    #[serde(rename = "use")]
    pub use_: String,
}

impl std::fmt::Debug for UserToken {
    /// Omits the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserToken").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for RefreshRequest {
    /// Omits the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshRequest").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for GuestToken {
    /// Omits the tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuestToken").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
