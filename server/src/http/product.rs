//! Authenticates the backend of another product by its API key. A handler that takes a `Product` is authenticated.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use contracts::ErrorCode;

use crate::access::Product;
use crate::app::App;
use crate::refusal::Refusal;

impl FromRequestParts<App> for Product {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let header = parts.headers.get(header::AUTHORIZATION).ok_or_else(|| {
            let detail = "send an API key: Authorization: Basic, with its id and its secret";
            Refusal::new(ErrorCode::ApiKeyInvalid, detail)
        })?;
        let basic = header.to_str().ok().and_then(|text| {
            let (scheme, credentials) = text.split_once(' ')?;
            let is_basic = scheme.eq_ignore_ascii_case("basic");
            let credentials =
                BASE64_STANDARD.decode(credentials.trim()).ok().filter(|_| is_basic)?;
            String::from_utf8(credentials).ok()
        });
        let key = basic.as_deref().and_then(|credentials| credentials.split_once(':'));
        let (key_id, secret) = key.ok_or_else(|| {
            let detail = "the Authorization header holds no API key: Basic, base64 of id:secret";
            Refusal::new(ErrorCode::ApiKeyInvalid, detail)
        })?;
        app.access.find_product(key_id, secret)
    }
}
