//! Stores over the real thing: a Redis of the tests' own, and what becomes of rooms when it fails.

mod cost;
mod differential;
mod follower;
mod laws;
mod messages;
mod node;
mod promotion;
mod switch;
