//! Rooms: all of them, and one.

mod change_room;
mod create_room;
mod delete_room;
mod find_room;
mod find_state;
mod join_room;
mod list_public_rooms;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The routes under `/rooms`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_room::create_room))
        .routes(routes!(list_public_rooms::list_public_rooms))
}

/// The routes under `/rooms/{room_id}`.
pub(crate) fn routes_of_one() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(find_room::find_room, change_room::change_room, delete_room::delete_room))
        .routes(routes!(find_state::find_state))
        .routes(routes!(join_room::join_room))
}
