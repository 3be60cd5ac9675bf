use axum::Json;
use axum::extract::State;
use contracts::RoomState;

use crate::App;
use crate::auth::Caller;
use crate::extract::RoomPath;
use crate::refusal::Refusal;
use crate::wire;

/// A room's whole state at one version, for its members.
#[utoipa::path(get, path = "/rooms/{room_id}/state", operation_id = "findState", tag = "rooms",
    security(("token" = [])),
    params(("room_id" = String, Path, description = "A room's id or code")),
    responses((status = 200, body = RoomState, description = "The state"),
              crate::openapi::Problems))]
#[tracing::instrument(name = "http.find_state", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn find_state(
    State(app): State<App>,
    caller: Caller,
    room: RoomPath,
) -> Result<Json<RoomState>, Refusal> {
    app.check_member(&caller, &room.room_id).await?;
    let room = app.rooms.find(&room.room_id).await?;
    let viewers = app.viewers(&room.room_id).await?;
    let now = app.clock.now().max(room.at);
    Ok(Json(wire::room_state(&room, viewers, now)))
}
