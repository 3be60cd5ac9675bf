//! Emulated network links in user space: each client has a network namespace of its own, and
//! between it and the server's namespace lies a link that delays, loses and limits IP packets.
//!
//! A link is a pair of TUN devices; what one of them is given, a thread takes to the other when it
//! is due. Losses are real, so TCP really retransmits.

mod command;
mod control;
mod device;
mod direction;
mod impairment;
mod links;
mod namespace;
mod network;
mod queue;
mod schedule;
mod shuttle;

pub use self::impairment::Impairment;
pub use self::links::{Links, REFUSED_STATUS, Refusal};
