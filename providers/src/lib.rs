//! Where media comes from: adapters that turn a link into an `engine::Source`, the registry that
//! picks one, and the guarded way out that they all use.
//!
//! Nothing here stores or relays a byte of the media; a few first bytes are read and dropped.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod egress;
mod error;
mod file;
mod hls;
mod link;
mod registry;
mod source;

pub use egress::{Egress, EgressPolicy, OwnOrigin};
pub use error::{ErrorKind, Failure, SourceError};
pub use file::FileSource;
pub use hls::HlsSource;
pub use link::parse_link;
pub use registry::Registry;
pub use source::{Match, PlaybackSource};
