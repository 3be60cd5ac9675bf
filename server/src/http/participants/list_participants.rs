//! `GET /rooms/{room_id}/participants`

use axum::extract::State;
use contracts::ParticipantPage;

use crate::access::Caller;
use crate::app::App;
use crate::http::cursor::{PageQuery, page_token};
use crate::http::extract::{Json, Query};
use crate::http::{OpenRoomPath, Problems, RoomParameter};
use crate::refusal::Refusal;

/// Lists who is connected, to members: the host first, then the longest connected.
#[utoipa::path(get, path = "", operation_id = "listParticipants",
    tag = "rooms", security(("token" = [])),
    params(RoomParameter,
           PageQuery),
    responses((status = 200, body = ParticipantPage, description = "A page"), Problems))]
#[tracing::instrument(name = "http.list_participants", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn list_participants(
    State(app): State<App>,
    caller: Caller,
    OpenRoomPath { room }: OpenRoomPath,
    Query(query): Query<PageQuery>,
) -> Result<Json<ParticipantPage>, Refusal> {
    app.members.check_joined(&app.access.authorize(&caller, &room)?).await?;
    let window = query.window()?;
    let page = app.members.list_participants(&room, window.after.as_ref(), window.take).await?;
    let next_page_token = page.next.as_ref().map(page_token);
    Ok(Json(ParticipantPage { items: page.items, total: page.total, next_page_token }))
}
