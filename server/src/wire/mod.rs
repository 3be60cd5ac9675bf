//! Conversions between the wire contract and the engine: free functions, so that neither knows the
//! other.

mod decode;
mod encode;
mod frame;
mod shape;
mod source;
mod timeline;

pub use decode::{
    Decoded, check_sync_report, decode, entry_from_wire, host_loss_from_wire,
    playback_control_from_wire, rate_from_wire, role_from_wire,
};
pub use encode::{Viewers, chat, host_loss, playback, role, room, room_state, room_summary};
pub use frame::{
    ack, authority_changed, closing, event, knocks_changed, pong, presence, rebased, reject,
    room_snapshot, sync_changed, text, token_expiring, viewer_count, welcome,
};
pub use shape::has_other_shape;
pub use source::{media, source};
pub use timeline::measurement_from_wire;
