//! `PATCH /rooms/{room_id}`

use std::net::IpAddr;

use axum::extract::State;
use contracts::{ErrorCode, PatchRoom, SLOW_MODE_MS_MAX};
use engine::{Command, CommandKind, Entry, Envelope, Request, Room, RoomPatch};

use crate::app::App;
use crate::config::HOST_GRACE_MS;
use crate::http::extract::Json;
use crate::http::idempotency::{self, Write};
use crate::http::{Problems, RoomParameter, RoomPath, field};
use crate::limit::Asker;
use crate::net::Peer;
use crate::refusal::Refusal;
use crate::wire;

/// The slow modes that a chat may have, in milliseconds.
const SLOW_MODE_MS: std::ops::RangeInclusive<u64> = 0..=SLOW_MODE_MS_MAX;

/// Changes the properties of a room. Only the host may.
#[utoipa::path(patch, path = "", operation_id = "changeRoom", tag = "rooms",
    security(("token" = [])), request_body = PatchRoom,
    params(RoomParameter,
           idempotency::IdempotencyKey),
    responses((status = 200, body = contracts::Room, description = "The room"), Problems))]
#[tracing::instrument(name = "http.change_room", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn change_room(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    RoomPath { room }: RoomPath,
    Json(body): Json<PatchRoom>,
) -> Result<Json<contracts::Room>, Refusal> {
    let room_id = &room.room_id;
    let proof = app.access.authorize(&write.caller, &room)?;
    let command = Command::ChangeRoom(patch(&body)?);
    let envelope = write.envelope(&proof, "change_room", &body);
    set_password(&app, &room, &body, &envelope, peer.address).await?;
    let from = Asker { user_id: proof.user_id(), address: peer.address };
    app.rooms.handle(room_id, &Request { envelope, command }, from).await?;
    let changed = app.rooms.find(room_id).await?;
    Ok(Json(wire::room(&changed, app.members.viewers(room_id).await?)))
}

/// Stores another password. Refuses one that the room would have no use for, and a room that is to have one without any.
async fn set_password(
    app: &App,
    room: &Room,
    body: &PatchRoom,
    envelope: &Envelope,
    address: IpAddr,
) -> Result<(), Refusal> {
    let password = body.password.as_deref().map(field::password).transpose()?;
    let entry = body.entry.map(wire::entry_from_wire);
    if password.is_none() && entry != Some(Entry::Password) {
        return Ok(());
    }
    // Nothing costly happens before permission.
    app.rooms.admit(&room.room_id, CommandKind::ChangeRoom, envelope, address).await?;
    let passwords = app.access.passwords();
    match password {
        Some(password) if matches!(entry, None | Some(Entry::Password)) => {
            let hash = passwords.hash(password).await?;
            passwords.set(&room.room_id, &hash).await
        }
        Some(_) => {
            let detail = "a room has a `password` only if its `entry` is `password`";
            Err(Refusal::new(ErrorCode::InvalidRequest, detail))
        }
        None if passwords.is_set(&room.room_id).await? => Ok(()),
        None => {
            let detail = "the `entry` `password` needs a `password`";
            Err(Refusal::new(ErrorCode::InvalidRequest, detail))
        }
    }
}

fn patch(body: &PatchRoom) -> Result<RoomPatch, Refusal> {
    // A password says what lets people in.
    let unsaid = body.password.as_ref().map(|_| Entry::Password);
    let name = body.name.as_deref().map(|name| field::name("name", name, field::ROOM_NAME));
    let grace = body.host_grace_ms;
    let chat = body.chat.clone().unwrap_or_default();
    let slow_mode = chat.slow_mode_ms;
    Ok(RoomPatch {
        name: name.transpose()?,
        is_public: body.is_public,
        language: body.language.as_ref().map(field::language).transpose()?,
        tags: body.tags.as_deref().map(field::tags).transpose()?,
        chat_enabled: chat.enabled,
        slow_mode_ms: slow_mode
            .map(|ms| field::within("slow_mode_ms", ms, &SLOW_MODE_MS))
            .transpose()?,
        host_loss: body.host_loss.map(wire::host_loss_from_wire),
        host_grace_ms: grace
            .map(|ms| field::within("host_grace_ms", ms, &HOST_GRACE_MS))
            .transpose()?,
        rebuffer_barrier: body.rebuffer_barrier,
        playback_control: body.playback_control.map(wire::playback_control_from_wire),
        entry: body.entry.map(wire::entry_from_wire).or(unsaid),
        capacity: body.capacity.map(|given| given.map(field::capacity).transpose()).transpose()?,
    })
}
