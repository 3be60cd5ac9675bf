//! Whoever an HTTP request authenticated as. A handler that takes a `Caller` is authenticated.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use contracts::ErrorCode;
use engine::{Actor, ParticipantId, Role, RoomId};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::id;
use crate::refusal::Refusal;

/// A user with a good token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Caller {
    /// Who.
    pub user_id: String,
    /// What the user is called.
    pub display_name: String,
    /// Whether the user has no account.
    pub guest: bool,
    /// When the token runs out. Unix epoch.
    pub expires_at_ms: u64,
}

impl Caller {
    /// The participant that the caller is in a room.
    pub fn participant_id(&self, room_id: &RoomId) -> ParticipantId {
        id::participant_id(room_id, &self.user_id)
    }

    /// The role held in a room without any grant.
    pub fn base(&self) -> Role {
        if self.guest { Role::Guest } else { Role::Member }
    }

    /// The caller as the engine sees it.
    pub fn actor(&self, room_id: &RoomId) -> Actor {
        Actor::Participant { id: self.participant_id(room_id), base: self.base() }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let header = parts.headers.get(header::AUTHORIZATION);
        let header = header.ok_or_else(|| {
            Refusal::new(ErrorCode::Unauthenticated, "send a token: Authorization: Bearer …")
        })?;
        let token = header.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        let token = token.ok_or_else(|| {
            Refusal::new(ErrorCode::TokenInvalid, "the Authorization header holds no bearer token")
        })?;
        app.tokens.check(token, &app.clock)
    }
}
