//! `GET /rooms/public`

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use contracts::{ErrorCode, PROVIDER_MAX, RoomPage, RoomSort, SEARCH_MAX, TAG_BYTES_MAX};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Caller;
use crate::app::App;
use crate::conditional::revalidated;
use crate::http::cursor::{PageQuery, page_token};
use crate::http::extract::Query;
use crate::http::{Problems, field};
use crate::name;
use crate::refusal::Refusal;
use crate::rooms::{PublicFilter, PublicOrder, PublicQuery, PublicRoomCursor};

/// Which rooms to list, and in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// What the rooms are sorted by. The default is `viewers`.
    #[param(inline)]
    sort: Option<RoomSort>,
    /// Only rooms that play media of this provider, for example `hls`.
    #[param(max_length = 32)]
    provider: Option<String>,
    /// Only rooms of this language, a BCP 47 tag. `pt` includes `pt-BR`.
    #[param(schema_with = contracts::language_schema)]
    language: Option<String>,
    /// Only rooms with this tag.
    #[param(max_length = 128)]
    tag: Option<String>,
    /// Only rooms in whose name, tags or title of media each of these words occurs, whatever its case and accents.
    #[param(max_length = 128)]
    q: Option<String>,
}

/// Lists the public rooms. With a valid token, those that its user is banned from are left out, and those that it isn't
/// for. A list of more than 256 may be some seconds old, and
/// searches of it take turns: one that waits for two seconds is refused with `rate_limited`.
#[utoipa::path(get, path = "/public", operation_id = "listPublicRooms", tag = "rooms",
    security((), ("token" = [])),
    params(ListQuery, PageQuery),
    responses((status = 200, body = RoomPage, description = "A page",
               headers(("ETag" = String, description = "Changes with the page"))),
              (status = 304, description = "The page is still the one that `If-None-Match` names"),
              Problems))]
#[tracing::instrument(name = "http.list_public_rooms", skip_all)]
pub(crate) async fn list_public_rooms(
    State(app): State<App>,
    caller: Option<Caller>,
    headers: HeaderMap,
    Query(query): Query<ListQuery>,
    Query(page): Query<PageQuery>,
) -> Result<Response, Refusal> {
    let window = page.window::<PublicRoomCursor>()?;
    let order = query.sort.map_or(PublicOrder::default(), order);
    if window.after.as_ref().is_some_and(|after| after.order() != order) {
        let detail = "the `page_token` is from a list that was sorted by something else";
        return Err(Refusal::new(ErrorCode::PageTokenInvalid, detail));
    }
    check_length("provider", query.provider.as_deref(), PROVIDER_MAX)?;
    check_length("tag", query.tag.as_deref(), TAG_BYTES_MAX)?;
    check_length("q", query.q.as_deref(), SEARCH_MAX)?;
    let filter = PublicFilter {
        provider: query.provider,
        language: field::language(&query.language)?,
        tag: query.tag.map(|tag| field::normal_tag(tag.trim_start_matches('#'))),
        words: words(query.q.as_deref().unwrap_or_default()),
    };
    let query = PublicQuery { filter, order, after: window.after, take: window.take };
    let (items, next) = app.rooms.list_public(query, caller).await?;
    let page = RoomPage { items, next_page_token: next.as_ref().map(page_token) };
    Ok(revalidated(&headers, &page))
}

fn order(sort: RoomSort) -> PublicOrder {
    match sort {
        RoomSort::Viewers => PublicOrder::Viewers,
        RoomSort::Newest => PublicOrder::Newest,
        RoomSort::Name => PublicOrder::Name,
    }
}

/// Refuses text that is longer than anything that could be found.
fn check_length(field: &str, text: Option<&str>, chars_max: usize) -> Result<(), Refusal> {
    if text.is_some_and(|text| text.chars().count() > chars_max) {
        let detail = format!("`{field}` has at most {chars_max} characters");
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    }
    Ok(())
}

/// Returns the folded words of a search.
fn words(text: &str) -> Vec<String> {
    // Tags are shown with a #, which is no part of them.
    let words = name::fold(text);
    let words = words.split_whitespace().map(|word| word.trim_start_matches('#'));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
