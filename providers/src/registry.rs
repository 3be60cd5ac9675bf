//! Picks the adapter for a link and bounds what it may take.

use std::sync::Arc;
use std::time::Duration;

use engine::{Availability, Source};
use tracing::Instrument;
use url::Url;

use crate::egress::{Ask, Egress};
use crate::error::{ErrorKind, Failure, SourceError};
use crate::file::{FileSource, not_media};
use crate::hls::HlsSource;
use crate::link::parse_link;
use crate::source::{Match, PlaybackSource};

/// All of a resolve or reopen, waiting for leave to make requests included.
const RESOLVE_DEADLINE: Duration = Duration::from_secs(5);
/// All of a check.
const CHECK_DEADLINE: Duration = Duration::from_millis(2500);
/// First bytes that tell what a link without a telling name leads to.
const SNIFF_BYTES: usize = 4096;
/// Who answers before an adapter is chosen.
const REGISTRY: &str = "registry";

/// The adapters in use and their way out.
pub struct Registry {
    egress: Arc<Egress>,
    sources: Vec<Box<dyn PlaybackSource>>,
}

impl Registry {
    /// The adapters that every server has.
    pub fn standard(egress: Arc<Egress>) -> Self {
        Self::new(egress, vec![Box::new(HlsSource), Box::new(FileSource)])
    }

    /// These adapters; the ids must differ.
    pub fn new(egress: Arc<Egress>, sources: Vec<Box<dyn PlaybackSource>>) -> Self {
        Self { egress, sources }
    }

    /// The ids of the adapters in use.
    pub fn names(&self) -> Vec<&'static str> {
        self.sources.iter().map(|source| source.id()).collect()
    }

    /// The source behind a link that somebody pasted.
    pub async fn resolve(&self, link: &str) -> Result<Source, SourceError> {
        let resolving = async {
            let link = parse_link(link).map_err(|failure| failure.at(REGISTRY, "resolve"))?;
            let source =
                self.choose(&link).await.map_err(|failure| failure.at(REGISTRY, "resolve"))?;
            source.resolve(&self.egress, &link).await
        };
        let span = tracing::info_span!("source.resolve");
        within(RESOLVE_DEADLINE, "resolve", resolving).instrument(span).await
    }

    /// The source again, by the adapter and the durable id that it carries.
    pub async fn reopen(&self, provider: &str, stream_id: &str) -> Result<Source, SourceError> {
        let source = self.find(provider).map_err(|failure| failure.at(REGISTRY, "reopen"))?;
        let span = tracing::info_span!("source.reopen", source.id = source.id());
        let reopening = source.reopen(&self.egress, stream_id);
        within(RESOLVE_DEADLINE, "reopen", reopening).instrument(span).await
    }

    /// Whether the source is there now.
    pub async fn check(&self, source: &Source) -> Result<Availability, SourceError> {
        let adapter =
            self.find(&source.provider).map_err(|failure| failure.at(REGISTRY, "check"))?;
        let span = tracing::info_span!("source.check", source.id = adapter.id());
        let checking = adapter.check(&self.egress, source);
        within(CHECK_DEADLINE, "check", checking).instrument(span).await
    }

    fn find(&self, provider: &str) -> Result<&dyn PlaybackSource, Failure> {
        let found = self.sources.iter().find(|source| source.id() == provider);
        found.map(Box::as_ref).ok_or_else(|| {
            Failure::new(ErrorKind::ProviderUnknown, "This server doesn't know this provider.")
        })
    }

    /// The adapter that is sure of the link, or else the first that knows its first bytes.
    async fn choose(&self, link: &Url) -> Result<&dyn PlaybackSource, Failure> {
        let mut candidates: Vec<(Match, &dyn PlaybackSource)> =
            self.sources.iter().map(|source| (source.matches(link), source.as_ref())).collect();
        candidates.retain(|(matched, _)| *matched != Match::No);
        candidates.sort_by_key(|(matched, _)| std::cmp::Reverse(*matched));
        match candidates.first() {
            None => {
                let detail = "Only http and https links can be played here.";
                return Err(Failure::new(ErrorKind::Unsupported, detail));
            }
            Some((Match::Yes, source)) => return Ok(*source),
            Some(_) => {}
        }
        let ask = Ask::probe(link, 0..SNIFF_BYTES as u64, SNIFF_BYTES);
        let head = self.egress.fetch(&ask).await?.body;
        let known = candidates.into_iter().find(|(_, source)| source.recognizes(&head));
        known.map(|(_, source)| source).ok_or_else(|| not_media(&head))
    }
}

async fn within<T>(
    deadline: Duration,
    operation: &'static str,
    doing: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, SourceError> {
    let outcome = tokio::time::timeout(deadline, doing).await;
    let outcome = outcome.unwrap_or_else(|_| {
        let detail = "The server that holds this media didn't answer in time.";
        Err(Failure::new(ErrorKind::Timeout, detail).at(REGISTRY, operation))
    });
    if let Err(error) = &outcome {
        let (source_id, code) = (error.source_id, error.kind.code());
        tracing::debug!(source.id = source_id, code, cause = ?error.cause, "a source was refused");
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_telling_name_needs_no_look() {
        for (link, hls, file) in [
            ("https://example.test/a/master.m3u8?x=1", Match::Yes, Match::Maybe(50)),
            ("https://example.test/a/Film.MP4", Match::Maybe(40), Match::Yes),
            ("https://example.test/get?f=a.m3u8", Match::Maybe(90), Match::Maybe(50)),
            ("https://example.test/watch", Match::Maybe(40), Match::Maybe(50)),
            ("ftp://example.test/a.mp4", Match::No, Match::No),
        ] {
            let url = Url::parse(link).unwrap();
            assert_eq!((HlsSource.matches(&url), FileSource.matches(&url)), (hls, file), "{link}");
        }
    }

    proptest! {
        #[test]
        fn any_link_and_any_bytes_can_be_looked_at(rest in "\\PC*", head: Vec<u8>) {
            for source in [&HlsSource as &dyn PlaybackSource, &FileSource] {
                source.recognizes(&head);
                for scheme in ["https://", "https://example.test/", "x:", ""] {
                    if let Ok(url) = Url::parse(&format!("{scheme}{rest}")) {
                        source.matches(&url);
                    }
                }
            }
        }
    }
}
