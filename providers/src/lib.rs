//! Providers, which turn a link into an `engine::Source`; the registry that picks one; and the
//! guarded egress that all of them use.
//!
//! No byte of the media is stored or relayed; a few first bytes are read and dropped.

pub mod egress;
mod error;
mod file;
mod foreign;
mod hls;
#[cfg(feature = "kit")]
pub mod kit;
mod link;
mod registry;
mod source;
mod timestamp;

pub use egress::{Egress, EgressPolicy, OwnFolder, Requester};
pub use error::{ErrorKind, Failure, ProviderError};
pub use file::FileProvider;
pub use hls::HlsProvider;
pub use link::parse_link;
pub use registry::Registry;
pub use source::{Edge, Match, PlaybackSource};
