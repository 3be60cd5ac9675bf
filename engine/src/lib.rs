//! The room state machine: pure, deterministic, without I/O, clock or randomness.

mod id;
mod media;
mod time;

pub use crate::id::{MediaId, ParticipantId, RoomId};
pub use crate::media::{
    AudioTrack, Availability, Control, Cors, Delivery, DeliveryKind, Evidence, Media, Rendition,
    Source, SyncClass, TextTrack, TextTrackKind,
};
pub use crate::time::{Position, Rate, Timestamp};
