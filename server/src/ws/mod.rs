//! The WebSocket: upgrade, hello, welcome, then one session per socket until it ends.

mod early;
mod end;
mod enter;
mod execute;
mod expiry;
mod handshake;
mod hello;
mod input;
mod lease;
mod life;
mod output;
mod session;
mod socket;
mod strict;
mod upgrade;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The route under `/rooms/{room_id}/ws`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(upgrade::connect))
}
