//! The room that a path names, loaded once for the whole request.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use engine::Room;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::Path;
use crate::access::Caller;
use crate::app::App;
use crate::id::RoomKey;
use crate::net::Peer;
use crate::refusal::Refusal;
use crate::rooms::{closed, not_found};

/// The room that a path names, by id or code.
#[derive(Clone, Debug)]
pub(crate) struct RoomPath {
    /// The room as this node knew it when the request's headers had arrived.
    pub room: Arc<Room>,
}

/// The room that a path names, unless the party is over. Commands find that out by themselves, since those
/// that were carried out before the end are acknowledged again.
#[derive(Clone, Debug)]
pub(crate) struct OpenRoomPath {
    /// The room as this node knew it when the request's headers had arrived.
    pub room: Arc<Room>,
}

/// How a path names a room.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RoomParameter {
    /// A room's id or code.
    #[param(min_length = 1, max_length = 128)]
    room_id: String,
}

impl FromRequestParts<App> for RoomPath {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Path(RoomParameter { room_id: named }) = Path::from_request_parts(parts, app).await?;
        let room = match RoomKey::parse(&named) {
            Some(RoomKey::Id(room_id)) => app.rooms.find(&room_id).await?,
            Some(RoomKey::Code(code)) => find_by_code(parts, app, &code).await?,
            None => return Err(not_found()),
        };
        Ok(Self { room })
    }
}

impl FromRequestParts<App> for OpenRoomPath {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let RoomPath { room } = RoomPath::from_request_parts(parts, app).await?;
        if room.is_open() {
            return Ok(Self { room });
        }
        Err(closed())
    }
}

/// Finds the room of a code. Only an unknown code costs the address a guess, and so does one of which nothing
/// can be said: a store that is away answers the known codes alone. Without guesses, its codes are refused,
/// right or wrong, but for members of the room, who know the code.
async fn find_by_code(parts: &mut Parts, app: &App, code: &str) -> Result<Arc<Room>, Refusal> {
    let address = Peer::from_request_parts(parts, app).await?.address;
    match app.limiters.take_guess(address).await {
        Ok(guess) => {
            let room = app.rooms.find_by_code(code).await?;
            guess.was_right();
            Ok(room)
        }
        Err(refusal) => find_as_member(parts, app, code).await.ok_or(refusal),
    }
}

/// Finds the room of a code for one of its members. How often a user may try is limited too: the look-ups
/// cost something, and take longer for a code that names a room.
async fn find_as_member(parts: &mut Parts, app: &App, code: &str) -> Option<Arc<Room>> {
    let caller = Caller::from_request_parts(parts, app).await.ok()?;
    app.limiters.check_member_code(&caller.user_id).ok()?;
    let room = app.rooms.find_by_code(code).await.ok()?;
    let proof = app.access.authorize(&caller, &room).ok()?;
    app.members.check_joined(&proof).await.ok()?;
    Some(room)
}
