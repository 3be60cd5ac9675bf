//! Stores over the real thing: a Redis of the tests' own, and what becomes of rooms when it fails.

mod adoption;
mod bounds;
mod clock;
mod cost;
mod differential;
mod due;
mod follower;
mod laws;
mod messages;
mod node;
mod postgres;
mod promotion;
mod recovery;
mod sql_link;
mod switch;
