//! `PATCH /me`

use axum::extract::State;
use contracts::{PatchMe, PatchedMe};

use crate::app::App;
use crate::http::extract::Json;
use crate::http::idempotency::Write;
use crate::http::{Problems, field};
use crate::refusal::Refusal;

/// Gives the caller another name. They stay the same user: host of their rooms, the same participant, banned where they
/// are banned. Other people see the new name once one of the caller's connections opens with the new token, or receives
/// it by `auth_refresh`.
#[utoipa::path(patch, path = "", operation_id = "changeMe", tag = "me", security(("token" = [])),
    request_body = PatchMe,
    responses((status = 200, body = PatchedMe, description = "The caller after the change"), Problems))]
#[tracing::instrument(name = "http.change_me", skip_all)]
pub(crate) async fn change_me(
    State(app): State<App>,
    Write { caller, .. }: Write,
    Json(changes): Json<PatchMe>,
) -> Result<Json<PatchedMe>, Refusal> {
    let display_name = field::name("display_name", &changes.display_name, field::DISPLAY_NAME)?;
    let access = app.access.rename(&caller, &display_name).await?;
    Ok(Json(PatchedMe {
        user_id: caller.user_id,
        display_name,
        access_token: access.text,
        expires_in_ms: access.valid_for_ms,
        expires_at_ms: access.expires_at.as_millis(),
    }))
}
