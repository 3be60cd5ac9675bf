//! Sends HTTP requests as they are and returns the whole responses.

pub use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, Result, within};

/// An HTTP client that follows no redirects; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Http(reqwest::Client);

/// A response, read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null if it isn't JSON.
    pub json: Value,
    /// The method and URL of the request.
    request: String,
}

impl Http {
    pub(crate) fn new() -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            // Responses are judged as they come.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .build()
            .expect("the client's options are fixed and valid");
        Self(client)
    }

    /// Sends a request with exactly these headers and this body.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        token: Option<&str>,
        body: impl Into<Vec<u8>>,
    ) -> Result<Response> {
        let request = format!("{method} {url}");
        let mut builder = self.0.request(method, url).body(body.into());
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        if let Some(token) = token {
            builder = builder.bearer_auth(token);
        }
        within(format!("a response to {request}"), async {
            let failed = || Error::doing::<reqwest::Error>(request.clone());
            let response = builder.send().await.map_err(failed())?;
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            let text = response.text().await.map_err(failed())?;
            let json = serde_json::from_str(&text).unwrap_or_default();
            Ok(Response { status, headers, text, json, request: request.clone() })
        })
        .await
    }
}

impl Response {
    /// The error code of a problem; empty if there is none.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// The value of a header; empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Returns the response itself if the status is 2xx, or else an error.
    pub fn expect_success(self) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        Err(Error::new(format!("{}: {} {}", self.request, self.status, self.text)))
    }

    /// The body of a 2xx response.
    pub fn parse<T: DeserializeOwned>(self) -> Result<T> {
        let response = self.expect_success()?;
        serde_json::from_str(&response.text)
            .map_err(Error::doing(format_args!("{}: read {}", response.request, response.text)))
    }
}
