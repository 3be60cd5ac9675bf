//! Resolves a choice of media to a source that is available now.

use contracts::{ErrorCode, LINK_CHARS_MAX, STREAM_ID_MAX};
use engine::Source;
use providers::{ErrorKind, Failure, ProviderError, Registry, Requester};
use tokio_util::task::AbortOnDropHandle;

use super::{MediaChoice, Sources};
use crate::limit::network::widest;
use crate::net::Client;
use crate::page;
use crate::refusal::Refusal;

/// How long a source may be as JSON. It is part of the room, which is one frame.
const SOURCE_BYTES_MAX: usize = 192 * 1024;

impl Sources {
    /// Resolves a link for a client's user, who may choose it next.
    pub async fn ask(&self, user_id: &str, from: &Client, link: String) -> Result<Source, Refusal> {
        let choice = MediaChoice::Link(link.clone());
        self.check(user_id, &choice)?;
        self.recent.ask(user_id, &link, self.fetch(user_id, from, &choice)).await
    }

    /// Finds the source that a client's user chooses: what was just found if the user has just
    /// asked, else by resolving the choice.
    pub async fn choose(
        &self,
        user_id: &str,
        from: &Client,
        choice: &MediaChoice,
    ) -> Result<Source, Refusal> {
        match self.recent.take(user_id, choice).await {
            Some(source) => Ok(source),
            None => self.resolve(user_id, from, choice).await,
        }
    }

    /// Resolves a choice for a client's user, within the user's limit and share.
    pub async fn resolve(
        &self,
        user_id: &str,
        from: &Client,
        choice: &MediaChoice,
    ) -> Result<Source, Refusal> {
        self.check(user_id, choice)?;
        self.fetch(user_id, from, choice).await
    }

    /// Checks the user's limit and the length of the choice, before anything is kept or fetched for it.
    fn check(&self, user_id: &str, choice: &MediaChoice) -> Result<(), Refusal> {
        self.limiters.check_resolve(user_id)?;
        match choice {
            MediaChoice::Link(link) if link.chars().count() > LINK_CHARS_MAX => {
                Err(Refusal::new(ErrorCode::LinkInvalid, "the link is too long"))
            }
            MediaChoice::Source(source) if source.stream_id.len() > STREAM_ID_MAX => {
                Err(Refusal::new(ErrorCode::LinkInvalid, "the source's id is too long"))
            }
            _ => Ok(()),
        }
    }

    async fn fetch(
        &self,
        user_id: &str,
        from: &Client,
        choice: &MediaChoice,
    ) -> Result<Source, Refusal> {
        let providers = self.for_client(user_id, from);
        let choice = choice.clone();
        let resolve = async move {
            match choice {
                MediaChoice::Link(link) => providers.resolve(&link).await,
                MediaChoice::Source(source) => {
                    providers.reopen(&source.provider, &source.stream_id).await
                }
            }
        };
        // In a task of its own: a large playlist takes a while to parse, and the caller's pings would
        // have to wait for it.
        match AbortOnDropHandle::new(tokio::spawn(resolve)).await {
            Ok(resolved) => Ok(self.take_in(resolved?, "resolve")?),
            Err(_) => Err(Refusal::new(ErrorCode::Internal, "the link couldn't be resolved")),
        }
    }

    /// Returns whether the address of a delivery leads to nothing any more, as a client's user finds.
    /// That this server is busy, or the origin slow, says nothing about the address; media that is there and
    /// can't be played has not lapsed.
    pub async fn has_lapsed(&self, user_id: &str, from: &Client, url: &str) -> bool {
        use ErrorKind::{Forbidden, Gone, NotFound, Unavailable};
        let probed = self.for_client(user_id, from).probe(url).await;
        probed.is_err_and(|error| matches!(error.kind, NotFound | Gone | Forbidden | Unavailable))
    }

    /// Takes in what a provider found, unless rooms can't carry so much, and notes when the edge of a live
    /// source was there. The provider read it a little earlier, so the real edge may be slightly further on.
    pub(super) fn take_in(
        &self,
        mut source: Source,
        operation: &'static str,
    ) -> Result<Source, ProviderError> {
        let bytes = serde_json::to_vec(&source).map_or(usize::MAX, |json| json.len());
        if bytes > SOURCE_BYTES_MAX {
            let detail = "This film has more qualities and tracks than a room can carry.";
            return Err(Failure::new(ErrorKind::TooLarge, detail).at("sources", operation));
        }
        if let Some(edge) = &mut source.live_edge {
            edge.at = self.clock.now();
        }
        Ok(source)
    }

    /// The providers, with requests that count as those of a client's user, who may name the sample clip by the
    /// address that the client reaches this server by.
    fn for_client(&self, user_id: &str, from: &Client) -> Registry {
        // Someone with a whole network gets no larger share than someone with one address.
        let address = Some(widest(from.address));
        let providers = self.providers.on_behalf_of(Requester { user: user_id.into(), address });
        providers.reached_as(from.base.http(page::SAMPLE_FOLDER))
    }
}
