//! The HTTP clients that requests are made with: one for each authority that was asked lately, few of them.
//!
//! A client keeps connections open, so that the requests of one `resolve` needn't connect anew. It bounds them for one
//! authority, but not in all, and links that lead to ever new names and ports would take every file descriptor. So each
//! authority has a client of its own, and the one that wasn't asked for longest goes, with its idle connections.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, redirect};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_platform_verifier::BuilderVerifierExt;
use url::{Position, Url};

use super::FIRST_BYTE_TIMEOUT;
use super::guard::Guard;
use crate::error::{ErrorKind, Failure};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Idle connections are kept only long enough for the requests of one `resolve`.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Authorities with idle connections.
pub(super) const CLIENTS_MAX: usize = 32;
/// Idle connections to one authority. In all, there are at most as many as requests in progress.
pub(super) const IDLE_PER_CLIENT_MAX: usize = 2;

/// The clients of the authorities that were asked lately.
pub(super) struct Clients {
    guard: Guard,
    /// Shared, since reading the system's certificates takes a while.
    tls: ClientConfig,
    /// The last one asked is the last.
    recent: Mutex<VecDeque<(String, Client)>>,
}

impl Clients {
    /// Makes clients with a guard; fails if the TLS stack finds no certificate roots.
    pub(super) fn new(guard: Guard) -> Result<Self, Failure> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.and_then(BuilderVerifierExt::with_platform_verifier).map_err(broken)?;
        let mut tls = tls.with_no_client_auth();
        tls.alpn_protocols = vec!["h2".into(), "http/1.1".into()];
        let clients = Self { guard, tls, recent: Mutex::default() };
        clients.build().map(|_| clients)
    }

    /// Returns the client for a URL.
    pub(super) fn find(&self, url: &Url) -> Result<Client, Failure> {
        let authority = &url[..Position::BeforePath];
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let known = recent.iter().position(|(of, _)| of == authority);
        let client = match known.and_then(|at| recent.remove(at)) {
            Some((_, client)) => client,
            None => self.build()?,
        };
        if recent.len() == CLIENTS_MAX {
            recent.pop_front();
        }
        recent.push_back((authority.to_owned(), client.clone()));
        Ok(client)
    }

    /// Builds a client, which takes well below a millisecond.
    fn build(&self) -> Result<Client, Failure> {
        Client::builder()
            .user_agent(concat!("playhead/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(self.guard.clone())
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(FIRST_BYTE_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_CLIENT_MAX)
            .build()
            .map_err(broken)
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::new(ErrorKind::Unavailable, "The way out can't be set up.").because(error)
}
