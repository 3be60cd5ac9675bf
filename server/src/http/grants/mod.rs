//! Grants of access: those of a room, and those that a product makes for its users.

mod create_grant;
mod create_grants;
mod delete_grant;
mod list_grants;
mod revoke_grant;

use contracts::{Grant, GrantVia, MadeGrant};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{GrantRow, Via};
use crate::app::App;
use crate::clock::WallTime;
use crate::{name, wire};

/// The grant that a path names.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct GrantParameter {
    /// The grant's id.
    #[param(max_length = 18, pattern = "^g_[0-9A-HJKMNP-TV-Z]{16}$")]
    pub grant_id: String,
}

/// The routes under `/grants`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_grants::create_grants))
        .routes(routes!(revoke_grant::revoke_grant))
}

/// The routes under `/rooms/{room_id}/grants`.
pub(crate) fn routes_of_room() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_grants::list_grants, create_grant::create_grant))
        .routes(routes!(delete_grant::delete_grant))
}

fn encode_made(grant: &GrantRow) -> MadeGrant {
    MadeGrant {
        room_id: grant.room_id.to_string(),
        participant_id: grant.participant_id.to_string(),
        grant_id: grant.grant_id.clone(),
    }
}

/// Encodes a grant; `None` for the refusal of a knock, which is none.
fn encode(grant: GrantRow) -> Option<Grant> {
    let via = match grant.via {
        Via::Invite => GrantVia::Invite,
        Via::Password => GrantVia::Password,
        Via::Knock => GrantVia::Knock,
        Via::Given => GrantVia::Given,
        Via::Declined => return None,
    };
    let display_name = Some(grant.display_name.clone()).filter(|name| !name.is_empty());
    Some(Grant {
        expires_at_ms: grant.end().map(WallTime::as_millis),
        grant_id: grant.grant_id,
        participant_id: grant.participant_id.to_string(),
        name_skeleton: display_name.as_deref().map(name::skeleton),
        display_name,
        role: grant.role.map(wire::role),
        via,
        by: grant.by,
        granted_at_ms: grant.granted_at.as_millis(),
    })
}
