//! Bodies of HTTP requests and responses, one file a resource.

pub(crate) mod auth;
pub(crate) mod bans;
pub(crate) mod meta;
pub(crate) mod participants;
pub(crate) mod rooms;
pub(crate) mod sources;
