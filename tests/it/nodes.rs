//! Several nodes with one Redis and one SQL database behave like one server, whichever node a client
//! is connected to.

mod authority;
mod barrier;
mod cluster;
mod cost;
mod entry;
mod lifecycle;
mod policies;
mod postgres;
mod presence;
mod removal;
mod restricted;
mod sessions;
pub mod site;
mod stale;
mod start;
mod steady;
mod story;
mod sync;
