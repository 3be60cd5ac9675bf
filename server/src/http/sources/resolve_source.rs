//! `POST /sources/resolve`

use axum::extract::State;
use contracts::{ResolveRequest, Resolved};

use crate::access::Caller;
use crate::app::App;
use crate::http::Problems;
use crate::http::extract::Json;
use crate::net::Peer;
use crate::refusal::Refusal;
use crate::wire;

/// Resolves a link to a source, without changing anything.
#[utoipa::path(post, path = "/resolve", operation_id = "resolveSource", tag = "sources",
    security(("token" = [])), request_body = ResolveRequest,
    responses((status = 200, body = Resolved, description = "The source"), Problems))]
#[tracing::instrument(name = "http.resolve_source", skip_all)]
pub(crate) async fn resolve_source(
    State(app): State<App>,
    caller: Caller,
    peer: Peer,
    Json(body): Json<ResolveRequest>,
) -> Result<Json<Resolved>, Refusal> {
    let source = app.sources.ask(&caller.user_id, &peer.client(), body.link).await?;
    Ok(Json(Resolved { source: wire::source(&source) }))
}
