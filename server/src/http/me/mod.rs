//! The caller.

mod change_me;
mod find_me;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The routes under `/me`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(find_me::find_me)).routes(routes!(change_me::change_me))
}
