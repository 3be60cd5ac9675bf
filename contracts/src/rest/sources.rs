//! Bodies of `/sources`: resolving links.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::source::Source;

/// A request to resolve a link.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ResolveRequest {
    /// The link that a person pasted.
    #[schema(min_length = 1, max_length = 2048)]
    pub link: String,
}

/// A resolved link.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Resolved {
    /// The source that the link leads to.
    pub source: Source,
}
