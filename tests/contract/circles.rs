//! The modules of a crate import each other without circles.
//!
//! The nodes are the folders and files directly under the crate's `src/`, and likewise those under
//! the Redis store's folder. `lib.rs` and `main.rs` aren't nodes: a name that `lib.rs` re-exports
//! counts as its module's. `mod` declarations, tests, and the re-exports of the Redis store's
//! `mod.rs` don't count.

mod mentions;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use self::mentions::{Mention, find_mentions};
use crate::repository;

const CRATES: [&str; 5] = ["engine", "contracts", "providers", "server", "harness"];
const REDIS_STORE: [&str; 3] = ["crate", "store", "redis"];

#[test]
fn no_crate_has_an_import_circle() {
    let circles: Vec<String> = CRATES
        .iter()
        .map(|name| Graph::read(&repository().join(name).join("src"), &["crate"]).circles(name))
        .filter(|circles| !circles.is_empty())
        .collect();
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn the_redis_store_has_no_import_circle() {
    let root = repository().join("server/src/store/redis");
    let circles = Graph::read(&root, &REDIS_STORE).circles("store/redis");
    assert!(circles.is_empty(), "\n{circles}");
}

#[test]
fn services_never_import_a_door_and_doors_never_import_the_store() {
    let server = Graph::read(&repository().join("server/src"), &["crate"]);
    let services = ["access", "members", "rooms", "sources", "hub", "store", "sql", "wire"];
    for (from, forbidden) in services
        .map(|service| (service, ["http", "ws"]))
        .into_iter()
        .chain(["http", "ws"].map(|door| (door, ["store", "sql"])))
    {
        let imports = &server.edges.get(from).cloned().unwrap_or_default();
        assert!(server.nodes.contains(from), "{from} is a module");
        for to in forbidden {
            assert_eq!(imports.get(to), None, "{from} imports {to}");
        }
    }
}

#[test]
fn a_circle_is_shown_with_the_place_of_each_import() {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("lib.rs", "pub mod a; mod b; mod c; mod d; pub use self::c::{Thing, Other as Name};");
    write("a.rs", "\nuse crate::b::{self, B};\n#[cfg(test)] mod tests { use crate::d::D; }");
    write("b/mod.rs", "pub struct B;");
    write("b/deep/inner.rs", "fn f() { super::super::super::c::f(); super::super::B }");
    write("b/tests.rs", "use crate::d;");
    write("c.rs", "use std::fmt;\n\nfn f() -> crate::a::A {}");
    write("d.rs", "use crate::{Thing, Name, NotExported};");
    let circles = Graph::read(root.path(), &["crate"]).circles("x");
    let shown = "x: a → b → c → a\n  a → b  a.rs:2\n  b → c  b/deep/inner.rs:1\n  c → a  c.rs:3\n";
    assert_eq!(circles, shown);
}

#[test]
fn the_root_of_a_folder_is_a_node_apart_from_its_re_exports() {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
    let store =
        "mod open;\nmod read;\npub use self::open::Error;\nuse self::read::Row;\nstruct Store;";
    write("mod.rs", store);
    write("open.rs", "use super::{Error, Store};");
    write("read.rs", "use crate::store::redis::Store;");
    let circles = Graph::read(root.path(), &REDIS_STORE).circles("redis");
    let shown = "redis: mod → read → mod\n  mod → read  mod.rs:4\n  read → mod  read.rs:1\n";
    assert_eq!(circles, shown);
}

/// Which node imports which, with the place of one import each.
#[derive(Debug, Default)]
struct Graph {
    nodes: BTreeSet<String>,
    edges: BTreeMap<String, BTreeMap<String, String>>,
}

/// A source file, and the names of its folders and itself below the root of the graph.
struct SourceFile {
    path: PathBuf,
    names: Vec<String>,
}

impl Graph {
    /// Reads the graph of the folder `root`, whose module path is `base`.
    fn read(root: &Path, base: &[&str]) -> Self {
        let is_crate = base.len() == 1;
        let mut files = source_files(root);
        if is_crate {
            files.retain(|file| file.names != ["lib"] && file.names != ["main"]);
        }
        let nodes = files.iter().map(|file| file.names[0].clone()).collect();
        let exports = exports(&root.join(if is_crate { "lib.rs" } else { "mod.rs" }), &nodes);
        let mut graph = Self { nodes, edges: BTreeMap::new() };
        for file in &files {
            let from = &file.names[0];
            for mention in find_mentions(&read_text(&file.path)) {
                if from == "mod" && mention.exported {
                    continue;
                }
                let Some(name) = name_in(base, &file.names, &mention) else { continue };
                let to = match exports.get(&name) {
                    _ if graph.nodes.contains(&name) => &name,
                    Some(node) => node,
                    None if is_crate => continue,
                    None => "mod",
                };
                if to != from {
                    let path = file.path.strip_prefix(root).expect("the file is in the folder");
                    let place = format!("{}:{}", path.display(), mention.line);
                    let edges = graph.edges.entry(from.clone()).or_default();
                    edges.entry(to.to_owned()).or_insert(place);
                }
            }
        }
        graph
    }

    /// For every edge on a circle, the shortest one, with the place of each import.
    fn circles(&self, name: &str) -> String {
        let edges = self.edges.iter().flat_map(|(from, to)| to.keys().map(move |to| (from, to)));
        let mut circles: Vec<Vec<&str>> =
            edges.filter_map(|(from, to)| self.circle(from, to)).collect();
        circles.sort_by_key(|circle| (circle.len(), circle.clone()));
        circles.dedup();
        let mut text = String::new();
        for circle in circles {
            text.push_str(&format!("{name}: {} → {}\n", circle.join(" → "), circle[0]));
            for (from, to) in circle.iter().zip(circle.iter().cycle().skip(1)) {
                text.push_str(&format!("  {from} → {to}  {}\n", self.edges[*from][*to]));
            }
        }
        text
    }

    /// The shortest circle through an edge, from its first node in alphabetical order.
    fn circle<'a>(&'a self, from: &'a str, to: &'a str) -> Option<Vec<&'a str>> {
        let mut before: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([to]);
        while let Some(node) = queue.pop_front().filter(|_| !before.contains_key(from)) {
            for next in self.edges.get(node).into_iter().flat_map(BTreeMap::keys) {
                if next != to && !before.contains_key(next.as_str()) {
                    before.insert(next, node);
                    queue.push_back(next);
                }
            }
        }
        let mut circle = vec![from];
        while *circle.last()? != to {
            circle.push(before.get(circle.last()?)?);
        }
        circle.reverse();
        let first = (0..circle.len()).min_by_key(|index| circle[*index])?;
        circle.rotate_left(first);
        Some(circle)
    }
}

/// The name directly below `base` that a path leads through, if it leads there.
fn name_in(base: &[&str], file: &[String], mention: &Mention) -> Option<String> {
    let mut module: Vec<&str> = base.to_vec();
    module.extend(file.iter().map(String::as_str).filter(|name| *name != "mod"));
    module.extend(mention.modules.iter().map(String::as_str));
    let mut path = mention.path.iter().map(String::as_str).peekable();
    match *path.peek()? {
        "crate" => module.clear(),
        "self" => {
            path.next();
        }
        "super" => {
            while path.next_if_eq(&"super").is_some() {
                module.pop()?;
            }
        }
        // Within the root itself, modules are named without `self::`.
        _ if module == base => {}
        _ => return None,
    }
    module.extend(path);
    let (start, below) = module.split_at_checked(base.len())?;
    (start == base).then(|| below.first().map(ToString::to_string))?
}

/// The names that the root re-exports, with the nodes that they come from.
fn exports(root: &Path, nodes: &BTreeSet<String>) -> BTreeMap<String, String> {
    let Ok(text) = std::fs::read_to_string(root) else { return BTreeMap::new() };
    let imports =
        find_mentions(&text).into_iter().filter(|it| it.exported && it.modules.is_empty());
    imports
        .filter_map(|import| {
            let inner = import.path.iter().find(|name| *name != "self" && *name != "crate")?;
            nodes.contains(inner).then(|| Some((import.name?, inner.clone())))?
        })
        .collect()
}

/// The Rust files in a folder and those below, except tests.
fn source_files(root: &Path) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut folders = vec![(root.to_owned(), Vec::new())];
    while let Some((folder, names)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder can be read").flatten() {
            let path = entry.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if stem == "tests" {
                continue;
            }
            let names = [names.clone(), vec![stem]].concat();
            if path.is_dir() {
                folders.push((path, names));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(SourceFile { path, names });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn read_text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("the file can be read")
}
