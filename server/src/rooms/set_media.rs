//! `set_media`: role first, then availability, then commit. No link of somebody who may not
//! command is ever fetched.

use contracts::{ErrorCode, SetMedia, SourceRef};
use engine::{Command, Envelope, Media, Request, RoomId, Source};
use tokio_util::task::AbortOnDropHandle;

use super::{Done, Rooms};
use crate::id;
use crate::refusal::Refusal;

/// The longest link, in bytes.
pub const LINK_BYTES_MAX: usize = 2048;

/// What to watch: exactly one of a link and a source.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaChoice {
    /// A link that a person pasted.
    Link(String),
    /// A source that was resolved before.
    Source(SourceRef),
}

impl MediaChoice {
    /// From the frame.
    pub fn from_wire(data: SetMedia) -> Result<Self, Refusal> {
        match (data.link, data.source) {
            (Some(link), None) => Ok(Self::Link(link)),
            (None, Some(source)) => Ok(Self::Source(source)),
            _ => Err(Refusal::new(ErrorCode::InvalidRequest, "give either `link` or `source`")),
        }
    }
}

impl Rooms {
    /// Watches something else. `envelope` was admitted for it.
    pub async fn set_media(
        &self,
        room_id: &RoomId,
        envelope: Envelope,
        choice: &MediaChoice,
    ) -> Result<Done, Refusal> {
        let source = self.resolve(choice).await?;
        let media = Media { media_id: id::media_id(), source };
        let command = Command::SetMedia { media: Box::new(media) };
        self.handle(room_id, &Request { envelope, command }).await
    }

    /// What a link or a source leads to, there at this moment.
    pub async fn resolve(&self, choice: &MediaChoice) -> Result<Source, Refusal> {
        if let MediaChoice::Link(link) = choice
            && link.len() > LINK_BYTES_MAX
        {
            return Err(Refusal::new(ErrorCode::LinkInvalid, "the link is too long"));
        }
        let (providers, choice) = (self.providers.clone(), choice.clone());
        let resolve = async move {
            match choice {
                MediaChoice::Link(link) => providers.resolve(&link).await,
                MediaChoice::Source(source) => {
                    providers.reopen(&source.provider, &source.stream_id).await
                }
            }
        };
        // In a task of its own: a large playlist takes a while to parse, and the asker's pings
        // would wait for it.
        match AbortOnDropHandle::new(tokio::spawn(resolve)).await {
            Ok(resolved) => Ok(resolved?),
            Err(_) => Err(Refusal::new(ErrorCode::Internal, "the link couldn't be resolved")),
        }
    }
}
