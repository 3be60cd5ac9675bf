//! Several nodes over one Redis and one SQL database are one engine: whoever is connected to
//! whichever.

mod authority;
mod barrier;
mod cluster;
mod lifecycle;
mod policies;
mod postgres;
mod presence;
mod sessions;
pub mod site;
mod stale;
mod start;
mod story;
mod sync;
