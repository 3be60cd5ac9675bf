//! Every code that anything gives is registered, once.

use std::collections::BTreeSet;

use contracts::{CLOSE_CODES, ERRORS, find_error};
use engine::Rejection;
use providers::ErrorKind;

#[test]
fn codes_are_registered_once_and_readable() {
    let codes: BTreeSet<&str> = ERRORS.iter().map(|entry| entry.code).collect();
    assert_eq!(codes.len(), ERRORS.len());
    for entry in ERRORS {
        let plain = entry.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(plain, "{}", entry.code);
        assert!((400..600).contains(&entry.status), "{}", entry.code);
        assert!(!entry.title.ends_with('.'), "{}", entry.code);
    }
}

#[test]
fn every_rejection_of_the_engine_is_registered() {
    for rejection in [
        Rejection::NotHost,
        Rejection::Forbidden,
        Rejection::NoMedia,
        Rejection::MediaEnded,
        Rejection::PositionOutOfRange { duration_ms: None },
        Rejection::QualityUnavailable,
        Rejection::TrackUnavailable,
        Rejection::VersionConflict { version: 1 },
        Rejection::StaleFence { fence: 1 },
        Rejection::IdReused,
        Rejection::RoomClosed,
        Rejection::TooManyRoles { max: 1 },
    ] {
        assert!(find_error(rejection.code()).is_some(), "{}", rejection.code());
    }
}

#[test]
fn every_failure_of_a_provider_is_registered() {
    for kind in ErrorKind::ALL {
        assert!(find_error(kind.code()).is_some(), "{}", kind.code());
    }
}

#[test]
fn close_codes_are_unique_and_fit_a_close_frame() {
    let numbers: BTreeSet<u16> = CLOSE_CODES.iter().map(|entry| entry.close_code).collect();
    assert_eq!(numbers.len(), CLOSE_CODES.len());
    for entry in CLOSE_CODES {
        assert!(entry.close_code == 1000 || (4400..4600).contains(&entry.close_code));
        assert!(entry.code.len() <= 123, "{}", entry.code);
    }
}
