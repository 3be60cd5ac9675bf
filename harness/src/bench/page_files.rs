//! The files that a browser fetches to show the page, found as a browser finds them.

use std::collections::{HashSet, VecDeque};
use std::path::Path;

use crate::bench::browsers::Connection;
use crate::{Error, Result};

/// The most files of a page; more would be a mistake of this search.
const FILES_MAX: usize = 50;

/// Finds the page's files, starting with the page itself, and writes them to a folder, compressed too,
/// so that another server can serve the same bytes. Returns their paths.
pub(crate) async fn copy_page(address: &str, folder: &Path) -> Result<Vec<String>> {
    let mut connection = Connection::open(address).await?;
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut waiting = VecDeque::from(["/index.html".to_owned()]);
    while let Some(path) = waiting.pop_front() {
        if !seen.insert(path.clone()) || path.contains("..") {
            continue;
        }
        let plain = connection.get(&path, "identity").await?;
        if plain.status != 200 {
            // A name in a script that is no file's.
            continue;
        }
        let packed = connection.get(&path, "gzip").await?;
        let file = folder.join(path.trim_start_matches('/'));
        write(&file, &plain.body)?;
        if packed.is_gzip {
            write(&file.with_added_extension("gz"), &packed.body)?;
        }
        waiting.extend(names(&String::from_utf8_lossy(&plain.body)));
        found.push(path);
        if found.len() > FILES_MAX {
            return Err(Error::new(format!("the page has more than {FILES_MAX} files")));
        }
    }
    Ok(found)
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let folder = file.parent().unwrap_or(file);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(file, bytes))
        .map_err(Error::doing(format_args!("write {}", file.display())))
}

/// The paths of scripts, styles and icons that a page, or one of its scripts, names.
fn names(text: &str) -> Vec<String> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let words = text.split(|c| !in_name(c));
    let files = words.filter(|word| [".js", ".css", ".svg"].iter().any(|end| word.ends_with(end)));
    files
        .map(|file| match file.strip_prefix("./") {
            // Scripts name those beside them, in the same folder.
            Some(beside) => format!("/assets/{beside}"),
            None => format!("/{}", file.trim_start_matches('/')),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_files_are_found_in_pages_and_scripts() {
        let page = r#"<link href="/favicon.svg"><script src="/assets/index-a_B.js"></script>"#;
        assert_eq!(names(page), ["/favicon.svg", "/assets/index-a_B.js"]);
        let script = r#"a=["assets/hls-x.js"];import("./pacing-y.js").then(b=>b.json)"#;
        assert_eq!(names(script), ["/assets/hls-x.js", "/assets/pacing-y.js"]);
    }
}
