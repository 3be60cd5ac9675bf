//! Every code that anything gives is registered, once.

use std::collections::BTreeSet;
use std::path::Path;

use contracts::{CLOSE_CODES, ErrorCode};

use crate::repository;

#[test]
fn codes_are_registered_once_and_readable() {
    let names: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), ErrorCode::ALL.len());
    for code in ErrorCode::ALL {
        let name = code.name();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        assert!((400..600).contains(&code.status()), "{name}");
        assert!(!code.title().ends_with('.'), "{name}");
    }
}

#[test]
fn each_code_is_produced_by_a_test_that_names_it() {
    let mut tests = String::new();
    for folder in ["tests/it", "tests/browser", "providers/tests"] {
        read_all(&repository().join(folder), &mut tests);
    }
    let is_named = |code: &ErrorCode| {
        let variant = format!("{code:?}");
        [code.name(), &variant].iter().any(|name| {
            let quoted = [format!("\"{name}\""), format!("'{name}'"), format!("::{name}")];
            quoted.iter().any(|quoted| tests.contains(quoted))
        })
    };
    let unnamed: Vec<_> = ErrorCode::ALL.iter().filter(|code| !is_named(code)).collect();
    assert!(unnamed.is_empty(), "of {} codes, no test names {unnamed:?}", ErrorCode::ALL.len());
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

#[test]
fn the_sdk_reads_every_close_code_as_it_is_registered() {
    let file = repository().join("sdk/src/error.ts");
    let source = std::fs::read_to_string(file).unwrap();
    // A normal close isn't a fault that a client has to understand.
    for entry in CLOSE_CODES.iter().filter(|entry| entry.close_code != 1000) {
        let retry = serde_json::to_value(entry.retry).unwrap();
        let rule = format!("{}: ['{}', {}],", entry.close_code, entry.code, retry);
        assert!(source.contains(&rule.replace('"', "'")), "{rule}");
    }
}

/// Appends the sources in a folder, but not of packages that were installed there.
fn read_all(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() && !path.ends_with("node_modules") {
            read_all(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs" || end == "mjs") {
            into.push_str(&std::fs::read_to_string(&path).expect("a source is text"));
        }
    }
}
