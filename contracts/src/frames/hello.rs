//! The first frame that a client sends.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use crate::whole;
use crate::{CAPABILITIES_MAX, CAPABILITY_MAX};

/// Introduces a client.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Hello {
    /// The client's name and version.
    pub client: ClientInfo,
    /// What the client supports. With `ready`, the connection takes part in barriers. Unknown values are ignored.
    #[serde(default)]
    #[schema(schema_with = capabilities)]
    pub capabilities: Vec<String>,
    /// The session to resume, after a reconnect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub resume: Option<Resume>,
}

/// A client's name and version, for the server's log.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ClientInfo {
    /// The name of the client.
    #[schema(max_length = 64)]
    pub name: String,
    /// The version of the client.
    #[schema(max_length = 64)]
    pub version: String,
}

/// The session that a client resumes, and the last state it saw.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Resume {
    /// The `session_id` from `welcome`.
    #[schema(max_length = 43, pattern = "^s_[0-9A-HJKMNP-TV-Z]{16}\\.[0-9A-HJKMNP-TV-Z]{24}$")]
    pub session_id: String,
    /// The last epoch that the client saw.
    #[serde(deserialize_with = "whole::required")]
    pub epoch: u64,
    /// The last version that the client saw.
    #[serde(deserialize_with = "whole::required")]
    pub version: u64,
}

/// The schema of what a client supports.
fn capabilities() -> Array {
    let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(CAPABILITY_MAX));
    let what = "What the client supports. With `ready`, the connection takes part in barriers. Unknown values are ignored.";
    let list = ArrayBuilder::new().items(text).max_items(Some(CAPABILITIES_MAX));
    list.description(Some(what)).build()
}
