//! Tests the real server binary from outside, through its sockets, its HTTP API and its process.

mod bad_input;
mod barrier;
mod clock;
mod connection;
mod crowd;
mod descriptors;
mod durability;
mod faults;
mod fuzz;
mod identity;
mod lifecycle;
mod limits;
mod metrics;
mod names;
mod nodes;
mod origin;
mod page;
mod party;
mod playback;
mod problem;
mod proxy;
mod rooms;
mod secrets;
mod slow;
mod sync;
mod wall;
