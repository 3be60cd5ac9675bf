//! `set_media`: role first, then availability, then commit. No link of somebody who may not
//! command is ever fetched.

use std::sync::Arc;

use contracts::{SetMedia, SourceRef};
use engine::{Availability, Command, Control, Media, Request, RoomId, Source};

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
            _ => Err(Refusal::new("invalid_request", "give either `link` or `source`")),
        }
    }
}

impl Rooms {
    /// Watches something else. `request` is as the client sent it; its command is filled in here.
    pub async fn set_media(
        &self,
        room_id: &RoomId,
        mut request: Request,
        choice: &MediaChoice,
    ) -> Result<Done, Refusal> {
        let room = self.find(room_id).await?;
        request.command = Command::SetMedia { media: Box::new(unresolved()) };
        if let Some(known) = room.recall(request.op.as_ref())? {
            let (epoch, version) = (known.epoch, known.version);
            return Ok(Done { epoch, version, duplicate: true });
        }
        room.admit(&request)?;
        let source = self.resolve(choice).await?;
        let media = Media { media_id: id::media_id(), source };
        request.command = Command::SetMedia { media: Box::new(media) };
        self.handle(room_id, &request).await
    }

    /// What a link or a source leads to, there at this moment.
    pub async fn resolve(&self, choice: &MediaChoice) -> Result<Source, Refusal> {
        let providers: &Arc<_> = &self.providers;
        match choice {
            MediaChoice::Link(link) if link.len() > LINK_BYTES_MAX => {
                Err(Refusal::new("link_invalid", "the link is too long"))
            }
            MediaChoice::Link(link) => Ok(providers.resolve(link).await?),
            MediaChoice::Source(source) => {
                let mut found = providers.reopen(&source.provider, &source.stream_id).await?;
                found.availability = providers.check(&found).await?;
                Ok(found)
            }
        }
    }
}

/// Stands for media that isn't fetched yet, while the request is checked for everything else.
fn unresolved() -> Media {
    let source = Source {
        provider: String::new(),
        stream_id: String::new(),
        title: String::new(),
        duration: None,
        live: false,
        delivery: Vec::new(),
        renditions: Vec::new(),
        text_tracks: Vec::new(),
        audio_tracks: Vec::new(),
        poster: None,
        control: Control::ELEMENT,
        availability: Availability::Unverified { reason: String::new() },
    };
    Media { media_id: engine::MediaId::new(""), source }
}
