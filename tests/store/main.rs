//! Stores over the real thing: a Redis of the tests' own, and what becomes of rooms when it fails.

mod cost;
mod differential;
mod laws;
mod node;
