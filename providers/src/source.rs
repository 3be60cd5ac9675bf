//! The trait of providers.

use std::time::Duration;

use async_trait::async_trait;
use engine::{Availability, LiveEdge, Position, Reading, Source, Span, TimelineKind};
use url::Url;

use crate::egress::{Egress, Response};
use crate::error::ProviderError;

/// The time limit for optional reads (origins and length, in all), after the required ones.
pub(crate) const EXTRAS_DEADLINE: Duration = Duration::from_secs(2);

/// How sure a provider is, from the link alone, that it can resolve it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Match {
    /// It can't.
    No,
    /// The first bytes decide; the provider with the highest number looks at them first.
    Maybe(u8),
    /// It can.
    Yes,
}

/// Where a live source ends, as its playlist says now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Edge {
    /// It goes on. The caller, who knows the room clock, sets the edge's instant.
    Live {
        /// Its edge.
        edge: LiveEdge,
        /// What the position of the edge counts.
        counts: TimelineKind,
    },
    /// It is over: resolved again, it is a film.
    Over {
        /// The date at which it ended, if it has dates.
        ends: Option<Position>,
    },
}

/// A provider: recognizes links of one kind and resolves them to a `Source`.
///
/// # Behavior
/// The points that need no live stream are laws in `kit`:
/// - `id` is lower-case letters, digits and `_`, and every source carries it as `provider`.
/// - `matches` depends on the link alone, accepts the provider's own links and refuses foreign ones.
/// - `recognizes` accepts neither a web page nor empty input.
/// - A resolved source is complete: it has a delivery, unique ids, the best rendition first, and no
///   duration if it is live.
/// - A live source that players can follow to a moment has a `live_edge`; its instant is set by the caller.
/// - `reopen` of a source's `stream_id` gives the same source again; of a live one, the edge has moved.
/// - `reopen` of anything else is an error, never a panic.
/// - `find_edge` of a live source says where its edge is; of one that has ended, that it is over.
/// - `read_on` gives origins in order, for a span that holds the position it was asked for.
/// - `check` of a resolved source gives evidence or a reason.
/// - Missing media is `NotFound`, for `resolve` and `check`.
/// - An error names its provider and operation, and its detail is a sentence without the link.
/// - All requests go through the egress: if it refuses, so does the provider.
#[async_trait]
pub trait PlaybackSource: Send + Sync + 'static {
    /// The durable id of the provider, stored with every source.
    fn id(&self) -> &'static str;

    /// Whether the link looks like one of this provider's. Pure.
    fn matches(&self, link: &Url) -> Match;

    /// Whether these first bytes (up to 4 KiB) are media of its kind. Pure.
    fn recognizes(&self, head: &[u8]) -> bool;

    /// Whether servers give this media type (lower case, without parameters) to media of its kind.
    /// Asked only if no provider recognizes the first bytes, so that the refusal says why. Pure.
    fn claims(&self, _mime: &str) -> bool {
        false
    }

    /// Inspects the media behind the link and describes it.
    async fn resolve(&self, egress: &Egress, link: &Url) -> Result<Source, ProviderError>;

    /// The same, where `head` is what the origin has just answered to a request for the first 4 KiB.
    async fn resolve_from(
        &self,
        egress: &Egress,
        link: &Url,
        _head: Response,
    ) -> Result<Source, ProviderError> {
        self.resolve(egress, link).await
    }

    /// Resolves a source again by its durable id.
    async fn reopen(&self, egress: &Egress, stream_id: &str) -> Result<Source, ProviderError>;

    /// Finds where a live source ends now.
    async fn find_edge(&self, egress: &Egress, stream_id: &str) -> Result<Edge, ProviderError> {
        let source = self.reopen(egress, stream_id).await?;
        let counts = source.timeline.kind;
        let live = source.live_edge.map(|edge| Edge::Live { edge, counts });
        Ok(live.unwrap_or(Edge::Over { ends: None }))
    }

    /// Reads the origins of the discontinuity at `from` and of some after it, of a source whose timeline
    /// wasn't read to its end. A source whose timeline is known has no others.
    async fn read_on(
        &self,
        _egress: &Egress,
        _stream_id: &str,
        from: Position,
    ) -> Result<Reading, ProviderError> {
        Ok(Reading { origins: vec![], span: Span::new(from, Span::END) })
    }

    /// Whether the source is available now, by no more requests than that takes.
    async fn check(&self, egress: &Egress, source: &Source) -> Result<Availability, ProviderError>;
}
