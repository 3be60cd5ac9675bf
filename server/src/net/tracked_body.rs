//! The body of a response, which notes when the connection has taken all of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::idle::Idling;

/// The body of a response. Once it is dropped, all that remains is for the connection to write out what it has taken.
#[derive(Debug)]
pub(super) struct TrackedBody {
    body: Body,
    /// `None` if the connection goes on as something else than HTTP, and never waits for a request again.
    idling: Option<Arc<Idling>>,
}

impl TrackedBody {
    /// Wraps the body of a response to the connection that `idling` is about.
    pub(super) fn of(response: Response<Body>, idling: Arc<Idling>) -> Response<Self> {
        let is_http = response.status() != StatusCode::SWITCHING_PROTOCOLS;
        let idling = is_http.then_some(idling);
        let mut response = response.map(|body| Self { body, idling });
        if response.status() == StatusCode::NOT_MODIFIED {
            // The router states that of the empty body, in an answer to HEAD (RFC 9110, section 8.6).
            response.headers_mut().remove(header::CONTENT_LENGTH);
        }
        response
    }
}

impl Drop for TrackedBody {
    fn drop(&mut self) {
        if let Some(idling) = &self.idling {
            idling.note_response();
        }
    }
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
