//! `GET /rooms/{room_id}/grants`

use axum::extract::State;
use contracts::GrantPage;

use super::encode;
use crate::access::Caller;
use crate::app::App;
use crate::http::cursor::{PageQuery, page_token};
use crate::http::extract::{Json, Query};
use crate::http::{OpenRoomPath, Problems, RoomParameter};
use crate::net::Peer;
use crate::refusal::Refusal;

/// Lists who was let into the room by invites, its password, knocks and grants that have not ended, the newest first, to
/// those who moderate the room.
#[utoipa::path(get, path = "", operation_id = "listGrants", tag = "rooms",
    security(("token" = [])),
    params(RoomParameter, PageQuery),
    responses((status = 200, body = GrantPage, description = "A page"), Problems))]
#[tracing::instrument(name = "http.list_grants", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn list_grants(
    State(app): State<App>,
    caller: Caller,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    Query(query): Query<PageQuery>,
) -> Result<Json<GrantPage>, Refusal> {
    let proof = app.access.authorize(&caller, &room)?;
    app.rooms.check_moderates(&proof, peer.address).await?;
    let window = query.window()?;
    let grants = app.access.grants();
    let mut grants = grants.list(&room.room_id, window.after, window.take + 1).await?;
    let has_more = grants.len() > window.take;
    grants.truncate(window.take);
    let last = grants.last().map(|(number, _)| *number).filter(|_| has_more);
    Ok(Json(GrantPage {
        items: grants.into_iter().filter_map(|(_, grant)| encode(grant)).collect(),
        next_page_token: last.as_ref().map(page_token),
    }))
}
