//! The WebSocket: upgrade, one session per socket, commands.

mod attach;
mod command;
mod early;
mod hello;
mod lease;
mod origin;
mod session;
mod socket;
mod upgrade;

pub(crate) use upgrade::__path_connect;
pub(crate) use upgrade::connect;
