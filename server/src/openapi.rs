//! The OpenAPI document, built from the handlers and the frames.

use contracts::{ClientFrame, Problem, ServerFrame};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Playhead",
        description = "Synchronized watch parties: everybody on the same frame.\n\nThe WebSocket \
            speaks `ClientFrame` (with an `id`) and `ServerFrame`, as text frames under the \
            subprotocol `playhead.v1.json`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/api/v1")),
    tags(
        (name = "server", description = "What the server is, and its clock"),
        (name = "auth", description = "Tokens"),
        (name = "rooms", description = "Rooms and who is in them"),
        (name = "sources", description = "What links lead to")
    ),
    components(schemas(ClientFrame, ServerFrame, Problem)),
    modifiers(&Security)
)]
pub(crate) struct Base;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("token", bearer);
    }
}

/// Every refusal is one shape.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents responses that `Refusal` makes")]
pub(crate) enum Problems {
    #[response(
        status = "4XX",
        description = "Refused; `code` says why",
        content_type = "application/problem+json"
    )]
    Refused(Problem),
    #[response(
        status = "5XX",
        description = "Failed; `retry` and `outcome` say what to do",
        content_type = "application/problem+json"
    )]
    Failed(Problem),
}

/// The document as checked in at `openapi.yaml`.
pub fn yaml() -> String {
    let (_, document) = crate::router::api().split_for_parts();
    document.to_yaml().expect("the document serializes")
}
