//! Files that must match what the code produces. `UPDATE=1` rewrites them.

use crate::repository;

/// Asserts that `path` (from the workspace root) holds exactly `contents`.
#[track_caller]
pub fn assert_file(path: &str, contents: &str) {
    let file = repository().join(path);
    let current = std::fs::read_to_string(&file).unwrap_or_default();
    if current == contents {
        return;
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, contents).expect("the file can be written");
        return;
    }
    panic!("{path} is out of date: run `make update` and review the difference");
}
