use axum::Json;
use axum::extract::State;
use contracts::ParticipantPage;

use super::page_token::PageQuery;
use crate::App;
use crate::auth::Caller;
use crate::extract::{Query, RoomPath};
use crate::refusal::Refusal;

/// Lists who is connected, for members: the host first, then the longest connected.
#[utoipa::path(get, path = "/rooms/{room_id}/participants", operation_id = "listParticipants",
    tag = "rooms", security(("token" = [])),
    params(("room_id" = String, Path, description = "A room's id or code"),
           ("page_size" = Option<u32>, Query, description = "At least 1; over 200 counts as 200"),
           ("page_token" = Option<String>, Query, description = "From the page before")),
    responses((status = 200, body = ParticipantPage, description = "A page"),
              crate::openapi::Problems))]
#[tracing::instrument(name = "http.list_participants", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn list_participants(
    State(app): State<App>,
    caller: Caller,
    room: RoomPath,
    Query(query): Query<PageQuery>,
) -> Result<Json<ParticipantPage>, Refusal> {
    app.check_member(&caller, &room.room_id).await?;
    let (skip, take) = query.window()?;
    let room = app.rooms.find(&room.room_id).await?;
    let items = app.participants(&room, skip, take).await?;
    let total = app.viewers(&room.room_id).await?.count;
    let next_page_token =
        PageQuery::next(skip, items.len(), usize::try_from(total).unwrap_or(usize::MAX));
    Ok(Json(ParticipantPage { items, total, next_page_token }))
}
