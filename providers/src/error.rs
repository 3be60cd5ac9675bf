//! Errors of providers and of the registry.

use std::borrow::Cow;
use std::error::Error;

use crate::foreign;

/// What went wrong. The server gives each kind its code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
    /// The text isn't a link.
    LinkInvalid,
    /// The egress policy refuses the link.
    EgressBlocked,
    /// The origin has nothing at this link.
    NotFound,
    /// The origin says that it was removed.
    Gone,
    /// The origin denies access.
    Forbidden,
    /// It isn't media, or not of a kind that any provider supports.
    Unsupported,
    /// It is encrypted for a licence server.
    DrmProtected,
    /// The manifest can't be used.
    ManifestInvalid,
    /// The response is larger than its cap.
    TooLarge,
    /// The origin didn't respond in time.
    Timeout,
    /// The origin can't be reached, or it failed.
    Unavailable,
    /// The origin asks for fewer requests.
    RateLimited,
    /// No provider has this id.
    ProviderUnknown,
}

impl ErrorKind {
    /// Whether the same request may succeed a little later.
    pub const fn is_temporary(self) -> bool {
        matches!(self, Self::Timeout | Self::Unavailable | Self::RateLimited)
    }
}

/// A failure without its provider and operation, which [`Failure::at`] adds.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub kind: ErrorKind,
    /// A sentence that anyone may see.
    pub detail: Cow<'static, str>,
    /// The underlying error, for the log; holds no link.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

/// The failure of an operation of a provider or of the registry.
#[derive(Debug, thiserror::Error)]
#[error("{operation} by {provider_id} failed with {kind:?}")]
pub struct ProviderError {
    /// The id of the provider, or `registry`.
    pub provider_id: &'static str,
    /// `resolve`, `reopen`, `find_edge`, `read_on`, `check` or `probe`.
    pub operation: &'static str,
    /// What went wrong.
    pub kind: ErrorKind,
    /// A sentence that anyone may see: it holds no address, no link and no text of the origin.
    pub detail: String,
    /// The underlying error, for the log; holds no link.
    #[source]
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure without a cause.
    pub fn new(kind: ErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), cause: None }
    }

    /// The failure of a link whose first bytes, `head`, no provider recognizes.
    pub(crate) fn not_media(head: &[u8]) -> Self {
        let detail = match foreign::describe(head) {
            Some(detail) => detail,
            None if head.is_empty() => "This file is empty.",
            None => "This link doesn't lead to media that can be played here.",
        };
        Self::new(ErrorKind::Unsupported, detail)
    }

    /// Adds the cause.
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds the provider and the operation.
    pub fn at(self, provider_id: &'static str, operation: &'static str) -> ProviderError {
        let Self { kind, detail, cause } = self;
        ProviderError { provider_id, operation, kind, detail: detail.into_owned(), cause }
    }
}

impl ProviderError {
    /// Whether the same request may succeed a little later.
    pub const fn is_temporary(&self) -> bool {
        self.kind.is_temporary()
    }
}
