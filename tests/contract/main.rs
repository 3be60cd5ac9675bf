//! The checked-in contract matches the code, and the code keeps its layout.

mod arrows;
mod checked_in;
mod circles;
mod errors;
mod frames;
mod lengths;
mod openapi;

use std::path::{Path, PathBuf};

/// The folder of the repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
