//! The document states the limits that the code checks, and leaves no text of a request without one.

use contracts::{
    ACCESS_TOKEN_MAX, CAPABILITIES_MAX, CLIENT_NAME_MAX, COMMAND_ID_MAX, DRIFT_MS_MAX,
    HOST_GRACE_MS_MAX, HOST_LEASE_MS_MAX, HOST_LEASE_MS_MIN, LINK_CHARS_MAX,
    NAME_SKELETON_BYTES_MAX, PAGE_TOKEN_MAX, PROVIDER_MAX, REFRESH_TOKEN_MAX, ROOM_KEY_BYTES_MAX,
    SEARCH_MAX, SLOW_MODE_MS_MAX, STREAM_ID_MAX, TAG_BYTES_MAX, TIME_MS_MAX, TRACK_ID_MAX,
    UNCERTAINTY_MS_MAX,
};
use engine::RoomId;
use serde_json::Value;

use crate::{id, router};

/// What the parts of ids consist of, as patterns have it.
const ID_TEXT: &str = "[0-9A-HJKMNP-TV-Z]";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[test]
fn each_limit_in_the_document_is_the_one_that_is_checked() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    for (schema, field, keyword, limit) in [
        ("AuthRefresh", "access_token", "maxLength", ACCESS_TOKEN_MAX as f64),
        ("Ban", "name_skeleton", "maxLength", NAME_SKELETON_BYTES_MAX as f64),
        ("Grant", "name_skeleton", "maxLength", NAME_SKELETON_BYTES_MAX as f64),
        ("Knock", "name_skeleton", "maxLength", NAME_SKELETON_BYTES_MAX as f64),
        ("ChangeAudio", "track", "maxLength", TRACK_ID_MAX as f64),
        ("ChangeQuality", "rendition", "maxLength", TRACK_ID_MAX as f64),
        ("ChangeSubtitle", "track", "maxLength", TRACK_ID_MAX as f64),
        ("ClientInfo", "name", "maxLength", CLIENT_NAME_MAX as f64),
        ("ClientInfo", "version", "maxLength", CLIENT_NAME_MAX as f64),
        ("BanRequest", "until_ms", "maximum", TIME_MS_MAX as f64),
        ("CreateRoom", "host_grace_ms", "maximum", HOST_GRACE_MS_MAX as f64),
        ("CreateRoom", "host_lease_ms", "minimum", HOST_LEASE_MS_MIN as f64),
        ("CreateRoom", "host_lease_ms", "maximum", HOST_LEASE_MS_MAX as f64),
        ("Hello", "capabilities", "maxItems", CAPABILITIES_MAX as f64),
        ("Participant", "name_skeleton", "maxLength", NAME_SKELETON_BYTES_MAX as f64),
        ("PatchChat", "slow_mode_ms", "maximum", SLOW_MODE_MS_MAX as f64),
        ("PatchRoom", "host_grace_ms", "maximum", HOST_GRACE_MS_MAX as f64),
        ("RefreshRequest", "refresh_token", "maxLength", REFRESH_TOKEN_MAX as f64),
        ("ResolveRequest", "link", "maxLength", LINK_CHARS_MAX as f64),
        ("SetMedia", "link", "maxLength", LINK_CHARS_MAX as f64),
        ("SourceRef", "provider", "maxLength", PROVIDER_MAX as f64),
        ("SourceRef", "stream_id", "maxLength", STREAM_ID_MAX as f64),
        ("SyncReport", "drift_ms", "minimum", -DRIFT_MS_MAX),
        ("SyncReport", "drift_ms", "maximum", DRIFT_MS_MAX),
        ("SyncReport", "uncertainty_ms", "maximum", UNCERTAINTY_MS_MAX),
    ] {
        let stated = &schemas[schema]["properties"][field][keyword];
        assert_eq!(stated.as_f64(), Some(limit), "{schema}.{field}.{keyword}");
    }
    for (path, method, name, limit) in [
        ("/rooms", "post", "Idempotency-Key", COMMAND_ID_MAX),
        ("/rooms/public", "get", "page_token", PAGE_TOKEN_MAX),
        ("/rooms/public", "get", "provider", PROVIDER_MAX),
        ("/rooms/public", "get", "q", SEARCH_MAX),
        ("/rooms/public", "get", "tag", TAG_BYTES_MAX),
        ("/rooms/{room_id}", "get", "room_id", ROOM_KEY_BYTES_MAX),
    ] {
        let schema = parameter(&document, path, method, name);
        assert_eq!(schema["maxLength"], limit, "{method} {path} {name}");
    }
}

#[test]
fn ids_have_the_form_that_the_document_states() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let field = |schema: &str, field: &str| schemas[schema]["properties"][field].clone();
    let participant_id = id::participant_id(&RoomId::new("r_1"), "u_1");
    let one_ban = "/rooms/{room_id}/bans/{participant_id}";
    for (stated, id) in [
        (field("BanRequest", "participant_id"), participant_id.as_str()),
        (field("HostTransfer", "participant_id"), participant_id.as_str()),
        (parameter(&document, one_ban, "delete", "participant_id"), participant_id.as_str()),
        (field("Ended", "media_id"), id::media_id().as_str()),
        (field("Measured", "media_id"), id::media_id().as_str()),
        (field("MediaFailed", "media_id"), id::media_id().as_str()),
        (parameter(&document, "/rooms/{room_id}/ws", "get", "ticket"), &id::secret()),
    ] {
        let (prefix, text) = id.split_at(id.find('_').map_or(0, |at| at + 1));
        assert_eq!(stated["maxLength"], id.len(), "{stated}");
        assert_eq!(stated["pattern"], format!("^{prefix}{ID_TEXT}{{{}}}$", text.len()), "{id}");
        assert!(text.bytes().all(|byte| is_of_id(char::from(byte))), "{id}");
    }
    let all = (0..=u8::MAX).map(|byte| id::text_of(&[byte])).collect::<String>();
    assert!(all.chars().all(is_of_id) && ('A'..='Z').filter(|c| !is_of_id(*c)).count() == 4);
    assert_eq!(id::room_id().as_str().len(), 22);
    let room_ids = field("TokenRequest", "rooms")["items"].clone();
    assert_eq!(
        (&room_ids["maxLength"], &room_ids["pattern"]),
        (&22.into(), &"^r_[0-9A-Za-z]{20}$".into())
    );
}

#[test]
fn every_text_and_list_of_a_request_has_a_limit() {
    let document = document();
    let mut unlimited = Vec::new();
    let mut look_at = |name: &str, schema: &Value| {
        find_unlimited(&document, name.to_owned(), schema, &mut unlimited);
    };
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in METHODS {
            let operation = &item[method];
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                look_at(&format!("{method} {path}: {}", parameter["name"]), &parameter["schema"]);
            }
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            look_at(&format!("{method} {path}"), body);
        }
    }
    look_at("frame", &document["components"]["schemas"]["ClientFrame"]);
    assert_eq!(unlimited, Vec::<String>::new());
}

/// Finds text without a greatest length and lists without a greatest number of items, wherever they are in a schema.
fn find_unlimited(document: &Value, name: String, schema: &Value, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#')).expect("is there");
        return find_unlimited(document, name, schema, found);
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        for schema in schema[keyword].as_array().into_iter().flatten() {
            find_unlimited(document, name.clone(), schema, found);
        }
    }
    let is = |wanted: &str| match &schema["type"] {
        Value::Array(types) => types.iter().any(|one| one == wanted),
        one => one == wanted,
    };
    let is_text = is("string") && schema["maxLength"].is_null() && schema["enum"].is_null();
    if is_text || (is("array") && schema["maxItems"].is_null()) {
        found.push(name.clone());
    }
    find_unlimited_in(document, &name, schema, found);
}

fn find_unlimited_in(document: &Value, name: &str, schema: &Value, found: &mut Vec<String>) {
    for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
        find_unlimited(document, format!("{name}.{field}"), schema, found);
    }
    if !schema["items"].is_null() {
        find_unlimited(document, format!("{name}[]"), &schema["items"], found);
    }
}

fn is_of_id(c: char) -> bool {
    matches!(c, '0'..='9' | 'A'..='H' | 'J' | 'K' | 'M' | 'N' | 'P'..='T' | 'V'..='Z')
}

fn parameter(document: &Value, path: &str, method: &str, name: &str) -> Value {
    let parameters = document["paths"][path][method]["parameters"].as_array();
    let named = |parameter: &&Value| parameter["name"] == name;
    let found = parameters.and_then(|parameters| parameters.iter().find(named));
    found.unwrap_or_else(|| panic!("{method} {path} has {name}"))["schema"].clone()
}

fn document() -> Value {
    let (_, document) = router::api().split_for_parts();
    serde_json::to_value(document).expect("the document serializes")
}
