//! Bodies of HTTP requests and responses, one file a resource.

pub(crate) mod auth;
pub(crate) mod bans;
pub(crate) mod grants;
pub(crate) mod invites;
pub(crate) mod knocks;
pub(crate) mod me;
pub(crate) mod meta;
pub(crate) mod participants;
pub(crate) mod rooms;
pub(crate) mod sources;

use serde::{Deserialize, Deserializer};

/// Deserializes a field that is there. Null is what it is for `T`: refused, unless that can be null.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
