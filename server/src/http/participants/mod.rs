//! The participants of a room.

mod change_participant;
mod list_participants;
mod remove_participant;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The routes under `/rooms/{room_id}/participants`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_participants::list_participants)).routes(routes!(
        change_participant::change_participant,
        remove_participant::remove_participant
    ))
}
