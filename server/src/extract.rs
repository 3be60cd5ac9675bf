//! Extractors whose refusals are problems, unlike the framework's own.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::request::Parts;
use contracts::ErrorCode;
use engine::RoomId;
use serde::de::DeserializeOwned;

use crate::App;
use crate::id::RoomKey;
use crate::peer::Peer;
use crate::refusal::Refusal;

/// A JSON body.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let body = <axum::Json<T> as FromRequest<App>>::from_request(request, app).await;
        body.map(|axum::Json(body)| Self(body)).map_err(|rejection| refusal(&rejection))
    }
}

/// A body that may be left out, with its content type.
impl<T: DeserializeOwned> OptionalFromRequest<App> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Option<Self>, Refusal> {
        let body = <axum::Json<T> as OptionalFromRequest<App>>::from_request(request, app).await;
        let body = body.map_err(|rejection| refusal(&rejection))?;
        Ok(body.map(|axum::Json(body)| Self(body)))
    }
}

fn refusal(rejection: &JsonRejection) -> Refusal {
    match rejection {
        JsonRejection::JsonSyntaxError(_) => {
            Refusal::new(ErrorCode::InvalidJson, rejection.body_text())
        }
        JsonRejection::MissingJsonContentType(_) => {
            Refusal::new(ErrorCode::UnsupportedMediaType, "send Content-Type: application/json")
        }
        JsonRejection::BytesRejection(_) if rejection.status() == 413 => {
            Refusal::new(ErrorCode::PayloadTooLarge, "the body is larger than 64 KiB")
        }
        _ => Refusal::new(ErrorCode::InvalidRequest, rejection.body_text()),
    }
}

/// A query string.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, app).await;
        query
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|rejection| Refusal::new(ErrorCode::InvalidRequest, rejection.body_text()))
    }
}

/// Path parameters.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, app).await;
        path.map(|axum::extract::Path(path)| Self(path))
            .map_err(|rejection| Refusal::new(ErrorCode::InvalidRequest, rejection.body_text()))
    }
}

/// The room that a path names, by id or code. It existed a moment ago.
#[derive(Clone, Debug)]
pub struct RoomPath {
    /// The room.
    pub room_id: RoomId,
}

#[derive(serde::Deserialize)]
struct RoomParameter {
    room_id: String,
}

impl FromRequestParts<App> for RoomPath {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Path(RoomParameter { room_id: named }) = Path::from_request_parts(parts, app).await?;
        let room_id = match RoomKey::parse(&named) {
            Some(RoomKey::Id(room_id)) => app.store.load(&room_id).await?.map(|_| room_id),
            Some(RoomKey::Code(code)) => {
                let peer = Peer::from_request_parts(parts, app).await?;
                app.limiters.check_code(peer.address)?;
                app.store.find_code(&code).await?
            }
            None => None,
        };
        let found = room_id.map(|room_id| Self { room_id });
        found.ok_or_else(|| Refusal::new(ErrorCode::RoomNotFound, "there is no such room"))
    }
}
