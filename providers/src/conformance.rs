//! The laws of `PlaybackSource`, for the tests of an adapter. Each panics where the law is broken.

use std::collections::BTreeSet;

use engine::{Availability, DeliveryKind, Source, SyncClass};
use url::Url;

use crate::egress::{Egress, EgressPolicy};
use crate::error::{ErrorKind, SourceError};
use crate::source::{Match, PlaybackSource};

/// What the kit needs to know about the adapter's world.
#[derive(Clone, Debug)]
pub struct Sample {
    /// A link that the adapter resolves; on a private address, so that egress can refuse it.
    pub link: String,
    /// Its length in milliseconds, within 250; `None` if it can't be known.
    pub duration_ms: Option<u64>,
    /// A link that is surely not the adapter's own.
    pub foreign_link: String,
    /// A link like the adapter's own, behind which there is nothing.
    pub missing_link: String,
}

/// Every law.
pub async fn all(source: &dyn PlaybackSource, egress: &Egress, sample: &Sample) {
    id_is_a_plain_word(source);
    matches_depends_on_the_link_alone(source, sample);
    recognizes_no_page_and_no_emptiness(source);
    resolved_source_is_whole(source, egress, sample).await;
    reopening_gives_the_same_source(source, egress, sample).await;
    reopening_anything_else_is_an_error(source, egress).await;
    check_answers_with_evidence_or_reason(source, egress, sample).await;
    missing_media_is_not_found(source, egress, sample).await;
    errors_say_who_and_what_but_no_secret(source, egress, sample).await;
    all_requests_go_through_the_egress(source, sample).await;
}

/// `id` is lower-case letters, digits and `_`.
pub fn id_is_a_plain_word(source: &dyn PlaybackSource) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    assert!(!source.id().is_empty() && source.id().chars().all(plain), "id {:?}", source.id());
}

/// `matches` depends on the link alone, accepts its own links and refuses foreign ones.
pub fn matches_depends_on_the_link_alone(source: &dyn PlaybackSource, sample: &Sample) {
    let (own, foreign) = (parse(&sample.link), parse(&sample.foreign_link));
    assert_ne!(source.matches(&own), Match::No, "its own link {own}");
    assert_ne!(source.matches(&foreign), Match::Yes, "the foreign link {foreign}");
    assert_eq!(source.matches(&own), source.matches(&own), "asked twice");
    for link in ["mailto:someone@example.test", "data:,x", "javascript:1"] {
        assert_eq!(source.matches(&parse(link)), Match::No, "{link}");
    }
}

/// `recognizes` accepts no web page and no empty input.
pub fn recognizes_no_page_and_no_emptiness(source: &dyn PlaybackSource) {
    for head in ["", "<!doctype html><title>A page</title>", "\u{feff}<html>", "{\"ok\":true}"] {
        assert!(!source.recognizes(head.as_bytes()), "{head:?}");
    }
}

/// A resolved source is whole: a delivery, unique ids, best rendition first, no duration if live.
pub async fn resolved_source_is_whole(
    source: &dyn PlaybackSource,
    egress: &Egress,
    sample: &Sample,
) {
    let resolved = resolve(source, egress, sample).await;
    assert_eq!(resolved.provider, source.id(), "provider");
    assert!(!resolved.stream_id.is_empty() && !resolved.title.is_empty(), "names");
    assert!(!resolved.delivery.is_empty(), "a way to play it");
    assert!(!(resolved.live && resolved.duration.is_some()), "live media has no length");
    let own_element = [DeliveryKind::File, DeliveryKind::Hls, DeliveryKind::Dash];
    let played_by_element = resolved.delivery.iter().all(|d| own_element.contains(&d.kind));
    assert!(resolved.control.class != SyncClass::A || played_by_element, "class A");
    assert_unique(resolved.renditions.iter().map(|rendition| rendition.id.as_str()));
    assert_unique(resolved.text_tracks.iter().map(|track| track.id.as_str()));
    assert_unique(resolved.audio_tracks.iter().map(|track| track.id.as_str()));
    let rank = |at: usize| (resolved.renditions[at].height, resolved.renditions[at].bitrate_bps);
    assert!((1..resolved.renditions.len()).all(|at| rank(at - 1) >= rank(at)), "best first");
    let length = resolved.duration.map(|duration| duration.as_millis());
    match (length, sample.duration_ms) {
        (Some(found), Some(true_ms)) => {
            assert!(found.abs_diff(true_ms) <= 250, "{found} ms is not {true_ms} ms");
        }
        (found, expected) => assert_eq!(found, expected, "length"),
    }
}

/// `reopen` of a source's `stream_id` gives the same source again.
pub async fn reopening_gives_the_same_source(
    source: &dyn PlaybackSource,
    egress: &Egress,
    sample: &Sample,
) {
    let resolved = resolve(source, egress, sample).await;
    let reopened = source.reopen(egress, &resolved.stream_id).await.expect("reopens");
    assert_eq!(reopened, resolved, "the source again");
}

/// `reopen` of anything else is an error, never a panic.
pub async fn reopening_anything_else_is_an_error(source: &dyn PlaybackSource, egress: &Egress) {
    for stream_id in ["", " ", "nope", "../..", "\u{0}", "javascript:1", "http://"] {
        assert!(source.reopen(egress, stream_id).await.is_err(), "{stream_id:?}");
    }
}

/// `check` of a resolved source answers with evidence or a reason.
pub async fn check_answers_with_evidence_or_reason(
    source: &dyn PlaybackSource,
    egress: &Egress,
    sample: &Sample,
) {
    let resolved = resolve(source, egress, sample).await;
    match source.check(egress, &resolved).await.expect("is there") {
        Availability::Available { .. } => {}
        Availability::Unverified { reason } => assert!(!reason.is_empty(), "a reason in words"),
    }
}

/// What isn't there is `NotFound`, for `resolve` and `check`.
pub async fn missing_media_is_not_found(
    source: &dyn PlaybackSource,
    egress: &Egress,
    sample: &Sample,
) {
    let error = missing(source, egress, &sample.missing_link).await;
    assert_eq!(error.kind, ErrorKind::NotFound, "resolve: {error:?}");
    let mut gone = resolve(source, egress, sample).await;
    gone.stream_id.clone_from(&sample.missing_link);
    for delivery in &mut gone.delivery {
        delivery.url.clone_from(&sample.missing_link);
    }
    let error = source.check(egress, &gone).await.expect_err("nothing is there");
    assert_eq!(error.kind, ErrorKind::NotFound, "check: {error:?}");
    assert_eq!(error.operation, "check");
}

/// An error names its adapter and operation, and its detail is a sentence without the link.
pub async fn errors_say_who_and_what_but_no_secret(
    source: &dyn PlaybackSource,
    egress: &Egress,
    sample: &Sample,
) {
    let separator = if sample.missing_link.contains('?') { '&' } else { '?' };
    let link = format!("{}{separator}token=canary", sample.missing_link);
    let error = missing(source, egress, &link).await;
    assert_eq!((error.source_id, error.operation), (source.id(), "resolve"));
    let sentence = error.detail.starts_with(char::is_uppercase) && error.detail.ends_with('.');
    assert!(sentence, "{:?}", error.detail);
    assert!(!format!("{error} {error:?}").contains("canary"), "a secret of the link: {error:?}");
}

/// All requests go out through the egress: where that refuses, so does the adapter.
pub async fn all_requests_go_through_the_egress(source: &dyn PlaybackSource, sample: &Sample) {
    let closed = Egress::new(EgressPolicy::default()).expect("a way out");
    let error = missing(source, &closed, &sample.link).await;
    assert_eq!(error.kind, ErrorKind::EgressBlocked, "{error:?}");
}

async fn resolve(source: &dyn PlaybackSource, egress: &Egress, sample: &Sample) -> Source {
    source.resolve(egress, &parse(&sample.link)).await.expect("the sample resolves")
}

async fn missing(source: &dyn PlaybackSource, egress: &Egress, link: &str) -> SourceError {
    source.resolve(egress, &parse(link)).await.expect_err("must not resolve")
}

fn parse(link: &str) -> Url {
    Url::parse(link).expect("the kit's links parse")
}

fn assert_unique<'a>(ids: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for id in ids {
        assert!(seen.insert(id), "the id {id} is given twice");
    }
}
