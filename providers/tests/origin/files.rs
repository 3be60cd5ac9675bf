//! Files of every container: which tracks and duration the provider reports for each, by a table.
//!
//! The files are made by `tests/media/containers.sh`, the variants byte by byte in `variants`. Every
//! row of the table in `docs/media.md` is one of these files; `UPDATE=1` writes that table anew.

mod counting;
mod documented;
mod played;
mod ranges;
mod refused;
mod variants;

use engine::{Delivery, Position, Source};
use providers::{ProviderError, Registry};

use crate::origin::media;
use counting::{CountingOrigin, Ranges};

/// A file of the test media.
fn made(name: &str) -> Vec<u8> {
    let path = media().join("containers").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a file's link resolves to, what that took, and under which name it was served.
async fn resolve(
    registry: &Registry,
    name: &str,
    file: Vec<u8>,
) -> (Result<Source, ProviderError>, counting::Took) {
    let origin = CountingOrigin::start(file, Ranges::All).await;
    let resolved = registry.resolve(&origin.link(name)).await;
    (resolved, origin.took())
}

/// What a source says of the file's contents.
fn told(source: &Source) -> (&str, Option<&str>, Option<bool>, Option<bool>) {
    let Delivery { mime, codecs, has_picture, has_sound, .. } = &source.delivery[0];
    (mime.as_deref().unwrap_or_default(), codecs.as_deref(), *has_picture, *has_sound)
}

fn length_ms(source: &Source) -> Option<u64> {
    source.duration.map(Position::as_millis)
}
