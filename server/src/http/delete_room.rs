use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::Command;

use super::write;
use crate::App;
use crate::auth::Caller;
use crate::extract::RoomPath;
use crate::refusal::Refusal;

/// Ends a room: the host may, or the creator of a room without one.
#[utoipa::path(delete, path = "/rooms/{room_id}", operation_id = "deleteRoom", tag = "rooms",
    security(("token" = [])),
    params(("room_id" = String, Path, description = "A room's id or code"),
           ("Idempotency-Key" = Option<String>, Header, description = "Names the write")),
    responses((status = 204, description = "Ended"), crate::openapi::Problems))]
#[tracing::instrument(name = "http.delete_room", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn delete_room(
    State(app): State<App>,
    caller: Caller,
    room: RoomPath,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    app.limiters.check_write(&caller.user_id)?;
    let room_id = room.room_id;
    let request = write::request(&caller, &room_id, &headers, Command::Delete, "delete_room", &())?;
    app.rooms.handle(&room_id, &request).await?;
    Ok(StatusCode::NO_CONTENT)
}
