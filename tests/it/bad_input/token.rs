//! Tokens that this server didn't issue, or that have expired.

use contracts::GuestToken;
use harness::http::Method;
use harness::{Api, ServerProcess};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::identity::KEY;
use crate::party::{options, server};
use crate::problem;

/// The public key of [`KEY`].
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAjUYPKEVayDNQG47aR27sPDEyrH2zEjCeHUmTZJ7W8SI=\n\
    -----END PUBLIC KEY-----\n";
/// `{"alg":"none","typ":"at+jwt"}`.
const HEADER_NONE: &str = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
/// Expiry times in the past and in the future, in seconds since the Unix epoch.
const PAST: u64 = 1_000_000_000;
const FUTURE: u64 = 4_000_000_000;

#[tokio::test]
async fn a_missing_or_broken_token_is_a_problem() {
    let server = server().await;
    let GuestToken { access_token, .. } = server.api().guest("Ada").await.unwrap();
    let parts: Vec<&str> = access_token.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("three parts: {access_token}") };
    let (without_alg, unsigned) =
        (format!("{HEADER_NONE}.{claims}."), format!("{header}.{claims}."));
    let swapped = format!("{header}.eyJzdWIiOiJ1X3giLCJuYW1lIjoieCJ9.{signature}");
    let none_signed = format!("{HEADER_NONE}.{claims}.{signature}");
    let cut = &access_token[..access_token.len() - 4];
    for token in [
        "x",
        "a.b.c",
        "..",
        &without_alg,
        &none_signed,
        &unsigned,
        &swapped,
        cut,
        &format!("{access_token}x"),
        &access_token.repeat(20),
    ] {
        let shown: String = token.chars().take(60).collect();
        refuses(&server.api(), token, "token_invalid", &shown).await;
    }
    for (authorization, code) in [
        ("Bearer", "token_invalid"),
        ("Bearer ", "token_invalid"),
        ("Basic dTpw", "token_invalid"),
        (access_token.as_str(), "token_invalid"),
    ] {
        let headers = [("authorization", authorization)];
        let response = server.api().raw(Method::POST, "api/v1/rooms", &headers, "").await.unwrap();
        problem::check(&response, code, authorization);
        assert_eq!(response.header("www-authenticate"), "Bearer");
    }
    let response = server.api().raw(Method::POST, "api/v1/rooms", &[], "").await.unwrap();
    problem::check(&response, "unauthenticated", "no token");
    server.api().with_token(&access_token).create_room("Friday").await.unwrap();
}

#[tokio::test]
async fn only_a_token_of_the_right_key_algorithm_type_and_time_is_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key.pem");
    std::fs::write(&file, KEY).unwrap();
    let file = file.to_str().expect("a plain path");
    let server: ServerProcess =
        options().env("PLAYHEAD_TOKEN_KEY_FILE", file).start().await.unwrap();
    let api = server.api();

    let own = EncodingKey::from_ed_pem(KEY.as_bytes()).unwrap();
    let good = sign(&header(Algorithm::EdDSA, "at+jwt"), &claims(FUTURE), &own);
    api.with_token(&good).create_room("Friday").await.unwrap();

    let expired = sign(&header(Algorithm::EdDSA, "at+jwt"), &claims(PAST), &own);
    refuses(&api, &expired, "token_expired", "an expired token").await;
    // Algorithm confusion: the public key used as a shared secret.
    for secret in [PUBLIC_KEY.as_bytes(), PUBLIC_KEY.trim().as_bytes(), b""] {
        let shared = EncodingKey::from_secret(secret);
        for algorithm in [Algorithm::HS256, Algorithm::HS512] {
            let forged = sign(&header(algorithm, "at+jwt"), &claims(FUTURE), &shared);
            refuses(&api, &forged, "token_invalid", &format!("{algorithm:?}")).await;
        }
    }
    let other_kind = sign(&header(Algorithm::EdDSA, "JWT"), &claims(FUTURE), &own);
    refuses(&api, &other_kind, "token_invalid", "a token of another kind").await;
    let mut foreign = claims(FUTURE);
    foreign["iss"] = json!("elsewhere");
    let foreign = sign(&header(Algorithm::EdDSA, "at+jwt"), &foreign, &own);
    refuses(&api, &foreign, "token_invalid", "a token of another issuer").await;
    for missing in ["iss", "sub", "exp", "name"] {
        let mut claims = claims(FUTURE);
        claims.as_object_mut().expect("claims are an object").remove(missing);
        let token = sign(&header(Algorithm::EdDSA, "at+jwt"), &claims, &own);
        refuses(&api, &token, "token_invalid", &format!("a token without `{missing}`")).await;
    }
    let mut endless = claims(FUTURE);
    endless["exp"] = json!(u64::MAX);
    let endless = sign(&header(Algorithm::EdDSA, "at+jwt"), &endless, &own);
    let response = api.with_token(&endless).request(Method::GET, "rooms/AAAAA-AAAAA", None).await;
    problem::check(&response.unwrap(), "room_not_found", "a token that never ends is no crash");
}

async fn refuses(api: &Api, token: &str, code: &str, asked: &str) {
    let body = json!({ "name": "Friday" });
    let response = api.with_token(token).request(Method::POST, "rooms", Some(&body)).await.unwrap();
    problem::check(&response, code, asked);
}

fn header(algorithm: Algorithm, kind: &str) -> Header {
    let mut header = Header::new(algorithm);
    header.typ = Some(kind.to_owned());
    header
}

fn claims(exp: u64) -> Value {
    json!({ "iss": "playhead", "sub": "u_test", "name": "Ada", "guest": true, "iat": 1, "exp": exp })
}

fn sign(header: &Header, claims: &Value, key: &EncodingKey) -> String {
    encode(header, claims, key).unwrap()
}
