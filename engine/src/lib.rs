//! The room state machine: pure and deterministic, without I/O, clock or randomness.
//!
//! A room changes in one way. `Room::handle` decides a [`Request`] and returns at most one
//! [`Commit`]; once the commit is stored, `Room::apply` applies it. Applying all commits of a room
//! reproduces the room. `now` is an argument, taken from the room clock.
//!
//! The modules depend on each other in one direction:
//!
//! ```text
//! id  time  place  settings  lifecycle  participant  rejection
//!   ◀─ timeline  live ◀─ media  op  facts  permission  playback
//!   ◀─ command  event ◀─ room ◀─ apply  lease  decide ◀─ handle ◀─ recovery
//! ```

mod apply;
mod command;
mod decide;
mod delay_limit;
mod event;
mod facts;
mod handle;
mod id;
mod lease;
mod lifecycle;
mod live;
mod media;
mod op;
mod participant;
mod permission;
mod place;
mod playback;
mod recovery;
mod rejection;
mod room;
mod settings;
mod time;
mod timeline;
mod wait_limit;

pub use crate::command::Command;
pub use crate::delay_limit::DelayLimit;
pub use crate::event::{Commit, Event, HostCause, LifecycleCause, MediaCause, PlaybackCause};
pub use crate::facts::Facts;
pub use crate::handle::{Decision, Envelope, Request};
pub use crate::id::{MediaId, ParticipantId, RoomId};
pub use crate::lease::LeaseChange;
pub use crate::lifecycle::{CREATED_MS, EXPIRED_MS, INACTIVE_MS, Lifecycle, LifecycleState};
pub use crate::live::LiveEdge;
pub use crate::media::{
    AudioTrack, Availability, Control, Cors, Delivery, DeliveryKind, Evidence, ManifestEntry,
    Media, Rendition, Source, SyncClass, TextTrack, TextTrackKind,
};
pub use crate::op::{CommittedOp, OPS_MAX, Op, Ops};
pub use crate::participant::{Actor, Role};
pub use crate::permission::{CommandKind, Permission};
pub use crate::place::{Place, Rebased};
pub use crate::playback::{Barrier, Playback, Status, lead_ms};
pub use crate::recovery::{
    Copies, CopyKind, Lineage, Outage, RebuildPlan, Rebuilt, adopt, is_worth_adopting,
    plan_rebuild, rebase, rebuild, should_adopt,
};
pub use crate::rejection::Rejection;
pub use crate::room::{NewRoom, ROLES_MAX, Room};
pub use crate::settings::{
    ChatSettings, Entry, HostLoss, PlaybackControl, Profile, RoomPatch, Settings,
};
pub use crate::time::{Position, Rate, Timestamp, WHOLE_MAX};
pub use crate::timeline::{
    DurationOrigin, Measurement, Origin, Reading, Span, Timeline, TimelineKind,
};
pub use crate::wait_limit::WaitLimit;
