//! The parts of the OpenAPI document that belong to no operation.

use contracts::{ClientFrame, Problem, ServerFrame};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

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
        (name = "me", description = "The caller"),
        (name = "rooms", description = "Rooms and who is in them"),
        (name = "sources", description = "What links lead to")
    ),
    components(schemas(ClientFrame, ServerFrame, Problem)),
    modifiers(&Security)
)]
pub(crate) struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("token", bearer);
        let basic = SecurityScheme::Http(Http::new(HttpAuthScheme::Basic));
        components.add_security_scheme("api_key", basic);
    }
}
