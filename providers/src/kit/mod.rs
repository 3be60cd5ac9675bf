//! The laws of `PlaybackSource`, for the tests of a provider. Each panics if it is broken.

mod errors;
mod matching;
mod sources;

use engine::Source;
use url::Url;

use crate::egress::Egress;
use crate::error::ProviderError;
use crate::source::PlaybackSource;

/// What the kit needs to know about the origin that a provider is tested against.
#[derive(Clone, Debug)]
pub struct Sample {
    /// A link that the provider resolves, on a private address, so that the egress can refuse it.
    pub link: String,
    /// Its duration in milliseconds, to within 250; `None` if it can't be known.
    pub duration_ms: Option<u64>,
    /// A link that certainly isn't the provider's own.
    pub foreign_link: String,
    /// A link like the provider's own, with nothing behind it.
    pub missing_link: String,
}

/// Checks every law.
pub async fn all(provider: &dyn PlaybackSource, egress: &Egress, sample: &Sample) {
    matching::id_is_a_plain_word(provider);
    matching::matches_depends_on_the_link_alone(provider, sample);
    matching::recognizes_neither_a_page_nor_empty_input(provider);
    sources::resolved_source_is_complete(provider, egress, sample).await;
    sources::reopening_gives_the_same_source(provider, egress, sample).await;
    sources::reopening_anything_else_is_an_error(provider, egress).await;
    sources::check_gives_evidence_or_a_reason(provider, egress, sample).await;
    errors::missing_media_is_not_found(provider, egress, sample).await;
    errors::errors_name_provider_and_operation_but_no_secret(provider, egress, sample).await;
    errors::all_requests_go_through_the_egress(provider, sample).await;
}

async fn resolve(provider: &dyn PlaybackSource, egress: &Egress, sample: &Sample) -> Source {
    provider.resolve(egress, &parse(&sample.link)).await.expect("the sample resolves")
}

async fn resolve_error(
    provider: &dyn PlaybackSource,
    egress: &Egress,
    link: &str,
) -> ProviderError {
    provider.resolve(egress, &parse(link)).await.expect_err("must not resolve")
}

fn parse(link: &str) -> Url {
    Url::parse(link).expect("the kit's links parse")
}
