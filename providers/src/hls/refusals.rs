//! Why a playlist is refused.

use crate::error::{ErrorKind, Failure};

/// The failure of a playlist that players can't use.
pub(super) fn invalid(detail: &'static str) -> Failure {
    Failure::new(ErrorKind::ManifestInvalid, detail)
}

/// The failure of a playlist that lists more than is read.
pub(super) fn too_large(detail: &'static str) -> Failure {
    Failure::new(ErrorKind::TooLarge, detail)
}

/// The failure of a playlist that is sound but holds nothing that this player plays.
pub(super) fn unsupported(detail: &'static str) -> Failure {
    Failure::new(ErrorKind::Unsupported, detail)
}

/// The failure of media whose keys only a licence server gives out.
pub(super) fn protected() -> Failure {
    let detail = "This media is protected and plays only with a licence of its provider.";
    Failure::new(ErrorKind::DrmProtected, detail)
}
