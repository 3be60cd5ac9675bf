//! `GET /time`

use axum::extract::State;
use contracts::Time;

use crate::app::App;
use crate::http::Problems;
use crate::http::extract::Json;

/// Returns the room clock. To measure it, `ping` over the WebSocket is more exact.
#[utoipa::path(get, path = "/time", operation_id = "findTime", tag = "server",
    responses((status = 200, body = Time, description = "Now"), Problems))]
pub(crate) async fn find_time(State(app): State<App>) -> Json<Time> {
    let now_us = app.clock.now_us();
    let uncertainty_us = app.clock.uncertainty_us();
    Json(Time { now_us, now_ms: now_us / 1000, uncertainty_us })
}
