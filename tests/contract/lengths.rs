//! Source files stay short.

use crate::repository;

/// The most lines of a source file.
const LINES_MAX: usize = 400;
/// Endings of source files.
const SOURCES: [&str; 8] = ["rs", "ts", "tsx", "mjs", "js", "css", "sh", "lua"];
/// Folders without source files of ours.
const SKIPPED: [&str; 3] = ["target", "node_modules", "dist"];
/// Files that may be longer, with the reason.
const EXCEPTIONS: [(&str, &str); 1] =
    [("sdk/src/generated/contract.ts", "generated from openapi.yaml")];

#[test]
fn no_source_file_is_too_long() {
    let root = repository();
    let mut long = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder can be read").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
                continue;
            }
            let is_source = SOURCES.iter().any(|ending| path.extension() == Some(ending.as_ref()));
            let lines = std::fs::read_to_string(&path).map_or(0, |text| text.lines().count());
            let shown = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
            if is_source && lines > LINES_MAX {
                long.push((shown, lines));
            }
        }
    }
    long.sort();
    let exceptions: Vec<&str> = EXCEPTIONS.iter().map(|(path, _)| *path).collect();
    let found: Vec<&str> = long.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(found, exceptions, "files of more than {LINES_MAX} lines: {long:#?}");
}
