//! Access tokens that a product's backend signs itself, by a key whose public half the server knows.

use contracts::{JwkSet, Role};
use harness::http::Method;
use harness::{ServerOptions, ServerProcess};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde_json::{Value, json};
use server::clock::WallTime;

use crate::identity;
use crate::problem;
use crate::products;

const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
                       MC4CAQAwBQYDK2VwBCIEIGVvUCnuM09n+9rMRHe151vDlUhVeChZV3xeLiP5GSoT\n\
                       -----END PRIVATE KEY-----\n";
const PUBLIC: &str = "MCowBQYDK2VwAyEAHqbIg77F0so/ELlVzxYM+0lyyRQGBxxOW5ekw5CpRiw=";

#[tokio::test]
async fn a_user_whose_token_the_product_signed_is_the_one_that_its_api_key_names() {
    let server = server().await;
    let host = server.api().as_guest("Ada").await.unwrap();
    let [first, second] = [host.create_room("One").await, host.create_room("Two").await];
    let [first, second] = [first.unwrap().room_id, second.unwrap().room_id];
    let grace = server.api().with_token(&mint(&claims()));
    let me = grace.me().await.unwrap();
    assert_eq!((&*me.user_id, &*me.display_name, me.is_guest), ("shop:42", "Grace", false));
    let joined = grace.join(&first).await.unwrap();
    assert_eq!(joined.role, Role::Member);
    grace.enter(&first).await.unwrap();
    let issued = products::member(&server, "42", "Hopper").await;
    assert_eq!(issued.join(&first).await.unwrap().participant_id, joined.participant_id);

    let limited = changed(claims(), json!({ "rooms": [first] }));
    let limited = server.api().with_token(&mint(&limited));
    limited.join(&first).await.unwrap();
    let path = format!("rooms/{second}/join");
    let refused = limited.request(Method::POST, &path, None).await.unwrap();
    problem::check(&refused, "forbidden", "another room");
}

#[tokio::test]
async fn a_token_that_lacks_a_claim_or_that_another_key_has_signed_is_refused() {
    let server = server().await;
    let now = seconds_now();
    for changes in [
        json!({ "iss": "club" }),
        json!({ "iss": "playhead" }),
        json!({ "iss": null }),
        json!({ "aud": "elsewhere" }),
        json!({ "aud": null }),
        json!({ "sub": "" }),
        json!({ "sub": "4 2" }),
        json!({ "sub": "4".repeat(65) }),
        json!({ "sub": null }),
        json!({ "name": " " }),
        json!({ "name": "n".repeat(10_000) }),
        json!({ "name": null }),
        json!({ "iat": now + 3_600, "exp": now + 7_200 }),
        json!({ "nbf": now + 3_600 }),
        json!({ "exp": now + 25 * 3_600 }),
        json!({ "exp": "tomorrow" }),
        json!({ "exp": null }),
        json!({ "rooms": [] }),
        json!({ "rooms": ["ABCDE-FGHJK"] }),
        json!({ "rooms": "r_00000000000000000000" }),
        json!({ "rooms": vec!["r_00000000000000000000"; 17] }),
    ] {
        let token = mint(&changed(claims(), changes.clone()));
        is_refused(&server, &token, "token_invalid", &changes.to_string()).await;
    }
    let mut every_or_none = claims();
    every_or_none["rooms"] = Value::Null;
    is_refused(&server, &mint(&every_or_none), "token_invalid", "no rooms").await;
    let expired = changed(claims(), json!({ "iat": now - 120, "exp": now - 60 }));
    is_refused(&server, &mint(&expired), "token_expired", "an expired one").await;
}

#[tokio::test]
async fn a_header_can_neither_choose_another_key_nor_another_algorithm() {
    let server = server().await;
    let own = Header { typ: Some("at+jwt".to_owned()), ..Header::new(Algorithm::EdDSA) };
    let kid = |kid: &str| Some(kid.to_owned());
    let good = Header { kid: kid("shop:k1"), ..own.clone() };
    let product = EncodingKey::from_ed_pem(PRIVATE.as_bytes()).unwrap();
    let foreign = EncodingKey::from_ed_pem(identity::KEY.as_bytes()).unwrap();
    let public = EncodingKey::from_secret(PUBLIC.as_bytes());
    for (header, key, what) in [
        (good.clone(), &foreign, "another key"),
        (Header { kid: kid("shop:k2"), ..own.clone() }, &product, "an unknown key"),
        (Header { kid: kid("club:k2"), ..own.clone() }, &product, "another product's key"),
        (Header { kid: None, ..own.clone() }, &product, "no key"),
        (Header { typ: kid("JWT"), ..good.clone() }, &product, "another type"),
        (Header { crit: Some(vec!["b64".to_owned()]), ..good.clone() }, &product, "an extension"),
        (Header { jku: kid("https://evil.example/jwks.json"), ..good.clone() }, &foreign, "jku"),
        (Header { alg: Algorithm::HS256, ..good.clone() }, &public, "the public key as a secret"),
    ] {
        let token = encode(&header, &claims(), key).unwrap();
        is_refused(&server, &token, "token_invalid", what).await;
    }
    let token = mint(&claims());
    let (signed, _) = token.rsplit_once('.').unwrap();
    is_refused(&server, &format!("{signed}."), "token_invalid", "no signature").await;
}

#[tokio::test]
async fn this_servers_own_tokens_are_checked_by_the_keys_that_it_lists() {
    let server = server().await;
    let ada = server.api().guest("Ada").await.unwrap();
    let listed = server.api().request(Method::GET, "auth/jwks", None).await.unwrap();
    let JwkSet { keys } = listed.parse().unwrap();
    let kid = decode_header(&ada.access_token).unwrap().kid;
    let key = keys.iter().find(|key| Some(&key.kid) == kid.as_ref()).expect("it is listed");
    assert_eq!((&*key.kty, &*key.crv, &*key.alg, &*key.use_), ("OKP", "Ed25519", "EdDSA", "sig"));
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["playhead"]);
    let checking = DecodingKey::from_ed_components(&key.x).unwrap();
    let token = decode::<Value>(&ada.access_token, &checking, &validation).unwrap();
    assert_eq!(token.claims["sub"], ada.user_id);
}

async fn is_refused(server: &ServerProcess, token: &str, code: &str, what: &str) {
    let api = server.api().with_token(token);
    problem::check(&api.request(Method::GET, "me", None).await.unwrap(), code, what);
}

async fn server() -> ServerProcess {
    options().start().await.unwrap()
}

fn options() -> ServerOptions {
    let club = "club:k2:MCowBQYDK2VwAyEAHqbIg77F0so/ELlVzxYM+0lyyRQGBxxOW5ekw5CpRiw=";
    products::keyed().env("PLAYHEAD_PRODUCT_KEYS", format!("shop:k1:{PUBLIC},{club}"))
}

/// Claims that are accepted.
fn claims() -> Value {
    let now = seconds_now();
    json!({ "iss": "shop", "aud": "playhead", "sub": "42", "name": "Grace", "iat": now, "exp": now + 600 })
}

/// Replaces claims; null leaves one out.
fn changed(mut claims: Value, changes: Value) -> Value {
    let (Some(fields), Value::Object(changes)) = (claims.as_object_mut(), changes) else {
        panic!("claims are an object");
    };
    for (name, value) in changes {
        if value.is_null() {
            fields.remove(&name)
        } else {
            fields.insert(name, value)
        };
    }
    claims
}

fn mint(claims: &Value) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some("shop:k1".to_owned());
    encode(&header, claims, &EncodingKey::from_ed_pem(PRIVATE.as_bytes()).unwrap()).unwrap()
}

fn seconds_now() -> u64 {
    WallTime::now().as_millis() / 1000
}
