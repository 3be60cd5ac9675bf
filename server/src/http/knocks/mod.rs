//! Those who ask to join a room.

mod answer_knock;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The routes under `/rooms/{room_id}/knocks`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(answer_knock::answer_knock))
}
