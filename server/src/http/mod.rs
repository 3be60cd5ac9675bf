//! One operation, one file: extract, one call, encode.

pub(crate) mod change_participant;
pub(crate) mod change_room;
pub(crate) mod create_guest;
pub(crate) mod create_room;
pub(crate) mod delete_room;
pub(crate) mod find_meta;
pub(crate) mod find_room;
pub(crate) mod find_state;
pub(crate) mod find_time;
pub(crate) mod join_room;
pub(crate) mod list_participants;
pub(crate) mod list_public_rooms;
pub(crate) mod resolve_source;

mod field;
mod page_token;
mod write;
