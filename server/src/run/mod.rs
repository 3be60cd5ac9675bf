//! A node's life: opening what it stands on, serving, and shutting down in order.

pub mod admin;
mod announce;
mod check;
mod log_filter;
mod open;
mod patience;
mod serve;
mod signals;
pub mod telemetry;

pub use check::{Checked, check};
pub use serve::serve;
