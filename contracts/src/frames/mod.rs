//! WebSocket frames, one JSON object each. `hello` and `client` hold what clients send, `server` what
//! the server sends, and `ephemeral` what those of the server carry that have no version.

pub(crate) mod client;
pub(crate) mod ephemeral;
pub(crate) mod hello;
pub(crate) mod server;
