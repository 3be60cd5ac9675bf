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
    if !room.is_open() || delivery.is_empty() || !media.source.is_elsewhere(delivery) {
        return None;
    }
    let mut media: Media = media.clone();
    media.source.delivery = delivery.iter().map(|new| known_of(&media, new)).collect();
    let (cause, playback) = (MediaCause::Refreshed, room.playback.clone());
    Some(Event::MediaChanged { cause, by: None, media: Box::new(media), playback })
}

/// The new delivery with what the one before says beyond it: a hasty look may see less of a file.
fn known_of(media: &Media, new: &Delivery) -> Delivery {
    let before = media.source.delivery.iter().find(|before| before.kind == new.kind);
    let Some(before) = before else { return new.clone() };
    Delivery {
        mime: new.mime.clone().or_else(|| before.mime.clone()),
        codecs: new.codecs.clone().or_else(|| before.codecs.clone()),
        has_picture: new.has_picture.or(before.has_picture),
        has_sound: new.has_sound.or(before.has_sound),
        ..new.clone()
    }
}
