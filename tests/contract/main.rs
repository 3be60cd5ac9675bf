//! The contract as checked in is the contract as served, and the crates keep their arrows.

mod arrows;
mod checked_in;
mod errors;
mod frames;
mod openapi;
