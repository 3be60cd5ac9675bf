//! Finds out where a request comes from, for the limits per address.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use contracts::ErrorCode;

use crate::app::App;
use crate::net::{Ends, Peer};
use crate::refusal::Refusal;

impl FromRequestParts<App> for Peer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let ends = parts.extensions.get::<Ends>();
        let ends =
            ends.ok_or_else(|| Refusal::new(ErrorCode::Internal, "the connection is unknown"))?;
        Ok(Self::of(ends, &parts.headers, &app.config.trusted_proxies))
    }
}
