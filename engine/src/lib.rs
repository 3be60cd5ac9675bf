//! The room state machine: pure, deterministic, without I/O, clock or randomness.
//!
//! A room changes in one way. `Room::handle` decides a [`Request`] and gives at most one
//! [`Commit`]; once the commit is stored, `Room::apply` makes it so. Whoever applies the commits
//! has the room. `now` is an argument, taken from the room clock.

mod command;
mod decide;
mod event;
mod handle;
mod id;
mod media;
mod op;
mod participant;
mod playback;
mod recovery;
mod rejection;
mod room;
mod time;

pub use crate::command::{Command, Facts, RoomPatch};
pub use crate::event::{Commit, Event, HostCause, LifecycleCause, PlaybackCause};
pub use crate::handle::{Answer, Request};
pub use crate::id::{MediaId, ParticipantId, RoomId};
pub use crate::media::{
    AudioTrack, Availability, Control, Cors, Delivery, DeliveryKind, Evidence, Media, Rendition,
    Source, SyncClass, TextTrack, TextTrackKind,
};
pub use crate::op::{CommittedOp, OPS_MAX, Op, Ops};
pub use crate::participant::{Actor, Role};
pub use crate::playback::{Barrier, Playback, Status, lead_ms};
pub use crate::recovery::{
    Copies, Origin, Place, Plan, Rebuilt, Standing, adopt, is_worth_adopting, plan_rebuild,
    rebuild, should_adopt,
};
pub use crate::rejection::Rejection;
pub use crate::room::{
    CREATED_MS, ChatSettings, EXPIRED_MS, HostLoss, INACTIVE_MS, Lifecycle, LifecycleState,
    NewRoom, Profile, ROLES_MAX, Rebased, Room, Settings,
};
pub use crate::time::{Position, Rate, Timestamp};
