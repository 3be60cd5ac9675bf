//! Why a link couldn't become a source.

use std::borrow::Cow;
use std::error::Error;

/// What went wrong, to match on. Each kind has one frozen code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
    /// The text is no link.
    LinkInvalid,
    /// The link leads where the server may not go.
    EgressBlocked,
    /// The origin has nothing there.
    NotFound,
    /// The origin had it and removed it.
    Gone,
    /// The origin refuses.
    Forbidden,
    /// It isn't media, or not of a kind that any adapter plays.
    Unsupported,
    /// It is encrypted for a licence server.
    DrmProtected,
    /// A manifest that can't be used.
    ManifestInvalid,
    /// An answer beyond its cap.
    TooLarge,
    /// The origin didn't answer in time.
    Timeout,
    /// The origin can't be reached or failed.
    Unavailable,
    /// The origin asks for fewer requests.
    RateLimited,
    /// No adapter has this id.
    ProviderUnknown,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::LinkInvalid,
        Self::EgressBlocked,
        Self::NotFound,
        Self::Gone,
        Self::Forbidden,
        Self::Unsupported,
        Self::DrmProtected,
        Self::ManifestInvalid,
        Self::TooLarge,
        Self::Timeout,
        Self::Unavailable,
        Self::RateLimited,
        Self::ProviderUnknown,
    ];

    /// The frozen code that clients match on.
    pub const fn code(self) -> &'static str {
        match self {
            Self::LinkInvalid => "link_invalid",
            Self::EgressBlocked => "egress_blocked",
            Self::NotFound => "media_not_found",
            Self::Gone => "media_gone",
            Self::Forbidden => "media_forbidden",
            Self::Unsupported => "media_unsupported",
            Self::DrmProtected => "drm_protected",
            Self::ManifestInvalid => "manifest_invalid",
            Self::TooLarge => "upstream_too_large",
            Self::Timeout => "upstream_timeout",
            Self::Unavailable => "upstream_unavailable",
            Self::RateLimited => "upstream_rate_limited",
            Self::ProviderUnknown => "provider_unknown",
        }
    }

    /// Whether the same request may succeed a little later.
    pub const fn is_temporary(self) -> bool {
        matches!(self, Self::Timeout | Self::Unavailable | Self::RateLimited)
    }
}

/// A fault that isn't yet tied to an adapter and an operation; `at` ties it.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub kind: ErrorKind,
    /// A sentence that may be shown to anybody.
    pub detail: Cow<'static, str>,
    /// The fault below, for the log; holds no link.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

/// Why an adapter or the registry couldn't do an operation.
#[derive(Debug, thiserror::Error)]
#[error("{operation} by {source_id} failed with {}", kind.code())]
pub struct SourceError {
    /// The adapter, or `registry`.
    pub source_id: &'static str,
    /// `resolve`, `reopen` or `check`.
    pub operation: &'static str,
    /// What went wrong.
    pub kind: ErrorKind,
    /// A sentence that may be shown to anybody: no address, no link, no answer of the origin.
    pub detail: String,
    /// The fault below, for the log; holds no link.
    #[source]
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure without a cause below it.
    pub fn new(kind: ErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), cause: None }
    }

    /// The same failure with what caused it.
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Ties the failure to who did what.
    pub fn at(self, source_id: &'static str, operation: &'static str) -> SourceError {
        let Self { kind, detail, cause } = self;
        SourceError { source_id, operation, kind, detail: detail.into_owned(), cause }
    }
}

impl SourceError {
    /// Whether the same request may succeed a little later.
    pub const fn is_temporary(&self) -> bool {
        self.kind.is_temporary()
    }
}
