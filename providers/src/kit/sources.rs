//! Laws of the sources that `resolve` and `reopen` return, and of `check`.

use std::collections::BTreeSet;

use engine::{Availability, DeliveryKind, SyncClass};

use super::{Sample, resolve};
use crate::egress::Egress;
use crate::source::PlaybackSource;

/// A resolved source is complete: it has a delivery, unique ids, the best rendition first, and no
/// duration if it is live.
pub(super) async fn resolved_source_is_complete(
    provider: &dyn PlaybackSource,
    egress: &Egress,
    sample: &Sample,
) {
    let resolved = resolve(provider, egress, sample).await;
    assert_eq!(resolved.provider, provider.id(), "provider");
    assert!(!resolved.stream_id.is_empty() && !resolved.title.is_empty(), "names");
    assert!(!resolved.delivery.is_empty(), "a delivery");
    assert!(!(resolved.live && resolved.duration.is_some()), "live media has no duration");
    let own_element = [DeliveryKind::File, DeliveryKind::Hls, DeliveryKind::Dash];
    let played_by_element = resolved.delivery.iter().all(|d| own_element.contains(&d.kind));
    assert!(resolved.control.class != SyncClass::A || played_by_element, "class A");
    assert_unique(resolved.renditions.iter().map(|rendition| rendition.id.as_str()));
    assert_unique(resolved.text_tracks.iter().map(|track| track.id.as_str()));
    assert_unique(resolved.audio_tracks.iter().map(|track| track.id.as_str()));
    let rank = |at: usize| {
        let one = &resolved.renditions[at];
        (one.width.min(one.height), one.bitrate_bps)
    };
    assert!((1..resolved.renditions.len()).all(|at| rank(at - 1) >= rank(at)), "best first");
    let duration_ms = resolved.duration.map(|duration| duration.as_millis());
    match (duration_ms, sample.duration_ms) {
        (Some(found), Some(true_ms)) => {
            assert!(found.abs_diff(true_ms) <= 250, "{found} ms is not {true_ms} ms");
        }
        (found, expected) => assert_eq!(found, expected, "duration"),
    }
}

/// `reopen` of a source's `stream_id` gives the same source again.
pub(super) async fn reopening_gives_the_same_source(
    provider: &dyn PlaybackSource,
    egress: &Egress,
    sample: &Sample,
) {
    let resolved = resolve(provider, egress, sample).await;
    let reopened = provider.reopen(egress, &resolved.stream_id).await.expect("reopens");
    assert_eq!(reopened, resolved, "the source again");
}

/// `reopen` of anything else is an error, never a panic.
pub(super) async fn reopening_anything_else_is_an_error(
    provider: &dyn PlaybackSource,
    egress: &Egress,
) {
    for stream_id in ["", " ", "nope", "../..", "\u{0}", "javascript:1", "http://"] {
        assert!(provider.reopen(egress, stream_id).await.is_err(), "{stream_id:?}");
    }
}

/// `check` of a resolved source gives evidence or a reason.
pub(super) async fn check_gives_evidence_or_a_reason(
    provider: &dyn PlaybackSource,
    egress: &Egress,
    sample: &Sample,
) {
    let resolved = resolve(provider, egress, sample).await;
    match provider.check(egress, &resolved).await.expect("is there") {
        Availability::Available { .. } => {}
        Availability::Unverified { reason } => assert!(!reason.is_empty(), "a reason in words"),
    }
}

fn assert_unique<'a>(ids: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for id in ids {
        assert!(seen.insert(id), "the id {id} is given twice");
    }
}
