use axum::Json;
use axum::extract::State;
use contracts::{RoomPage, RoomSummary};

use super::page_token::PageQuery;
use crate::App;
use crate::extract::Query;
use crate::refusal::Refusal;

/// Lists public rooms, the most watched first.
#[utoipa::path(get, path = "/rooms/public", operation_id = "listPublicRooms", tag = "rooms",
    params(("page_size" = Option<u32>, Query, description = "At least 1; over 200 counts as 200"),
           ("page_token" = Option<String>, Query, description = "From the page before")),
    responses((status = 200, body = RoomPage, description = "A page"), crate::openapi::Problems))]
#[tracing::instrument(name = "http.list_public_rooms", skip_all)]
pub(crate) async fn list_public_rooms(
    State(app): State<App>,
    Query(query): Query<PageQuery>,
) -> Result<Json<RoomPage>, Refusal> {
    let (skip, take) = query.window()?;
    let rooms = app.store.list_public().await?;
    let mut listed: Vec<RoomSummary> =
        rooms.iter().map(|listed| app.summary(&listed.room, listed.viewer_count)).collect();
    listed.sort_unstable_by(|a, b| {
        b.viewer_count.cmp(&a.viewer_count).then_with(|| a.room_id.cmp(&b.room_id))
    });
    let total = listed.len();
    let items: Vec<_> = listed.into_iter().skip(skip).take(take).collect();
    let next_page_token = PageQuery::next(skip, items.len(), total);
    Ok(Json(RoomPage { items, next_page_token }))
}
