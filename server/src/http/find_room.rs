use axum::Json;
use axum::extract::State;
use contracts::RoomSummary;

use crate::App;
use crate::auth::Caller;
use crate::extract::RoomPath;
use crate::refusal::Refusal;

/// Finds a room by id or code: what somebody invited may know before joining.
#[utoipa::path(get, path = "/rooms/{room_id}", operation_id = "findRoom", tag = "rooms",
    security(("token" = [])),
    params(("room_id" = String, Path, description = "A room's id or code")),
    responses((status = 200, body = RoomSummary, description = "The room"),
              crate::openapi::Problems))]
#[tracing::instrument(name = "http.find_room", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn find_room(
    State(app): State<App>,
    _caller: Caller,
    room: RoomPath,
) -> Result<Json<RoomSummary>, Refusal> {
    let room = app.rooms.find(&room.room_id).await?;
    let viewers = app.viewers(&room.room_id).await?;
    Ok(Json(app.summary(&room, Some(viewers.count))))
}
