//! The WebSocket protocol (RFC 6455) over raw sockets: the cases of Autobahn's suite that a server can meet
//! which speaks JSON and takes messages of at most 16 KiB.
//!
//! Where that suite expects an echo, these cases send the protocol's own `ping` as JSON and expect its `pong`.

mod close;
mod fragments;
mod framing;
mod handshake;
mod opcodes;
mod pings;
pub mod raw;
mod utf8;
