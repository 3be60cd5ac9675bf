//! `GET /rooms/{room_id}/bans`

use axum::extract::State;
use contracts::BanPage;

use super::encode;
use crate::access::Caller;
use crate::app::App;
use crate::http::cursor::{PageQuery, page_token};
use crate::http::extract::{Json, Query};
use crate::http::{OpenRoomPath, Problems, RoomParameter};
use crate::net::Peer;
use crate::refusal::Refusal;

/// Lists the bans that have not ended, the newest first, to those who moderate the room.
#[utoipa::path(get, path = "", operation_id = "listBans", tag = "rooms", security(("token" = [])),
    params(RoomParameter, PageQuery),
    responses((status = 200, body = BanPage, description = "A page"), Problems))]
#[tracing::instrument(name = "http.list_bans", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn list_bans(
    State(app): State<App>,
    caller: Caller,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    Query(query): Query<PageQuery>,
) -> Result<Json<BanPage>, Refusal> {
    let proof = app.access.authorize(&caller, &room)?;
    app.rooms.check_moderates(&proof, peer.address).await?;
    let window = query.window()?;
    let mut bans = app.access.bans().list(&room.room_id, window.after, window.take + 1).await?;
    let has_more = bans.len() > window.take;
    bans.truncate(window.take);
    let last = bans.last().map(|(number, _)| *number).filter(|_| has_more);
    Ok(Json(BanPage {
        items: bans.into_iter().map(|(_, ban)| encode(ban)).collect(),
        next_page_token: last.as_ref().map(page_token),
    }))
}
