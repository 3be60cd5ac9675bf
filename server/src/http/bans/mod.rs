//! The bans of a room.

mod create_ban;
mod delete_ban;
mod list_bans;

use contracts::Ban;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::BanRow;
use crate::app::App;
use crate::clock::WallTime;
use crate::name;

/// The routes under `/rooms/{room_id}/bans`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_bans::list_bans, create_ban::create_ban))
        .routes(routes!(delete_ban::delete_ban))
}

fn encode(ban: BanRow) -> Ban {
    let until_ms = ban.end().map(WallTime::as_millis);
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let display_name = given(ban.display_name);
    Ban {
        participant_id: ban.participant_id.to_string(),
        name_skeleton: display_name.as_deref().map(name::skeleton),
        display_name,
        reason: given(ban.reason),
        by: ban.by.to_string(),
        banned_at_ms: ban.banned_at.as_millis(),
        until_ms,
    }
}
