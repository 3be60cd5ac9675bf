//! Laws of failures: their kinds, what they say, and what they keep secret.

use super::{Sample, resolve, resolve_error};
use crate::egress::{Egress, EgressPolicy};
use crate::error::ErrorKind;
use crate::source::PlaybackSource;

/// Missing media is `NotFound`, for `resolve` and `check`.
pub(super) async fn missing_media_is_not_found(
    provider: &dyn PlaybackSource,
    egress: &Egress,
    sample: &Sample,
) {
    let error = resolve_error(provider, egress, &sample.missing_link).await;
    assert_eq!(error.kind, ErrorKind::NotFound, "resolve: {error:?}");
    let mut gone = resolve(provider, egress, sample).await;
    gone.stream_id.clone_from(&sample.missing_link);
    for delivery in &mut gone.delivery {
        delivery.url.clone_from(&sample.missing_link);
    }
    let error = provider.check(egress, &gone).await.expect_err("nothing is there");
    assert_eq!(error.kind, ErrorKind::NotFound, "check: {error:?}");
    assert_eq!(error.operation, "check");
}

/// An error names its provider and operation, and its detail is a sentence without the link.
pub(super) async fn errors_name_provider_and_operation_but_no_secret(
    provider: &dyn PlaybackSource,
    egress: &Egress,
    sample: &Sample,
) {
    let separator = if sample.missing_link.contains('?') { '&' } else { '?' };
    let link = format!("{}{separator}token=canary", sample.missing_link);
    let error = resolve_error(provider, egress, &link).await;
    assert_eq!((error.provider_id, error.operation), (provider.id(), "resolve"));
    let sentence = error.detail.starts_with(char::is_uppercase) && error.detail.ends_with('.');
    assert!(sentence, "{:?}", error.detail);
    assert!(!format!("{error} {error:?}").contains("canary"), "a secret of the link: {error:?}");
}

/// All requests go through the egress: if it refuses, so does the provider.
pub(super) async fn all_requests_go_through_the_egress(
    provider: &dyn PlaybackSource,
    sample: &Sample,
) {
    let closed = Egress::new(EgressPolicy::default()).expect("an egress");
    let error = resolve_error(provider, &closed, &sample.link).await;
    assert_eq!(error.kind, ErrorKind::EgressBlocked, "{error:?}");
}
