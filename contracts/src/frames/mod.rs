//! WebSocket frames, one JSON object each. `client` holds what clients send, `server` what the
//! server sends.

pub(crate) mod client;
pub(crate) mod server;
