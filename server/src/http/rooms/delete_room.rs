//! `DELETE /rooms/{room_id}`

use axum::extract::State;
use axum::http::StatusCode;
use engine::{Command, Request};

use crate::app::App;
use crate::http::idempotency::{self, Write};
use crate::http::{Problems, RoomParameter, RoomPath};
use crate::limit::Asker;
use crate::net::Peer;
use crate::refusal::Refusal;

/// Ends a room. The host may, and the creator of a room without a host.
#[utoipa::path(delete, path = "", operation_id = "deleteRoom", tag = "rooms",
    security(("token" = [])),
    params(RoomParameter,
           idempotency::IdempotencyKey),
    responses((status = 204, description = "Ended"), Problems))]
#[tracing::instrument(name = "http.delete_room", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn delete_room(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    RoomPath { room }: RoomPath,
) -> Result<StatusCode, Refusal> {
    let proof = app.access.authorize(&write.caller, &room)?;
    let envelope = write.envelope(&proof, "delete_room", &());
    let from = Asker { user_id: proof.user_id(), address: peer.address };
    let request = Request { envelope, command: Command::Delete };
    app.rooms.handle(&room.room_id, &request, from).await?;
    Ok(StatusCode::NO_CONTENT)
}
