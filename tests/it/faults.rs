//! What happens when something breaks, one test for each row of the fault matrix: real processes,
//! signals, and proxies that lie.

mod away;
mod draining;
mod emptied;
mod half_open;
mod killed;
mod messages;
mod nonsense;
mod parted;
mod scene;
mod stopped;
