//! Every refused request: a registered code, a human sentence, and for the log a cause.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::{ErrorCode, MetaValue, Outcome, Problem, Retry, WireError, find_error};
use engine::Rejection;
use providers::ProviderError;

use crate::store::StoreError;

/// A refusal, for HTTP and WebSocket alike.
#[derive(Clone, Debug)]
pub struct Refusal {
    entry: &'static ErrorCode,
    detail: String,
    meta: BTreeMap<String, MetaValue>,
    retry_after_ms: Option<u64>,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Refusal {
    /// A refusal by a registered code. An unregistered one is our mistake, and answered as such.
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        let entry = find_error(code).or_else(|| find_error("internal")).expect("it is registered");
        debug_assert_eq!(entry.code, code, "every code is registered");
        let (meta, retry_after_ms, cause) = (BTreeMap::new(), None, None);
        Self { entry, detail: detail.into(), meta, retry_after_ms, cause }
    }

    /// The refusal of too many requests.
    pub fn rate_limited(retry_after_ms: u64) -> Self {
        let detail = format!("too many requests; try again in {retry_after_ms} ms");
        Self { retry_after_ms: Some(retry_after_ms), ..Self::new("rate_limited", detail) }
    }

    /// The state couldn't be reached in time; the command may have taken effect.
    pub fn store_unavailable() -> Self {
        Self::new("store_unavailable", "the state can't be reached; repeat the command with its id")
    }

    /// Names a variable of the detail.
    pub fn with(mut self, key: &str, value: MetaValue) -> Self {
        self.meta.insert(key.to_owned(), value);
        self
    }

    /// Keeps the cause for the log.
    pub fn caused_by(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// The frozen name.
    pub fn code(&self) -> &'static str {
        self.entry.code
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.entry.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What went wrong inside, for the log.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }

    /// Whether the request may have had its effect.
    pub fn outcome(&self) -> Outcome {
        self.entry.outcome
    }

    /// As the `error` of a `reject` frame.
    pub fn into_wire(self) -> WireError {
        WireError {
            code: self.entry.code.to_owned(),
            retry: self.entry.retry,
            retry_after_ms: self.retry_after_ms,
            outcome: self.entry.outcome,
            detail: self.detail,
            meta: self.meta,
        }
    }

    /// As problem+json.
    pub fn problem(&self, request_id: &str) -> Response {
        let problem = Problem {
            type_: format!("urn:playhead:problem:{}", self.entry.code),
            title: self.entry.title.to_owned(),
            status: self.entry.status,
            detail: self.detail.clone(),
            code: self.entry.code.to_owned(),
            retry: self.entry.retry,
            retry_after_ms: self.retry_after_ms,
            outcome: self.entry.outcome,
            request_id: request_id.to_owned(),
            meta: self.meta.clone(),
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        let problem_json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem_json);
        if self.entry.retry == Retry::Reauth {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(ms) = self.retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        response
    }
}

impl IntoResponse for Refusal {
    /// Carries the refusal to `router::render`, which knows the request.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        let refusal = Self::new(rejection.code(), rejection.to_string());
        match rejection {
            Rejection::PositionOutOfRange { duration_ms: Some(ms) } => {
                refusal.with("duration_ms", MetaValue::Number(ms))
            }
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
        Self::new(error.kind.code(), error.detail.clone()).caused_by(error)
    }
}
