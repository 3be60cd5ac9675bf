//! Resolves the media of a room again, because a player can't load it any more: its address may have
//! lapsed. The report is only the occasion; what is committed is what the server finds.

use contracts::{ErrorCode, SourceRef};
use engine::{Command, Media, MediaId};

use super::Rooms;
use crate::access::Proof;
use crate::hub::{Found, RoomHub};
use crate::net::Client;
use crate::refusal::Refusal;
use crate::sources::MediaChoice;

impl Rooms {
    /// Resolves the room's media again for a participant whose player can't load it, and refuses if that
    /// fails. If it has other addresses by now, they are committed for the host and co-hosts; for others
    /// only if the server can't load the present one either. A report about other media changes nothing.
    /// However many players report, what is found answers all of them for ten seconds.
    pub async fn refresh_media(
        &self,
        hub: &RoomHub,
        proof: &Proof,
        media_id: &MediaId,
        from: &Client,
    ) -> Result<(), Refusal> {
        let room = self.find(&hub.room_id).await?;
        let media = room.media.as_deref().filter(|media| media.media_id == *media_id);
        let Some(media) = media.filter(|_| room.is_open()) else {
            return Ok(());
        };
        let commands = proof.role_in(&room).commands_playback();
        let known = |found: &Option<Found>| found.as_ref().and_then(|one| one.outcome_of(media_id));
        // Held while the media is resolved, so that others who command playback wait for the same
        // outcome. Anybody else has nothing to wait for: what is found comes to all.
        let mut found = if commands {
            hub.found.lock().await
        } else {
            let Ok(of_commanders) = hub.found.try_lock() else { return Ok(()) };
            if let Some(outcome) = known(&of_commanders) {
                return outcome;
            }
            drop(of_commanders);
            let Ok(found) = hub.found_for_others.try_lock() else { return Ok(()) };
            found
        };
        if let Some(outcome) = known(&found) {
            return outcome;
        }
        let outcome = self.look_again(proof, media, commands, from).await;
        if outcome.as_ref().map_or_else(|refusal| is_of_the_media(refusal.code()), |()| true) {
            *found = Some(Found::new(media_id.clone(), outcome.clone()));
        }
        outcome
    }

    async fn look_again(
        &self,
        proof: &Proof,
        media: &Media,
        commands: bool,
        from: &Client,
    ) -> Result<(), Refusal> {
        let (provider, stream_id) = (media.source.provider.clone(), media.source.stream_id.clone());
        let choice = MediaChoice::Source(SourceRef { provider, stream_id });
        let delivery = self.sources.resolve(proof.user_id(), from, &choice).await?.delivery;
        if !media.source.is_elsewhere(&delivery) {
            return Ok(());
        }
        let lapsed = match media.source.delivery.first() {
            Some(present) if !commands => {
                self.sources.has_lapsed(proof.user_id(), from, &present.url).await
            }
            _ => true,
        };
        if lapsed {
            let media_id = media.media_id.clone();
            let refreshed = Command::Refreshed { media_id, delivery };
            if !self.handle_system(proof.room_id(), refreshed).await {
                return Err(Refusal::store_unavailable());
            }
        }
        Ok(())
    }
}

/// Whether a refusal says something about the media, rather than about who asked or about this server.
/// These are more than those by which `Sources::has_lapsed` judges an address: that it leads to media
/// which can't be played answers everybody, too.
fn is_of_the_media(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::MediaNotFound
            | ErrorCode::MediaGone
            | ErrorCode::MediaForbidden
            | ErrorCode::MediaUnsupported
            | ErrorCode::DrmProtected
            | ErrorCode::ManifestInvalid
            | ErrorCode::UpstreamTooLarge
            | ErrorCode::UpstreamUnavailable
    )
}
