//! `GET /rooms/{room_id}/state`

use axum::extract::State;
use contracts::RoomState;

use crate::access::Caller;
use crate::app::App;
use crate::http::extract::Json;
use crate::http::{OpenRoomPath, Problems, RoomParameter};
use crate::refusal::Refusal;
use crate::wire;

/// Returns a room's whole state at one version, to its members.
#[utoipa::path(get, path = "/state", operation_id = "findState", tag = "rooms",
    security(("token" = [])),
    params(RoomParameter),
    responses((status = 200, body = RoomState, description = "The state"), Problems))]
#[tracing::instrument(name = "http.find_state", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn find_state(
    State(app): State<App>,
    caller: Caller,
    OpenRoomPath { room }: OpenRoomPath,
) -> Result<Json<RoomState>, Refusal> {
    app.members.check_joined(&app.access.authorize(&caller, &room)?).await?;
    let viewers = app.members.viewers(&room.room_id).await?;
    let now = app.clock.now().max(room.at);
    Ok(Json(wire::room_state(&room, viewers, now)))
}
