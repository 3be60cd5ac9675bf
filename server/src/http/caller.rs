//! Authenticates a request by its bearer token. A handler that takes a `Caller` is authenticated.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use contracts::ErrorCode;

use crate::access::Caller;
use crate::app::App;
use crate::refusal::Refusal;

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
            let detail = "the Authorization header holds no bearer token";
            Refusal::new(ErrorCode::TokenInvalid, detail)
        })?;
        app.access.authenticate(token)
    }
}

/// Who asks, where nobody has to say so. A token that isn't valid says nothing.
impl OptionalFromRequestParts<App> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Infallible> {
        let caller = <Self as FromRequestParts<App>>::from_request_parts(parts, app).await;
        Ok(caller.ok())
    }
}
