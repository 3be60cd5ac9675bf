//! `GET /auth/jwks`

use axum::extract::State;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use contracts::{Jwk, JwkSet};

use crate::app::App;
use crate::http::Problems;
use crate::http::extract::Json;

/// Lists the public keys by which other programs can check this server's access tokens: JWTs with the issuer `playhead`. A
/// token that was revoked passes until it expires.
#[utoipa::path(get, path = "/jwks", operation_id = "listKeys", tag = "auth",
    responses((status = 200, body = JwkSet, description = "The keys"), Problems))]
#[tracing::instrument(name = "http.list_keys", skip_all)]
pub(crate) async fn list_keys(State(app): State<App>) -> Json<JwkSet> {
    let (key_id, public) = app.access.public_key();
    let key = Jwk {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: BASE64_URL_SAFE_NO_PAD.encode(public),
        kid: key_id.to_owned(),
        alg: "EdDSA".to_owned(),
        use_: "sig".to_owned(),
    };
    Json(JwkSet { keys: vec![key] })
}
