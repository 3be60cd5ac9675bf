//! The OpenAPI document, generated from the handlers and the frames.

use crate::router;

/// Returns the document as it is checked in at `openapi.yaml`.
pub fn yaml() -> String {
    let (_, document) = router::api().split_for_parts();
    document.to_yaml().expect("the document serializes")
}

#[cfg(test)]
mod tests {
    use contracts::{
        CLIENT_NAME_MAX, COMMAND_ID_MAX, DRIFT_MS_MAX, HOST_GRACE_MS_MAX, HOST_LEASE_MS_MAX,
        HOST_LEASE_MS_MIN, LINK_CHARS_MAX, SLOW_MODE_MS_MAX, UNCERTAINTY_MS_MAX,
    };
    use serde_json::Value;

    use crate::router;

    #[test]
    fn each_limit_in_the_document_is_the_one_that_is_checked() {
        let (_, document) = router::api().split_for_parts();
        let document = serde_json::to_value(document).expect("the document serializes");
        let schemas = &document["components"]["schemas"];
        for (schema, field, keyword, limit) in [
            ("CreateRoom", "host_grace_ms", "maximum", HOST_GRACE_MS_MAX as f64),
            ("CreateRoom", "host_lease_ms", "minimum", HOST_LEASE_MS_MIN as f64),
            ("CreateRoom", "host_lease_ms", "maximum", HOST_LEASE_MS_MAX as f64),
            ("PatchRoom", "host_grace_ms", "maximum", HOST_GRACE_MS_MAX as f64),
            ("PatchChat", "slow_mode_ms", "maximum", SLOW_MODE_MS_MAX as f64),
            ("ResolveRequest", "link", "maxLength", LINK_CHARS_MAX as f64),
            ("SetMedia", "link", "maxLength", LINK_CHARS_MAX as f64),
            ("ClientInfo", "name", "maxLength", CLIENT_NAME_MAX as f64),
            ("ClientInfo", "version", "maxLength", CLIENT_NAME_MAX as f64),
            ("SyncReport", "drift_ms", "minimum", -DRIFT_MS_MAX),
            ("SyncReport", "drift_ms", "maximum", DRIFT_MS_MAX),
            ("SyncReport", "uncertainty_ms", "maximum", UNCERTAINTY_MS_MAX),
        ] {
            let stated = &schemas[schema]["properties"][field][keyword];
            assert_eq!(stated.as_f64(), Some(limit), "{schema}.{field}.{keyword}");
        }
        let parameters = document["paths"]["/rooms"]["post"]["parameters"].as_array();
        let named = |parameter: &&Value| parameter["name"] == "Idempotency-Key";
        let key = parameters.and_then(|parameters| parameters.iter().find(named));
        let key = key.expect("a room is created under a key");
        assert_eq!(key["schema"]["maxLength"], COMMAND_ID_MAX);
    }
}
