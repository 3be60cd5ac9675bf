//! `refreshed`: new addresses of the same media, since those before have lapsed; `origins_read`: more
//! of its timeline, since the room nears it. Playback stays as it is.

use crate::event::{Event, MediaCause};
use crate::facts::Facts;
use crate::id::MediaId;
use crate::media::{Delivery, Media};
use crate::room::Room;
use crate::timeline::{Reading, TimelineKind};

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

/// Adds origins to a timeline of which not everything was read; what is known already changes nothing.
pub(super) fn origins_read(
    room: &Room,
    media_id: &MediaId,
    reading: &Reading,
    facts: &Facts,
) -> Option<Event> {
    let media = room.media.as_deref().filter(|media| media.media_id == *media_id)?;
    let timeline = &media.source.timeline;
    if !room.is_open()
        || timeline.kind == TimelineKind::ProgramDateTime
        || timeline.unread_in(reading.span).is_none()
    {
        return None;
    }
    let mut media = media.clone();
    media.source.timeline.add(reading, room.expected(facts.now));
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
