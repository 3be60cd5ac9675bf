//! Each crate depends only on the crates that it may depend on.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::repository;

/// The crates of the workspace that each crate may depend on, for its own tests too.
const ARROWS: [(&str, &[&str]); 6] = [
    ("engine", &[]),
    ("contracts", &[]),
    ("providers", &["engine"]),
    ("server", &["contracts", "engine", "providers"]),
    ("harness", &["contracts"]),
    ("tests", &["contracts", "engine", "harness", "server"]),
];
/// All dependencies of the two leaf crates, except for their tests.
const LEAVES: [(&str, &[&str]); 2] =
    [("engine", &["serde", "thiserror"]), ("contracts", &["serde", "utoipa"])];
/// Outside crates that only one crate may depend on, except for tests.
const OWNED: [(&str, &str); 4] =
    [("axum", "server"), ("fred", "server"), ("governor", "server"), ("sqlx", "server")];

#[test]
fn crates_depend_only_on_the_crates_they_may() {
    let dependencies = dependencies(|_| true);
    let members: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(dependencies.keys().map(String::as_str).collect::<BTreeSet<_>>(), members);
    for (package, allowed) in ARROWS {
        let actual: Vec<&str> = dependencies[package]
            .iter()
            .map(String::as_str)
            // A crate may enable its own features for its tests.
            .filter(|name| members.contains(name) && *name != package)
            .collect();
        assert_eq!(actual, allowed, "{package}");
    }
}

#[test]
fn leaf_crates_stay_leaves() {
    let dependencies = dependencies(is_normal);
    for (package, allowed) in LEAVES {
        assert_eq!(dependencies[package].iter().collect::<Vec<_>>(), allowed, "{package}");
    }
}

#[test]
fn some_outside_crates_have_one_owner() {
    for (package, dependencies) in dependencies(is_normal) {
        for (outside, owner) in OWNED {
            let imports = dependencies.contains(outside);
            assert!(
                !imports || package == owner,
                "{package} depends on {outside}, as only {owner} may"
            );
        }
    }
}

#[test]
fn one_file_knows_the_redis_client() {
    let mut knowing = Vec::new();
    let mut folders = vec![repository().join("server/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read_to_string(&path).is_ok_and(|text| text.contains("fred::")) {
                knowing.push(path);
            }
        }
    }
    assert_eq!(knowing, [repository().join("server/src/store/redis/client.rs")]);
}

/// The names of each crate's dependencies that `wanted` accepts.
fn dependencies(wanted: fn(&Value) -> bool) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .output()
        .expect("cargo metadata runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    let dependencies = |package: &Value| {
        let all = package["dependencies"].as_array().expect("dependencies").iter();
        all.filter(|it| wanted(it)).map(|dependency| text(&dependency["name"])).collect()
    };
    packages.iter().map(|package| (text(&package["name"]), dependencies(package))).collect()
}

fn is_normal(dependency: &Value) -> bool {
    dependency["kind"].is_null()
}
