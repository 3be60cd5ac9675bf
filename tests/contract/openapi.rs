//! `openapi.yaml` is what the router serves.

use crate::checked_in::assert_file;

#[test]
fn openapi_yaml_is_what_the_router_serves() {
    assert_file("openapi.yaml", &server::openapi::yaml());
}
