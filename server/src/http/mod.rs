//! The HTTP API: one file an operation, one folder a resource. A handler extracts, calls
//! services, and encodes.

pub(crate) mod auth;
pub(crate) mod bans;
mod caller;
mod cursor;
mod document;
mod extract;
mod field;
pub(crate) mod grants;
mod idempotency;
pub(crate) mod invites;
pub(crate) mod knocks;
pub(crate) mod layers;
pub(crate) mod me;
pub(crate) mod meta;
mod participant_path;
pub(crate) mod participants;
mod peer;
mod problems;
mod product;
mod room_path;
pub(crate) mod rooms;
pub(crate) mod sources;

pub(crate) use document::Document;
pub(crate) use extract::Query;
pub(crate) use participant_path::ParticipantParameter;
pub(crate) use peer::locate;
pub(crate) use problems::Problems;
pub(crate) use room_path::{OpenRoomPath, RoomParameter, RoomPath};
