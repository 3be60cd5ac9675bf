//! `GET /rooms/public`

use axum::extract::State;
use contracts::RoomPage;

use crate::app::App;
use crate::http::Problems;
use crate::http::cursor::{PageQuery, page_token};
use crate::http::extract::{Json, Query};
use crate::refusal::Refusal;

/// Lists the public rooms, the most watched first.
#[utoipa::path(get, path = "/public", operation_id = "listPublicRooms", tag = "rooms",
    params(PageQuery),
    responses((status = 200, body = RoomPage, description = "A page"), Problems))]
#[tracing::instrument(name = "http.list_public_rooms", skip_all)]
pub(crate) async fn list_public_rooms(
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<RoomPage>, Refusal> {
    let window = query.window()?;
    let (items, next) = app.rooms.list_public(window.after.as_ref(), window.take).await?;
    Ok(Json(RoomPage { items, next_page_token: next.as_ref().map(page_token) }))
}
