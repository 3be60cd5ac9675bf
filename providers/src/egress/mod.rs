//! The guarded egress: the only code in the server that requests a link from outside.
//!
//! The policy is applied to the parsed link, to the addresses its name resolves to, to the address
//! of the open connection, and again to each redirect.

mod address;
mod clients;
mod gate;
mod guard;
mod lookups;
mod own;
mod policy;
mod request;
mod response;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, LOCATION, ORIGIN, RANGE};
use tokio::time::Instant;
use url::Url;

pub use gate::Requester;
pub use policy::{EgressPolicy, OwnFolder};
pub(crate) use request::PROBE_BYTES_MAX;
pub use request::Request;
pub use response::Response;

use crate::error::{ErrorKind, Failure};
use clients::Clients;
use gate::Gate;
use guard::Guard;
use lookups::{Lookups, made_for};
use own::OwnAddresses;
use policy::{Rule, blocked};
use turns::Turns;

/// The `Origin` of every request: the response shows whether a page of another origin may read it.
pub(crate) const PROBE_ORIGIN: &str = "https://playhead.invalid";

/// The longest wait for the first byte, connecting included, and between two chunks.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(3);
const REDIRECTS_MAX: usize = 10;

/// Makes the requests of providers, within the policy and the size limits. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    policy: Arc<EgressPolicy>,
    clients: Arc<Clients>,
    gate: Arc<Gate>,
    turns: Arc<Turns>,
    requester: Requester,
    /// The URL by which the requester reaches this server's own folder.
    reached_as: Option<Url>,
    /// When its requests have to be over, if ever.
    over_by: Option<Instant>,
}

/// Takes the body of a response, chunk by chunk, with the URL that it came from. A failure ends the
/// request.
pub(crate) type Take<'a> = dyn FnMut(&Url, &[u8]) -> Result<(), Failure> + Send + 'a;

/// What one request led to.
enum Fetched {
    /// The URL that it is redirected to.
    Elsewhere(Url),
    /// The response.
    Here(Response),
}

impl Egress {
    /// An egress with this policy; fails if the TLS stack finds no certificate roots.
    pub fn new(policy: EgressPolicy) -> Result<Self, Failure> {
        let policy = Arc::new(policy);
        let guard = Guard {
            policy: Arc::clone(&policy),
            lookups: Arc::<Lookups>::default(),
            #[cfg(test)]
            names: tests::names(),
        };
        let clients = Arc::new(Clients::new(guard)?);
        let (gate, turns, requester) = (Arc::default(), Arc::default(), Requester::default());
        Ok(Self { policy, clients, gate, turns, requester, reached_as: None, over_by: None })
    }

    /// The same egress, with requests that count as those of `requester`.
    pub fn on_behalf_of(&self, requester: Requester) -> Self {
        Self { requester, ..self.clone() }
    }

    /// The same egress, for a requester who reaches this server's own folder by this URL, besides those by which
    /// anybody does. It ends with `/`.
    pub fn reached_as(&self, reached_as: Option<Url>) -> Self {
        Self { reached_as, ..self.clone() }
    }

    /// The same egress, with requests that have `budget` in all from now on, whatever they had; what isn't over
    /// then is a timeout.
    pub(crate) fn within(&self, budget: Duration) -> Self {
        Self { over_by: Some(Instant::now() + budget), ..self.clone() }
    }

    /// Makes one GET request, follows redirects, and reads the response up to its cap.
    ///
    /// A status other than 200 and 206 is a failure of the corresponding kind. While the server makes as
    /// many requests as it may, one that isn't done yet can end with `RateLimited`.
    pub async fn fetch(&self, request: &Request<'_>) -> Result<Response, Failure> {
        let mut body = Vec::new();
        let mut collect = |_: &Url, chunk: &[u8]| {
            body.extend_from_slice(chunk);
            Ok(())
        };
        let response = self.stream(request, &mut collect).await?;
        Ok(Response { body, ..response })
    }

    /// Whether an origin sends the byte at `at` of a file alone. Fails if that can be found out later.
    pub(crate) async fn sends_byte(
        &self,
        url: &Url,
        at: u64,
        named_by: Option<&Url>,
    ) -> Result<bool, Failure> {
        let request = Request { named_by, ..Request::probe(url, at..at.saturating_add(1), 1) };
        match self.fetch(&request).await {
            Ok(part) => Ok(part.ranged && part.start == at),
            Err(failure) if failure.kind.is_temporary() => Err(failure),
            Err(_) => Ok(false),
        }
    }

    /// Like [`Self::fetch`], but hands the body to `take` instead of keeping it.
    pub(crate) async fn stream(
        &self,
        request: &Request<'_>,
        take: &mut Take<'_>,
    ) -> Result<Response, Failure> {
        let response = self.follow(request, take);
        match self.over_by {
            Some(over_by) => {
                let response = tokio::time::timeout_at(over_by, response).await;
                response.unwrap_or_else(|_| Err(timed_out()))
            }
            None => response.await,
        }
    }

    async fn follow(
        &self,
        request: &Request<'_>,
        take: &mut Take<'_>,
    ) -> Result<Response, Failure> {
        let mut url = request.url.clone();
        // A URL that a foreign origin named must not reach this server's own folder.
        let is_own = |url: &Url| self.policy.find_own(url, self.reached_as.as_ref()).is_some();
        let mut own_granted = request.named_by.is_none_or(is_own);
        for _ in 0..=REDIRECTS_MAX {
            let (next, reached_as) = (url.clone(), self.reached_as.clone());
            let judge =
                move |policy: &EgressPolicy| policy.judge(&next, reached_as.as_ref(), own_granted);
            let rule = self.ask(judge).await??;
            own_granted = matches!(rule, Rule::Own(_));
            let host = rule.target(&url).host_str().unwrap_or_default();
            let slot = self.gate.enter(&self.requester, host).await?;
            let fetched = self.fetch_once(&rule, &url, request, take);
            let fetched = tokio::select! {
                fetched = made_for(&self.requester, fetched) => fetched?,
                () = slot.cut_off() => return Err(gate::crowded()),
            };
            match fetched {
                Fetched::Elsewhere(next) => url = next,
                Fetched::Here(response) => return Ok(response),
            }
        }
        Err(Failure::new(ErrorKind::Unsupported, "This link is redirected too often."))
    }

    async fn fetch_once(
        &self,
        rule: &Rule,
        url: &Url,
        request: &Request<'_>,
        take: &mut Take<'_>,
    ) -> Result<Fetched, Failure> {
        let response = self.send(rule, url, request).await?;
        if let Some(next) = redirect_target(&response, url)? {
            return Ok(Fetched::Elsewhere(next));
        }
        let read = Response::read(response, url.clone(), request, &self.turns, take);
        read.await.map(Fetched::Here)
    }

    async fn send(
        &self,
        rule: &Rule,
        url: &Url,
        request: &Request<'_>,
    ) -> Result<reqwest::Response, Failure> {
        let target = rule.target(url);
        let mut builder = self.clients.find(target)?.get(target.clone());
        // A range of a compressed file would be a range of the compressed bytes.
        let encodings = if request.range.is_some() { "identity" } else { "gzip, deflate, br" };
        builder = builder.header(ORIGIN, PROBE_ORIGIN).header(ACCEPT_ENCODING, encodings);
        if let Some(range) = &request.range {
            builder = builder.header(RANGE, format!("bytes={}-{}", range.start, range.end - 1));
        }
        let response = tokio::time::timeout(FIRST_BYTE_TIMEOUT, builder.send())
            .await
            .map_err(|_| timed_out())?
            .map_err(classify)?;
        if *rule == Rule::Vetted {
            let connected = response.remote_addr().ok_or_else(blocked)?.ip();
            let own = OwnAddresses::default;
            if !self.ask(move |policy| policy.permits(connected, &own())).await? {
                return Err(blocked());
            }
        }
        Ok(response)
    }

    /// Asks the policy on a thread that may block: it may have to ask the kernel.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&EgressPolicy) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let policy = Arc::clone(&self.policy);
        let asked = tokio::task::spawn_blocking(move || question(&policy));
        asked.await.map_err(|error| blocked().because(error))
    }
}

/// The target of a redirect; `None` if the response isn't one.
fn redirect_target(response: &reqwest::Response, url: &Url) -> Result<Option<Url>, Failure> {
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
        // The same for every target, so that it tells nothing about what is there.
        let detail = "This https link is redirected to an insecure address, which browsers block.";
        return Err(Failure::new(ErrorKind::Unsupported, detail));
    }
    Ok(next)
}

/// The kind of failure that a client error means; the cause, which is logged, holds no link.
fn classify(error: reqwest::Error) -> Failure {
    if guard::is_refusal(&error) {
        return blocked();
    }
    if guard::is_crowded(&error) {
        return gate::crowded();
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
