//! The guarded way out: the only place in the server that opens a link somebody pasted.
//!
//! A link is judged when it is parsed, its addresses when they are resolved, the connection when
//! it stands, and all of that again for each redirect.

mod address;
mod answer;
mod gate;
mod guard;
mod policy;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, LOCATION, ORIGIN, RANGE};
use reqwest::{Client, Response, redirect};
use url::Url;

pub(crate) use answer::PROBE_BYTES_MAX;
pub use answer::{Answer, Ask};
pub use policy::{EgressPolicy, OwnOrigin};

use crate::error::{ErrorKind, Failure};
use gate::Gate;
use guard::Guard;
use policy::{Way, blocked};

/// The foreign origin that asks, to see whether a page of another origin may read the answer.
pub(crate) const PROBE_ORIGIN: &str = "https://playhead.invalid";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// From asking, connecting included, to the first byte, and between one piece and the next.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(3);
const REDIRECTS_MAX: usize = 3;
/// Idle connections are kept for the few requests of one look at a source.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes requests for adapters, within the policy and its caps.
pub struct Egress {
    policy: Arc<EgressPolicy>,
    vetted: Client,
    own: Client,
    gate: Gate,
}

impl Egress {
    /// An egress with this policy; fails if the TLS stack finds no certificate roots.
    pub fn new(policy: EgressPolicy) -> Result<Self, Failure> {
        let policy = Arc::new(policy);
        let guard = |own| Guard {
            policy: Arc::clone(&policy),
            own,
            #[cfg(test)]
            names: tests::names(),
        };
        let (vetted, own) = (build(guard(false))?, build(guard(true))?);
        Ok(Self { policy, vetted, own, gate: Gate::new() })
    }

    /// Makes one GET request, follows its redirects, and reads the answer up to its cap.
    ///
    /// An answer other than 200 and 206 is a failure of the kind that the status means.
    pub async fn fetch(&self, ask: &Ask<'_>) -> Result<Answer, Failure> {
        let mut url = ask.url.clone();
        // What a foreign origin named must not reach this server's own folder.
        let mut own_granted = ask.named_by.is_none_or(|parent| self.policy.owns(parent));
        for _ in 0..=REDIRECTS_MAX {
            let way = self.policy.admit(&url, own_granted)?;
            own_granted = way == Way::Own;
            let _slot = self.gate.enter(url.host_str().unwrap_or_default()).await;
            let response = self.send(way, &url, ask).await?;
            match redirect_target(&response, &url)? {
                Some(next) => url = next,
                None => return Answer::read(response, url, ask).await,
            }
        }
        Err(Failure::new(ErrorKind::Unsupported, "This link is redirected too often."))
    }

    async fn send(&self, way: Way, url: &Url, ask: &Ask<'_>) -> Result<Response, Failure> {
        let client = match way {
            Way::Vetted => &self.vetted,
            Way::Own => &self.own,
        };
        let mut request = client.get(url.clone());
        request = request.header(ORIGIN, PROBE_ORIGIN).header(ACCEPT_ENCODING, "identity");
        if let Some(range) = &ask.range {
            request = request.header(RANGE, format!("bytes={}-{}", range.start, range.end - 1));
        }
        let response = tokio::time::timeout(FIRST_BYTE_TIMEOUT, request.send())
            .await
            .map_err(|_| timed_out())?
            .map_err(classify)?;
        let connected = response.remote_addr().map(|address| address.ip());
        if way == Way::Vetted && !connected.is_some_and(|ip| self.policy.permits(ip)) {
            return Err(blocked());
        }
        Ok(response)
    }
}

fn build(guard: Guard) -> Result<Client, Failure> {
    Client::builder()
        .user_agent(concat!("playhead/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(guard)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(FIRST_BYTE_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(gate::REQUESTS_PER_HOST_MAX)
        .build()
        .map_err(|error| {
            Failure::new(ErrorKind::Unavailable, "The way out can't be set up.").because(error)
        })
}

/// Where the answer sends the request on, if it does.
fn redirect_target(response: &Response, url: &Url) -> Result<Option<Url>, Failure> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    next_hop(url, location.unwrap_or_default()).map(Some)
}

fn next_hop(url: &Url, location: &str) -> Result<Url, Failure> {
    let nowhere = || Failure::new(ErrorKind::Unsupported, "This link is redirected to nowhere.");
    if location.is_empty() {
        return Err(nowhere());
    }
    let next = url.join(location).map_err(|error| nowhere().because(error))?;
    if url.scheme() == "https" && next.scheme() != "https" {
        return Err(blocked());
    }
    Ok(next)
}

/// Names the fault of a request; the link is taken out of what goes to the log.
fn classify(error: reqwest::Error) -> Failure {
    if guard::is_refusal(&error) {
        return blocked();
    }
    if error.is_timeout() {
        return timed_out().because(error.without_url());
    }
    let detail = "The server that holds this media can't be reached.";
    Failure::new(ErrorKind::Unavailable, detail).because(error.without_url())
}

fn timed_out() -> Failure {
    Failure::new(ErrorKind::Timeout, "The server that holds this media didn't answer in time.")
}

#[cfg(test)]
mod tests;
