//! The checked-in contract matches the code, and the code keeps its layout.

mod arrows;
mod checked_in;
mod circles;
mod errors;
mod frames;
mod lengths;
mod openapi;
