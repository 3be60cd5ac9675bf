//! `POST /rooms/{room_id}/bans`

use axum::extract::State;
use axum::http::StatusCode;
use contracts::{Ban, BanRequest, ErrorCode};
use engine::ParticipantId;
use tracing::Instrument;

use super::encode;
use crate::app::App;
use crate::http::extract::Json;
use crate::http::idempotency::Write;
use crate::http::{OpenRoomPath, Problems, RoomParameter, field};
use crate::net::Peer;
use crate::refusal::Refusal;
use crate::rooms::NewBan;

/// Bans a participant: closes all their connections, and refuses them until the ban ends. Allowed to the host, co-hosts
/// and moderators, each only for people with a lower role. Banning somebody again replaces the ban.
#[utoipa::path(post, path = "", operation_id = "createBan", tag = "rooms",
    security(("token" = [])), request_body = BanRequest,
    params(RoomParameter),
    responses((status = 201, body = Ban, description = "The ban"), Problems))]
#[tracing::instrument(name = "http.create_ban", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn create_ban(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    Json(body): Json<BanRequest>,
) -> Result<(StatusCode, Json<Ban>), Refusal> {
    let proof = app.access.authorize(&write.caller, &room)?;
    let reason = body.reason.as_deref().filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| field::name("reason", reason, field::REASON)).transpose()?;
    let until = field::end("until_ms", body.until_ms)?;
    let ban = NewBan {
        participant_id: ParticipantId::new(&body.participant_id),
        reason: reason.unwrap_or_default(),
        until,
    };
    // A client that hangs up leaves no ban half done.
    let banning = async move { app.rooms.ban(&proof, ban, peer.address).await };
    match tokio::spawn(banning.in_current_span()).await {
        Ok(ban) => Ok((StatusCode::CREATED, Json(encode(ban?)))),
        Err(_) => Err(Refusal::new(ErrorCode::Internal, "the ban couldn't be made")),
    }
}
