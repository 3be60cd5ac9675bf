//! `GET /rooms/{room_id}`

use axum::extract::State;
use contracts::RoomSummary;

use crate::access::Caller;
use crate::app::App;
use crate::http::extract::Json;
use crate::http::{OpenRoomPath, Problems, RoomParameter};
use crate::refusal::Refusal;
use crate::wire;

/// Finds a room by id or code: what somebody with an invite may know before joining.
#[utoipa::path(get, path = "", operation_id = "findRoom", tag = "rooms",
    security(("token" = [])),
    params(RoomParameter),
    responses((status = 200, body = RoomSummary, description = "The room"), Problems))]
#[tracing::instrument(name = "http.find_room", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn find_room(
    State(app): State<App>,
    caller: Caller,
    OpenRoomPath { room }: OpenRoomPath,
) -> Result<Json<RoomSummary>, Refusal> {
    app.access.authorize(&caller, &room)?;
    let viewers = app.members.viewers(&room.room_id).await?;
    Ok(Json(wire::room_summary(&room, viewers.count)))
}
