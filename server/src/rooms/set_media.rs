//! `set_media`: permission first, then resolving, then the commit. A link of somebody who may not
//! command playback is never fetched.

use engine::{Command, CommandKind, Envelope, Media, Request, RoomId};

use super::{Ack, Rooms};
use crate::access::Proof;
use crate::id;
use crate::limit::Asker;
use crate::net::Client;
use crate::refusal::Refusal;
use crate::sources::MediaChoice;

impl Rooms {
    /// Resolves a choice for the user that `proof` names, and makes it the room's media.
    pub async fn set_media(
        &self,
        proof: &Proof,
        envelope: Envelope,
        choice: &MediaChoice,
        from: &Client,
    ) -> Result<Ack, Refusal> {
        let room_id: &RoomId = proof.room_id();
        let admitted = self.admit(room_id, CommandKind::SetMedia, &envelope, from.address);
        if let Some(ack) = admitted.await? {
            return Ok(ack);
        }
        let source = self.sources.choose(proof.user_id(), from, choice).await?;
        let media = Media { media_id: id::media_id(), source };
        let command = Command::SetMedia { media: Box::new(media) };
        let sender = Asker { user_id: proof.user_id(), address: from.address };
        self.handle(room_id, &Request { envelope, command }, sender).await
    }
}
