//! A refused request: a registered code, a sentence for people, and a cause for the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::{ErrorCode, MetaValue, Outcome, Problem, Retry, WireError};
use engine::Rejection;
use providers::{ErrorKind, ProviderError};

use crate::store::StoreError;

/// A refusal, for HTTP and WebSocket alike.
#[derive(Clone, Debug)]
pub struct Refusal {
    code: ErrorCode,
    detail: String,
    meta: BTreeMap<String, MetaValue>,
    retry_after_ms: Option<u64>,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Refusal {
    /// A refusal by a registered code, with a sentence for people.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        let (meta, retry_after_ms, cause) = (BTreeMap::new(), None, None);
        Self { code, detail: detail.into(), meta, retry_after_ms, cause }
    }

    /// Refuses one request too many, with the time until the next is allowed.
    pub fn rate_limited(retry_after_ms: u64) -> Self {
        let detail = format!("too many requests; try again in {retry_after_ms} ms");
        Self { retry_after_ms: Some(retry_after_ms), ..Self::new(ErrorCode::RateLimited, detail) }
    }

    /// Refuses somebody who waits to be let in, with the time after which to ask again.
    pub fn approval_pending(retry_after_ms: u64) -> Self {
        let detail = format!("nobody has let you in yet; ask again in {retry_after_ms} ms");
        let refusal = Self::new(ErrorCode::ApprovalPending, detail);
        Self { retry_after_ms: Some(retry_after_ms), ..refusal }
    }

    /// Refuses because the state couldn't be reached in time. The command may have taken effect.
    pub fn store_unavailable() -> Self {
        Self::new(
            ErrorCode::StoreUnavailable,
            "the state can't be reached; repeat the command with its id",
        )
    }

    /// Adds a variable of the detail under its frozen key.
    pub fn with(mut self, key: &str, value: MetaValue) -> Self {
        self.meta.insert(key.to_owned(), value);
        self
    }

    /// Adds the cause for the log.
    pub fn caused_by(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// Returns the registered code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns the cause, for the log.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }

    /// Whether the request may have had its effect.
    pub fn outcome(&self) -> Outcome {
        self.code.outcome()
    }

    /// Converts to the `error` of a `reject` frame.
    pub fn into_wire(self) -> WireError {
        WireError {
            code: self.code.name().to_owned(),
            retry: self.code.retry(),
            retry_after_ms: self.retry_after_ms,
            outcome: self.code.outcome(),
            detail: self.detail,
            meta: self.meta,
        }
    }

    /// Renders as problem+json.
    pub fn problem(&self, request_id: &str) -> Response {
        let problem = Problem {
            type_: format!("urn:playhead:problem:{}", self.code.name()),
            title: self.code.title().to_owned(),
            status: self.code.status(),
            detail: self.detail.clone(),
            code: self.code.name().to_owned(),
            retry: self.code.retry(),
            retry_after_ms: self.retry_after_ms,
            outcome: self.code.outcome(),
            request_id: request_id.to_owned(),
            meta: self.meta.clone(),
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        let problem_json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem_json);
        if self.code == ErrorCode::ApiKeyInvalid {
            let basic = HeaderValue::from_static("Basic realm=\"playhead\"");
            headers.insert(header::WWW_AUTHENTICATE, basic);
        } else if self.code.retry() == Retry::Reauth {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.code == ErrorCode::UpgradeRequired {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        if let Some(ms) = self.retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        response
    }
}

impl IntoResponse for Refusal {
    /// Carries the refusal to the layer `render_refusal`, which knows the request.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        let refusal = Self::new(code_of(&rejection), rejection.to_string());
        match rejection {
            Rejection::PositionOutOfRange { duration_ms: Some(ms) } => {
                refusal.with("duration_ms", MetaValue::Number(ms))
            }
            Rejection::OutsideWindow { earliest_ms, latest_ms } => refusal
                .with("earliest_ms", MetaValue::Number(earliest_ms))
                .with("latest_ms", MetaValue::Number(latest_ms)),
            Rejection::VersionConflict { version } => {
                refusal.with("version", MetaValue::Number(version))
            }
            Rejection::StaleFence { fence } => refusal.with("fence", MetaValue::Number(fence)),
            Rejection::TooManyRoles { max } => refusal.with("max", MetaValue::Number(max as u64)),
            _ => refusal,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::store_unavailable().caused_by(error)
    }
}

impl From<ProviderError> for Refusal {
    fn from(error: ProviderError) -> Self {
        Self::new(code_of_kind(error.kind), error.detail.clone()).caused_by(error)
    }
}

/// The registered code of a command that the engine refuses.
fn code_of(rejection: &Rejection) -> ErrorCode {
    match rejection {
        Rejection::NotHost => ErrorCode::NotHost,
        Rejection::Forbidden => ErrorCode::Forbidden,
        Rejection::NoMedia => ErrorCode::NoMedia,
        Rejection::MediaEnded => ErrorCode::MediaEnded,
        Rejection::PositionOutOfRange { .. } | Rejection::OutsideWindow { .. } => {
            ErrorCode::PositionOutOfRange
        }
        Rejection::SeekUnavailable => ErrorCode::SeekUnavailable,
        Rejection::QualityUnavailable => ErrorCode::QualityUnavailable,
        Rejection::TrackUnavailable => ErrorCode::TrackUnavailable,
        Rejection::VersionConflict { .. } => ErrorCode::VersionConflict,
        Rejection::StaleFence { .. } => ErrorCode::StaleFence,
        Rejection::IdReused => ErrorCode::IdReused,
        Rejection::RoomClosed => ErrorCode::RoomClosed,
        Rejection::TooManyRoles { .. } => ErrorCode::LimitReached,
    }
}

/// The registered code of a provider's failure.
fn code_of_kind(kind: ErrorKind) -> ErrorCode {
    match kind {
        ErrorKind::LinkInvalid => ErrorCode::LinkInvalid,
        ErrorKind::EgressBlocked => ErrorCode::EgressBlocked,
        ErrorKind::NotFound => ErrorCode::MediaNotFound,
        ErrorKind::Gone => ErrorCode::MediaGone,
        ErrorKind::Forbidden => ErrorCode::MediaForbidden,
        ErrorKind::Unsupported => ErrorCode::MediaUnsupported,
        ErrorKind::DrmProtected => ErrorCode::DrmProtected,
        ErrorKind::ManifestInvalid => ErrorCode::ManifestInvalid,
        ErrorKind::TooLarge => ErrorCode::UpstreamTooLarge,
        ErrorKind::Timeout => ErrorCode::UpstreamTimeout,
        ErrorKind::Unavailable => ErrorCode::UpstreamUnavailable,
        ErrorKind::RateLimited => ErrorCode::UpstreamRateLimited,
        ErrorKind::ProviderUnknown => ErrorCode::ProviderUnknown,
    }
}
