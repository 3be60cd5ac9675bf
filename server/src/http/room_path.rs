//! The room that a path names, loaded once for the whole request.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use contracts::ErrorCode;
use engine::Room;
use serde::Deserialize;

use super::extract::Path;
use crate::app::App;
use crate::id::RoomKey;
use crate::net::Peer;
use crate::refusal::Refusal;
use crate::rooms::not_found;

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

#[derive(Deserialize)]
struct Parameters {
    room_id: String,
}

impl FromRequestParts<App> for RoomPath {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Path(Parameters { room_id: named }) = Path::from_request_parts(parts, app).await?;
        let room = match RoomKey::parse(&named) {
            Some(RoomKey::Id(room_id)) => app.rooms.find(&room_id).await?,
            Some(RoomKey::Code(code)) => {
                let peer = Peer::from_request_parts(parts, app).await?;
                app.limiters.check_code(peer.address)?;
                app.rooms.find_by_code(&code).await?
            }
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
        Err(Refusal::new(ErrorCode::RoomClosed, "the party is over"))
    }
}
