//! `GET /meta`

use axum::extract::State;
use contracts::{FRAME_BYTES_MAX, Limits, Meta, SUBPROTOCOL};

use crate::app::App;
use crate::http::Problems;
use crate::http::extract::Json;
use crate::limit::FRAMES_PER_SECOND;

/// Describes this server.
#[utoipa::path(get, path = "/meta", operation_id = "findMeta", tag = "server",
    responses((status = 200, body = Meta, description = "The server"), Problems))]
pub(crate) async fn find_meta(State(app): State<App>) -> Json<Meta> {
    let providers = app.sources.provider_names();
    Json(Meta {
        name: "playhead".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocols: vec![SUBPROTOCOL.to_owned()],
        providers: providers.into_iter().map(str::to_owned).collect(),
        limits: Limits {
            frame_bytes_max: FRAME_BYTES_MAX as u64,
            frames_per_second: u64::from(FRAMES_PER_SECOND),
            participants_per_room_max: app.config.limits.participants_per_room as u64,
        },
    })
}
