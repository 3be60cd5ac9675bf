//! Picks the provider for a link, and limits the time it may take.

use std::sync::Arc;
use std::time::Duration;

use engine::{Availability, Position, Reading, Source};
use tracing::Instrument;
use url::Url;

use crate::egress::{Egress, Request, Requester, Response};
use crate::error::{ErrorKind, Failure, ProviderError};
use crate::file::FileProvider;
use crate::hls::HlsProvider;
use crate::link::parse_link;
use crate::source::{EXTRAS_DEADLINE, Edge, Match, PlaybackSource};

/// The time limit for required reads, including the wait for the egress.
const RESOLVE_DEADLINE: Duration = Duration::from_secs(5);
/// The longest a `resolve`, `reopen` or `read_on` may take. Those above come first, where a provider keeps to its
/// egress.
const WHOLE_DEADLINE: Duration =
    RESOLVE_DEADLINE.saturating_add(EXTRAS_DEADLINE).saturating_add(Duration::from_millis(500));
/// The longest a `check` may take.
const CHECK_DEADLINE: Duration = Duration::from_millis(2500);
/// How many first bytes are read to tell what a link leads to if its name doesn't.
const SNIFF_BYTES: usize = 4096;
/// The `provider_id` of errors that occur before a provider is chosen.
const REGISTRY: &str = "registry";

/// The providers in use, and their egress. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    egress: Arc<Egress>,
    providers: Arc<[Box<dyn PlaybackSource>]>,
}

impl Registry {
    /// A registry of the providers that every server has.
    pub fn standard(egress: Arc<Egress>) -> Self {
        Self::new(egress, vec![Box::new(HlsProvider), Box::new(FileProvider)])
    }

    /// A registry of these providers, whose ids must differ.
    pub fn new(egress: Arc<Egress>, providers: Vec<Box<dyn PlaybackSource>>) -> Self {
        Self { egress, providers: providers.into() }
    }

    /// The same providers, with requests that count as those of `requester`.
    pub fn on_behalf_of(&self, requester: Requester) -> Self {
        Self { egress: Arc::new(self.egress.on_behalf_of(requester)), ..self.clone() }
    }

    /// The same providers, for a requester who reaches this server's own folder by this URL, too.
    pub fn reached_as(&self, reached_as: Option<Url>) -> Self {
        Self { egress: Arc::new(self.egress.reached_as(reached_as)), ..self.clone() }
    }

    /// The ids of the providers in use.
    pub fn names(&self) -> Vec<&'static str> {
        self.providers.iter().map(|provider| provider.id()).collect()
    }

    /// The source behind a pasted link.
    pub async fn resolve(&self, link: &str) -> Result<Source, ProviderError> {
        let egress = self.egress.within(RESOLVE_DEADLINE);
        let resolving = async {
            let link = parse_link(link).map_err(|failure| failure.at(REGISTRY, "resolve"))?;
            let chosen = self.choose(&egress, &link).await;
            let (provider, head) = chosen.map_err(|failure| failure.at(REGISTRY, "resolve"))?;
            let resolved = match head {
                Some(head) => provider.resolve_from(&egress, &link, head).await,
                None => provider.resolve(&egress, &link).await,
            };
            match resolved {
                // The name of the link may say something else than what is behind it.
                Err(error) if error.kind == ErrorKind::Unsupported => {
                    match self.recognize(&egress, &link).await {
                        Ok((other, head)) if other.id() != provider.id() => {
                            other.resolve_from(&egress, &link, head).await
                        }
                        _ => Err(error),
                    }
                }
                _ => resolved,
            }
        };
        let span = tracing::info_span!("source.resolve");
        within(WHOLE_DEADLINE, "resolve", resolving).instrument(span).await
    }

    /// The same source again, by its provider and its durable id.
    pub async fn reopen(
        &self,
        provider_id: &str,
        stream_id: &str,
    ) -> Result<Source, ProviderError> {
        let provider = self.find(provider_id).map_err(|failure| failure.at(REGISTRY, "reopen"))?;
        let span = tracing::info_span!("source.reopen", provider.id = provider.id());
        let egress = self.egress.within(RESOLVE_DEADLINE);
        let reopening = provider.reopen(&egress, stream_id);
        within(WHOLE_DEADLINE, "reopen", reopening).instrument(span).await
    }

    /// Where a live source ends now.
    pub async fn find_edge(
        &self,
        provider_id: &str,
        stream_id: &str,
    ) -> Result<Edge, ProviderError> {
        let provider =
            self.find(provider_id).map_err(|failure| failure.at(REGISTRY, "find_edge"))?;
        let span = tracing::info_span!("source.find_edge", provider.id = provider.id());
        let finding = provider.find_edge(&self.egress, stream_id);
        within(RESOLVE_DEADLINE, "find_edge", finding).instrument(span).await
    }

    /// Further origins of a source's timeline, from a position on.
    pub async fn read_on(
        &self,
        provider_id: &str,
        stream_id: &str,
        from: Position,
    ) -> Result<Reading, ProviderError> {
        let provider = self.find(provider_id).map_err(|failure| failure.at(REGISTRY, "read_on"))?;
        let span = tracing::info_span!("source.read_on", provider.id = provider.id());
        let egress = self.egress.within(RESOLVE_DEADLINE);
        let reading = provider.read_on(&egress, stream_id, from);
        within(WHOLE_DEADLINE, "read_on", reading).instrument(span).await
    }

    /// Whether the source is available now.
    pub async fn check(&self, source: &Source) -> Result<Availability, ProviderError> {
        let provider =
            self.find(&source.provider).map_err(|failure| failure.at(REGISTRY, "check"))?;
        let span = tracing::info_span!("source.check", provider.id = provider.id());
        let checking = provider.check(&self.egress, source);
        within(CHECK_DEADLINE, "check", checking).instrument(span).await
    }

    /// Whether the first byte behind the address of a delivery can be had now.
    pub async fn probe(&self, url: &str) -> Result<(), ProviderError> {
        let probing = async {
            let url = parse_link(url).map_err(|failure| failure.at(REGISTRY, "probe"))?;
            let fetched = self.egress.fetch(&Request::probe(&url, 0..1, 1)).await;
            fetched.map(|_| ()).map_err(|failure| failure.at(REGISTRY, "probe"))
        };
        within(CHECK_DEADLINE, "probe", probing).await
    }

    fn find(&self, id: &str) -> Result<&dyn PlaybackSource, Failure> {
        let found = self.providers.iter().find(|provider| provider.id() == id);
        found.map(Box::as_ref).ok_or_else(|| {
            Failure::new(ErrorKind::ProviderUnknown, "This server doesn't know this provider.")
        })
    }

    /// The provider that is sure of the link, or else the first that recognizes its first bytes, with them.
    async fn choose(
        &self,
        egress: &Egress,
        link: &Url,
    ) -> Result<(&dyn PlaybackSource, Option<Response>), Failure> {
        let candidates = self.candidates(link);
        match candidates.first() {
            None => {
                let detail = "Only http and https links can be played here.";
                Err(Failure::new(ErrorKind::Unsupported, detail))
            }
            Some((Match::Yes, provider)) => Ok((*provider, None)),
            Some(_) => {
                let (provider, head) = self.recognize(egress, link).await?;
                Ok((provider, Some(head)))
            }
        }
    }

    /// The providers that may resolve the link, the likeliest first.
    fn candidates(&self, link: &Url) -> Vec<(Match, &dyn PlaybackSource)> {
        let mut candidates: Vec<(Match, &dyn PlaybackSource)> = self
            .providers
            .iter()
            .map(|provider| (provider.matches(link), provider.as_ref()))
            .collect();
        candidates.retain(|(matched, _)| *matched != Match::No);
        candidates.sort_by_key(|(matched, _)| std::cmp::Reverse(*matched));
        candidates
    }

    /// The first provider that recognizes the first bytes, or else one that claims their media type; and
    /// these bytes.
    async fn recognize(
        &self,
        egress: &Egress,
        link: &Url,
    ) -> Result<(&dyn PlaybackSource, Response), Failure> {
        let request = Request::probe(link, 0..SNIFF_BYTES as u64, SNIFF_BYTES);
        let response = egress.fetch(&request).await?;
        let (head, mime) = (&response.body, response.mime.as_deref().unwrap_or_default());
        let candidates = self.candidates(link);
        let find = |wanted: &dyn Fn(&dyn PlaybackSource) -> bool| {
            candidates.iter().map(|(_, provider)| *provider).find(|provider| wanted(*provider))
        };
        let found = find(&|provider| provider.recognizes(head));
        let found = found.or_else(|| find(&|provider| provider.claims(mime)));
        let provider = found.ok_or_else(|| Failure::not_media(head))?;
        Ok((provider, response))
    }
}

/// Runs an operation within its deadline, and logs its error.
async fn within<T>(
    deadline: Duration,
    operation: &'static str,
    work: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    let outcome = tokio::time::timeout(deadline, work).await;
    let outcome = outcome.unwrap_or_else(|_| {
        let detail = "The server that holds this media didn't answer in time.";
        Err(Failure::new(ErrorKind::Timeout, detail).at(REGISTRY, operation))
    });
    if let Err(error) = &outcome {
        let (provider_id, kind) = (error.provider_id, error.kind);
        tracing::debug!(provider.id = provider_id, ?kind, cause = ?error.cause, "no source was found");
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_with_a_known_extension_decides_at_once() {
        for (link, hls, file) in [
            ("https://example.test/a/master.m3u8?x=1", Match::Yes, Match::Maybe(50)),
            ("https://example.test/a/Film.MP4", Match::Maybe(40), Match::Yes),
            ("https://example.test/get?f=a.m3u8", Match::Maybe(90), Match::Maybe(50)),
            ("https://example.test/watch", Match::Maybe(40), Match::Maybe(50)),
            ("ftp://example.test/a.mp4", Match::No, Match::No),
        ] {
            let url = Url::parse(link).unwrap();
            assert_eq!(
                (HlsProvider.matches(&url), FileProvider.matches(&url)),
                (hls, file),
                "{link}"
            );
        }
    }

    proptest! {
        #[test]
        fn matching_never_panics_on_any_link_or_bytes(rest in "\\PC*", head: Vec<u8>) {
            for provider in [&HlsProvider as &dyn PlaybackSource, &FileProvider] {
                provider.recognizes(&head);
                for scheme in ["https://", "https://example.test/", "x:", ""] {
                    if let Ok(url) = Url::parse(&format!("{scheme}{rest}")) {
                        provider.matches(&url);
                    }
                }
            }
        }
    }
}
