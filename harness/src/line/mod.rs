//! Emulated network lines in user space: each client has its own network namespace, and a line
//! between it and the server's namespace delays, drops and rate-limits IP packets.
//!
//! A line is a pair of TUN devices. A thread takes the packets that one of them receives to the
//! other when they are due. Losses are real, so TCP really retransmits.

mod command;
mod control;
mod device;
mod direction;
mod impairment;
mod lines;
mod namespace;
mod network;
mod queue;
mod schedule;
mod shuttle;

pub use self::impairment::Impairment;
pub use self::lines::{Lines, REFUSED_STATUS, Refusal};
