//! The OpenAPI document, generated from the handlers and the frames.

use crate::router;

/// Returns the document as it is checked in at `openapi.yaml`.
pub fn yaml() -> String {
    let (_, document) = router::api().split_for_parts();
    document.to_yaml().expect("the document serializes")
}

#[cfg(test)]
mod tests;
