//! The invites of a room.

mod create_invite;
mod delete_invite;
mod list_invites;

use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

/// The invite that a path names.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct InviteParameter {
    /// The invite's id.
    #[param(max_length = 18, pattern = "^i_[0-9A-HJKMNP-TV-Z]{16}$")]
    pub invite_id: String,
}

/// The routes under `/rooms/{room_id}/invites`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_invites::list_invites, create_invite::create_invite))
        .routes(routes!(delete_invite::delete_invite))
}
