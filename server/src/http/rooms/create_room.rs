//! `POST /rooms`

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use contracts::{CreateRoom, ErrorCode, Room};
use engine::{Entry, HostLoss, PlaybackControl, Settings};
use tracing::Instrument;

use crate::access::Caller;
use crate::app::App;
use crate::config::{HOST_GRACE_MS, HOST_LEASE_MS};
use crate::http::extract::Json;
use crate::http::{Problems, field, idempotency};
use crate::net::Peer;
use crate::refusal::Refusal;
use crate::rooms::RoomSpec;
use crate::wire::{self, Viewers};

/// Creates a room. The caller is its host.
#[utoipa::path(post, path = "", operation_id = "createRoom", tag = "rooms",
    security(("token" = [])), request_body = CreateRoom,
    params(idempotency::IdempotencyKey),
    responses((status = 201, body = Room, description = "The room"), Problems))]
#[tracing::instrument(name = "http.create_room", skip_all)]
pub(crate) async fn create_room(
    State(app): State<App>,
    caller: Caller,
    peer: Peer,
    headers: HeaderMap,
    Json(body): Json<CreateRoom>,
) -> Result<(StatusCode, Json<Room>), Refusal> {
    // A client that hangs up leaves no room half made.
    let creation = create(app, caller, peer, headers, body).in_current_span();
    match tokio::spawn(creation).await {
        Ok(room) => Ok((StatusCode::CREATED, Json(room?))),
        Err(_) => Err(Refusal::new(ErrorCode::Internal, "the room couldn't be created")),
    }
}

async fn create(
    app: App,
    caller: Caller,
    peer: Peer,
    headers: HeaderMap,
    body: CreateRoom,
) -> Result<Room, Refusal> {
    caller.check_every_room()?;
    let password = body.password.as_deref().map(field::password).transpose()?;
    let unsaid = if password.is_some() { Entry::Password } else { Entry::Open };
    let entry = body.entry.map_or(unsaid, wire::entry_from_wire);
    if password.is_some() != (entry == Entry::Password) {
        let detail = "a room has a `password` if its `entry` is `password`, and only then";
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    }
    let grace_ms = body.host_grace_ms.unwrap_or(app.config.host_grace_ms);
    let lease_ms = body.host_lease_ms.unwrap_or(app.config.host_lease_ms);
    let mut spec = RoomSpec {
        name: field::name("name", &body.name, field::ROOM_NAME)?,
        is_public: body.is_public,
        language: field::language(&body.language)?,
        tags: field::tags(&body.tags)?,
        settings: Settings {
            host_loss: body.host_loss.map_or(HostLoss::Expire, wire::host_loss_from_wire),
            host_grace_ms: field::within("host_grace_ms", grace_ms, &HOST_GRACE_MS)?,
            host_lease_ms: field::within("host_lease_ms", lease_ms, &HOST_LEASE_MS)?,
            rebuffer_barrier: body.rebuffer_barrier,
            playback_control: body
                .playback_control
                .map_or(PlaybackControl::Hosts, wire::playback_control_from_wire),
            entry,
            capacity: body.capacity.map(field::capacity).transpose()?,
        },
        password_hash: None,
    };
    let key = idempotency::creation_key(&caller, &headers, &body)?;
    if key.is_some() {
        // A repeated creation isn't counted as a new room, so it is counted as a write.
        app.limiters.check_write(&caller.user_id)?;
    }
    let beginning = app.rooms.begin(&caller.user_id, peer.address, key).await?;
    let proof = app.access.prove(&caller, beginning.room_id())?;
    if let Some(password) = password {
        spec.password_hash = Some(app.access.passwords().hash(password).await?);
    }
    let is_named = beginning.is_named();
    let room = app.rooms.create(&proof, beginning, spec).await?;
    // The first answer may have been long ago.
    let viewers =
        if is_named { app.members.viewers(&room.room_id).await? } else { Viewers::default() };
    Ok(wire::room(&room, viewers))
}
