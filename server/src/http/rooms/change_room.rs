//! `PATCH /rooms/{room_id}`

use axum::extract::State;
use contracts::{PatchRoom, Room, SLOW_MODE_MS_MAX};
use engine::{Command, Request, RoomPatch};

use crate::app::App;
use crate::config::HOST_GRACE_MS;
use crate::http::extract::Json;
use crate::http::idempotency::{self, Write};
use crate::http::{Problems, RoomPath, field};
use crate::limit::Asker;
use crate::net::Peer;
use crate::refusal::Refusal;
use crate::wire;

/// The slow modes that a chat may have, in milliseconds.
const SLOW_MODE_MS: std::ops::RangeInclusive<u64> = 0..=SLOW_MODE_MS_MAX;

/// Changes the properties of a room. Only the host may.
#[utoipa::path(patch, path = "", operation_id = "changeRoom", tag = "rooms",
    security(("token" = [])), request_body = PatchRoom,
    params(("room_id" = String, Path, description = "A room's id or code"),
           idempotency::IdempotencyKey),
    responses((status = 200, body = Room, description = "The room"), Problems))]
#[tracing::instrument(name = "http.change_room", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn change_room(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    RoomPath { room }: RoomPath,
    Json(body): Json<PatchRoom>,
) -> Result<Json<Room>, Refusal> {
    let room_id = &room.room_id;
    let proof = app.access.authorize(&write.caller, room_id)?;
    let command = Command::ChangeRoom(patch(&body)?);
    let envelope = write.envelope(&proof, "change_room", &body);
    let from = Asker { user_id: proof.user_id(), address: peer.address };
    app.rooms.handle(room_id, &Request { envelope, command }, from).await?;
    let changed = app.rooms.find(room_id).await?;
    Ok(Json(wire::room(&changed, app.members.viewers(room_id).await?)))
}

fn patch(body: &PatchRoom) -> Result<RoomPatch, Refusal> {
    let name = body.name.as_deref().map(|name| field::name("name", name, field::ROOM_NAME));
    let grace = body.host_grace_ms;
    let chat = body.chat.clone().unwrap_or_default();
    let slow_mode = chat.slow_mode_ms;
    Ok(RoomPatch {
        name: name.transpose()?,
        is_public: body.is_public,
        chat_enabled: chat.enabled,
        slow_mode_ms: slow_mode
            .map(|ms| field::within("slow_mode_ms", ms, &SLOW_MODE_MS))
            .transpose()?,
        host_loss: body.host_loss.map(wire::host_loss_from_wire),
        host_grace_ms: grace
            .map(|ms| field::within("host_grace_ms", ms, &HOST_GRACE_MS))
            .transpose()?,
        rebuffer_barrier: body.rebuffer_barrier,
    })
}
