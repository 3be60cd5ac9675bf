use axum::Json as Answer;
use axum::extract::State;
use contracts::{ResolveRequest, Resolved};

use crate::App;
use crate::auth::Caller;
use crate::extract::Json;
use crate::refusal::Refusal;
use crate::rooms::MediaChoice;
use crate::wire;

/// Says what a link leads to, without changing anything.
#[utoipa::path(post, path = "/sources/resolve", operation_id = "resolveSource", tag = "sources",
    security(("token" = [])), request_body = ResolveRequest,
    responses((status = 200, body = Resolved, description = "The source"),
              crate::openapi::Problems))]
#[tracing::instrument(name = "http.resolve_source", skip_all)]
pub(crate) async fn resolve_source(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ResolveRequest>,
) -> Result<Answer<Resolved>, Refusal> {
    app.limiters.check_resolve(&caller.user_id)?;
    let source = app.rooms.resolve(&MediaChoice::Link(body.link)).await?;
    Ok(Answer(Resolved { source: wire::source(&source) }))
}
