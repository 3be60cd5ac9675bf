//! Between the wire and the engine: free functions, so that neither knows the other.

mod decode;
mod encode;
mod frame;
mod source;

pub use decode::{Decoded, decode, role};
pub use encode::{
    Viewers, chat, host_loss, host_loss_from_wire, participant_role, playback, room, room_state,
    room_summary,
};
pub use frame::{
    ack, authority_changed, closing, event, pong, presence, rebased, reject, room_snapshot,
    sync_changed, text, viewer_count, welcome,
};
pub use source::{media, source};
