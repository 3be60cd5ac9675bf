//! Resolves a choice of media to a source that is available now.

use std::net::IpAddr;

use contracts::{ErrorCode, LINK_BYTES_MAX};
use engine::Source;
use providers::Requester;
use tokio_util::task::AbortOnDropHandle;

use super::{MediaChoice, Sources};
use crate::limit::network::widest;
use crate::refusal::Refusal;

impl Sources {
    /// Resolves a choice for a user at an address, within the user's limit and share.
    pub async fn resolve(
        &self,
        user_id: &str,
        from: IpAddr,
        choice: &MediaChoice,
    ) -> Result<Source, Refusal> {
        self.limiters.check_resolve(user_id)?;
        if let MediaChoice::Link(link) = choice
            && link.len() > LINK_BYTES_MAX
        {
            return Err(Refusal::new(ErrorCode::LinkInvalid, "the link is too long"));
        }
        // Who has a whole network has no larger share than who has one address.
        let requester = Requester { user: user_id.into(), address: Some(widest(from)) };
        let (providers, choice) = (self.providers.on_behalf_of(requester), choice.clone());
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
            Ok(resolved) => Ok(self.at_room_time(resolved?)),
            Err(_) => Err(Refusal::new(ErrorCode::Internal, "the link couldn't be resolved")),
        }
    }

    /// Returns whether there is something at the address of a delivery, for a user at an address.
    pub async fn is_there(&self, user_id: &str, from: IpAddr, url: &str) -> bool {
        let requester = Requester { user: user_id.into(), address: Some(from) };
        self.providers.on_behalf_of(requester).probe(url).await.is_ok()
    }

    /// Notes when the edge of a live source was where the provider found it. The provider read it a
    /// little earlier, so from now on it is rather ahead of this than behind.
    fn at_room_time(&self, mut source: Source) -> Source {
        if let Some(edge) = &mut source.live_edge {
            edge.at = self.clock.now();
        }
        source
    }
}
