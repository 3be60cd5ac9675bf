//! `refreshed`: new addresses of the same media, since those before have lapsed. Playback stays as it
//! is.

use crate::event::{Event, MediaCause};
use crate::id::MediaId;
use crate::media::{Delivery, Media};
use crate::room::Room;

/// Replaces the addresses at which players load the media. Those of other media, or the same again,
/// change nothing.
pub(super) fn refreshed(room: &Room, media_id: &MediaId, delivery: &[Delivery]) -> Option<Event> {
    let media = room.media.as_deref().filter(|media| media.media_id == *media_id)?;
    if !room.is_open() || delivery.is_empty() || media.source.delivery == delivery {
        return None;
    }
    let mut media: Media = media.clone();
    media.source.delivery = delivery.to_vec();
    let (cause, playback) = (MediaCause::Refreshed, room.playback.clone());
    Some(Event::MediaChanged { cause, by: None, media: Box::new(media), playback })
}
