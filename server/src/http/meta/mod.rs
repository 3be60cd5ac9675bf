//! The server itself: what it is, and its clock.

mod find_meta;
mod find_time;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The routes of the server itself.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(find_meta::find_meta)).routes(routes!(find_time::find_time))
}
