//! Extractors and the JSON response. Their refusals are problems, unlike the framework's own.

use axum::body::{Body, Bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use contracts::ErrorCode;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::layers::too_large;
use crate::app::App;
use crate::refusal::Refusal;
use crate::wire;

/// A JSON body, of a request or a response.
#[derive(Clone, Debug)]
pub(crate) struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned + Serialize> FromRequest<App> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (request, bytes) = read(request, app).await?;
        let body = <axum::Json<T> as FromRequest<App>>::from_request(request, app).await;
        let axum::Json(body) = body.map_err(|rejection| refusal_of(&rejection, &bytes))?;
        check_shape(&bytes, &body)?;
        Ok(Self(body))
    }
}

/// An optional body. Without one, the content type may be missing too.
impl<T: DeserializeOwned + Serialize> OptionalFromRequest<App> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Option<Self>, Refusal> {
        let (request, bytes) = read(request, app).await?;
        let body = <axum::Json<T> as OptionalFromRequest<App>>::from_request(request, app).await;
        let Some(axum::Json(body)) = body.map_err(|rejection| refusal_of(&rejection, &bytes))?
        else {
            return Ok(None);
        };
        check_shape(&bytes, &body)?;
        Ok(Some(Self(body)))
    }
}

/// Reads the body, and returns the request with it.
async fn read(request: Request, app: &App) -> Result<(Request, Bytes), Refusal> {
    let (parts, body) = request.into_parts();
    let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), app).await;
    let bytes = bytes.map_err(|rejection| refusal(&rejection.into()))?;
    Ok((Request::from_parts(parts, Body::from(bytes.clone())), bytes))
}

/// Refuses a body with an array in place of an object, or an object in place of a word.
fn check_shape(bytes: &[u8], body: &impl Serialize) -> Result<(), Refusal> {
    // Few bodies have an array or an inner object at all.
    let objects = bytes.iter().filter(|byte| **byte == b'{').count();
    let is_nested = bytes.contains(&b'[') || objects > 1;
    let given = is_nested.then(|| serde_json::from_slice(bytes).ok()).flatten();
    if given.is_some_and(|given| wire::has_other_shape(&given, body)) {
        let detail = "an array or an object stands where something else belongs";
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    }
    Ok(())
}

/// Refuses a body that was read. The decoder takes a number in place of a name for bad syntax, although it is JSON.
fn refusal_of(rejection: &JsonRejection, bytes: &[u8]) -> Refusal {
    // Ignored strings aren't checked for UTF-8.
    let is_json = || {
        std::str::from_utf8(bytes).is_ok() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
    };
    match rejection {
        JsonRejection::JsonSyntaxError(_) if is_json() => {
            Refusal::new(ErrorCode::InvalidRequest, rejection.body_text())
        }
        _ => refusal(rejection),
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
        JsonRejection::BytesRejection(_) if rejection.status() == 413 => too_large(),
        _ => Refusal::new(ErrorCode::InvalidRequest, rejection.body_text()),
    }
}

/// A query string.
#[derive(Clone, Debug)]
pub(crate) struct Query<T>(pub T);

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
pub(crate) struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, app).await;
        path.map(|axum::extract::Path(path)| Self(path))
            .map_err(|rejection| Refusal::new(ErrorCode::InvalidRequest, rejection.body_text()))
    }
}
