//! The contract of an adapter.

use async_trait::async_trait;
use engine::{Availability, Source};
use url::Url;

use crate::egress::Egress;
use crate::error::SourceError;

/// How sure an adapter is, from the link alone, that the link is its own.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Match {
    /// It can't be.
    No,
    /// The first bytes have to tell; a higher number is asked first.
    Maybe(u8),
    /// It is.
    Yes,
}

/// An adapter: recognises links of one kind and resolves them to a `Source`.
///
/// # Behavior
/// Each point is a law in `conformance`:
/// - `id` is lower-case letters, digits and `_`, and every source carries it as `provider`.
/// - `matches` depends on the link alone, accepts its own links and refuses foreign ones.
/// - `recognizes` accepts no web page and no empty input.
/// - A resolved source is whole: a delivery, unique ids, best rendition first, no duration if live.
/// - `reopen` of a source's `stream_id` gives the same source again.
/// - `reopen` of anything else is an error, never a panic.
/// - `check` of a resolved source answers with evidence or a reason.
/// - What isn't there is `NotFound`, for `resolve` and `check`.
/// - An error names its adapter and operation, and its detail is a sentence without the link.
/// - All requests go out through the egress: where that refuses, so does the adapter.
#[async_trait]
pub trait PlaybackSource: Send + Sync + 'static {
    /// The durable name of the adapter, stored with every source.
    fn id(&self) -> &'static str;

    /// Whether the link looks like one of its own. Pure.
    fn matches(&self, link: &Url) -> Match;

    /// Whether these first bytes (up to 4 KiB) are media of its kind. Pure.
    fn recognizes(&self, head: &[u8]) -> bool;

    /// Looks at the media behind the link.
    async fn resolve(&self, egress: &Egress, link: &Url) -> Result<Source, SourceError>;

    /// Resolves again by the adapter's own durable id.
    async fn reopen(&self, egress: &Egress, stream_id: &str) -> Result<Source, SourceError>;

    /// Whether the source is there now; asked just before a room commits to it.
    async fn check(&self, egress: &Egress, source: &Source) -> Result<Availability, SourceError>;
}
