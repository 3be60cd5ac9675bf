//! Finds the paths that a Rust source file mentions: its imports, and the paths in its code.

use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The keywords that items start with.
const ITEMS: [&str; 14] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "static",
    "struct",
    "trait",
    "type",
    "unsafe",
    "use",
];

/// A path in a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mention {
    /// The segments as written, such as `crate`, `store`, `Room`; `*` for a glob.
    pub path: Vec<String>,
    /// The name that an import gives to it; `None` for a path in code.
    pub name: Option<String>,
    /// Whether it is re-exported (`pub use`).
    pub exported: bool,
    /// The modules around it within the file, outermost first.
    pub modules: Vec<String>,
    /// The line, from 1.
    pub line: usize,
}

/// All paths in the source text, except those in items that only tests compile.
pub fn find_mentions(text: &str) -> Vec<Mention> {
    let stream = TokenStream::from_str(text).expect("the file is valid Rust");
    let mut mentions = Vec::new();
    read(&trees(stream), &[], &mut mentions);
    mentions
}

fn read(tokens: &[TokenTree], modules: &[String], mentions: &mut Vec<Mention>) {
    let mut at = 0;
    while at < tokens.len() {
        if let Some(length) = test_item(&tokens[at..]) {
            at += length;
            continue;
        }
        match &tokens[at] {
            TokenTree::Group(group) => {
                let mut modules = modules.to_vec();
                modules.extend(module_of_body(&tokens[..at]));
                read(&trees(group.stream()), &modules, mentions);
                at += 1;
            }
            TokenTree::Ident(word) if *word == "use" && !is_symbol(tokens.get(at + 1), '<') => {
                let exported = is_exported(&tokens[..at]);
                let mut import = Import { modules, exported, mentions: &mut *mentions };
                at += 1 + import.read(&tokens[at + 1..], &[]);
            }
            TokenTree::Ident(_) if !ends_with_separator(&tokens[..at]) => {
                let (path, length) = read_path(&tokens[at..]);
                if path.len() > 1 {
                    let line = line_of(&tokens[at]);
                    let modules = modules.to_vec();
                    mentions.push(Mention { path, name: None, exported: false, modules, line });
                }
                at += length;
            }
            _ => at += 1,
        }
    }
}

/// An import that is being read.
struct Import<'a> {
    modules: &'a [String],
    exported: bool,
    mentions: &'a mut Vec<Mention>,
}

impl Import<'_> {
    /// Reads one tree of an import, which continues `prefix`; returns its length in tokens.
    fn read(&mut self, tokens: &[TokenTree], prefix: &[String]) -> usize {
        let mut path = prefix.to_vec();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Punct(symbol) if symbol.as_char() == ':' => {}
                TokenTree::Punct(symbol) if symbol.as_char() == '*' => {
                    self.push(&path, "*", token);
                    return at;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    let inner = trees(group.stream());
                    let mut read = 0;
                    while read < inner.len() {
                        read += self.read(&inner[read..], &path);
                        // The comma.
                        read += 1;
                    }
                    return at;
                }
                TokenTree::Ident(word) => {
                    path.push(plain(word));
                    if is_separator(&tokens[at..]) {
                        continue;
                    }
                    let name = match (tokens.get(at), tokens.get(at + 1)) {
                        (Some(TokenTree::Ident(word)), Some(TokenTree::Ident(name)))
                            if *word == "as" =>
                        {
                            at += 2;
                            plain(name)
                        }
                        _ => path.last().cloned().unwrap_or_default(),
                    };
                    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
                        path.pop();
                    }
                    self.push(&path, &name, token);
                    return at;
                }
                _ => return at,
            }
        }
        at
    }

    fn push(&mut self, path: &[String], name: &str, token: &TokenTree) {
        let mut path = path.to_vec();
        if name == "*" {
            path.push("*".to_owned());
        }
        // `use a::{self}` is named `a`.
        let name =
            if name == "self" { path.last().cloned().unwrap_or_default() } else { name.into() };
        self.mentions.push(Mention {
            path,
            name: Some(name),
            exported: self.exported,
            modules: self.modules.to_vec(),
            line: line_of(token),
        });
    }
}

/// The path at the start of the tokens, and its length in tokens.
fn read_path(tokens: &[TokenTree]) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    let mut at = 0;
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        path.push(plain(word));
        at += 1;
        if !is_separator(&tokens[at..]) || !matches!(tokens.get(at + 2), Some(TokenTree::Ident(_)))
        {
            break;
        }
        at += 2;
    }
    (path, at)
}

/// The length in tokens of the item at the start, if it is compiled for tests only.
fn test_item(tokens: &[TokenTree]) -> Option<usize> {
    let mut at = 0;
    let mut test_only = false;
    while is_symbol(tokens.get(at), '#') {
        let TokenTree::Group(attribute) = tokens.get(at + 1)? else { return None };
        test_only |= is_cfg_test(&trees(attribute.stream()));
        at += 2;
    }
    if !test_only {
        return None;
    }
    // A field, an argument or a match arm ends at a comma, but no item does.
    let rest = match &tokens[at..] {
        [TokenTree::Ident(word), TokenTree::Group(scope), rest @ ..]
            if *word == "pub" && scope.delimiter() == Delimiter::Parenthesis =>
        {
            rest
        }
        [TokenTree::Ident(word), rest @ ..] if *word == "pub" => rest,
        rest => rest,
    };
    let is_keyword = |words: &[&str]| matches!(rest.first(), Some(TokenTree::Ident(it)) if words.iter().any(|word| *it == *word));
    let is_item = is_keyword(&ITEMS);
    let is_import = is_keyword(&["use"]);
    for (length, token) in tokens.iter().enumerate().skip(at) {
        let ended = match token {
            TokenTree::Punct(symbol) => {
                symbol.as_char() == ';' || (symbol.as_char() == ',' && !is_item)
            }
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !is_import,
            _ => false,
        };
        if ended {
            return Some(length + 1);
        }
    }
    Some(tokens.len())
}

/// Whether an attribute is `cfg(test)`, or `cfg(all(…))` with `test` among its conditions.
fn is_cfg_test(attribute: &[TokenTree]) -> bool {
    let [TokenTree::Ident(word), TokenTree::Group(condition)] = attribute else { return false };
    *word == "cfg" && requires_test(&trees(condition.stream()))
}

fn requires_test(condition: &[TokenTree]) -> bool {
    match condition {
        [TokenTree::Ident(word)] => *word == "test",
        [TokenTree::Ident(word), TokenTree::Group(group)] if *word == "all" => {
            let inner = trees(group.stream());
            inner.split(|token| is_symbol(Some(token), ',')).any(requires_test)
        }
        _ => false,
    }
}

/// The name of the module whose body follows the tokens, if one does.
fn module_of_body(before: &[TokenTree]) -> Option<String> {
    match before {
        [.., TokenTree::Ident(word), TokenTree::Ident(name)] if *word == "mod" => Some(plain(name)),
        _ => None,
    }
}

/// Whether the tokens end with a visibility.
fn is_exported(before: &[TokenTree]) -> bool {
    let word = match before {
        [.., word, TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => word,
        [.., word] => word,
        [] => return false,
    };
    word.to_string() == "pub"
}

fn is_separator(tokens: &[TokenTree]) -> bool {
    is_symbol(tokens.first(), ':') && is_symbol(tokens.get(1), ':')
}

fn ends_with_separator(tokens: &[TokenTree]) -> bool {
    tokens.len() >= 2 && is_separator(&tokens[tokens.len() - 2..])
}

fn is_symbol(token: Option<&TokenTree>, symbol: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == symbol)
}

fn line_of(token: &TokenTree) -> usize {
    token.span().start().line
}

fn plain(word: &proc_macro2::Ident) -> String {
    word.to_string().trim_start_matches("r#").to_owned()
}

fn trees(stream: TokenStream) -> Vec<TokenTree> {
    stream.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grouped_imports_are_read_over_several_lines() {
        let text = "use crate::{\n    a::B,\n    c,\n    d::{self, e::{F as G, H}, *},\n};";
        assert_eq!(
            imports(text),
            [
                ("crate::a::B", "B", 2),
                ("crate::c", "c", 3),
                ("crate::d", "d", 4),
                ("crate::d::e::F", "G", 4),
                ("crate::d::e::H", "H", 4),
                ("crate::d::*", "*", 4),
            ]
            .map(|(path, name, line)| (path.to_owned(), name.to_owned(), line))
        );
    }

    #[test]
    fn paths_in_code_macros_and_attributes_are_found() {
        let text = "#[path(tag = crate::a::TAG)]\nfn f(x: &super::b::X) -> Y {\n    \
                    vec![crate::c::<u8>(\"crate::no\"), crate::d::E::F] // crate::no\n}\n\
                    impl<'a> T for <crate::g::H as I>::J {}";
        assert_eq!(
            paths(text),
            ["crate::a::TAG", "super::b::X", "crate::c", "crate::d::E::F", "crate::g::H"]
        );
    }

    #[test]
    fn a_mention_knows_the_modules_around_it() {
        let mentions =
            find_mentions("mod a { mod b { use super::C; } } mod d { fn f() { e::f() } }");
        let modules: Vec<_> = mentions.iter().map(|mention| mention.modules.join("::")).collect();
        assert_eq!(modules, ["a::b", "d"]);
    }

    #[test]
    fn items_for_tests_alone_are_left_out() {
        let text = "#[cfg(test)]\nmod tests { use crate::a; }\n\
                    #[cfg(test)] use crate::{b, c};\n\
                    #[cfg(all(unix, test))] fn f<A, B>(x: crate::d::X) { crate::e() }\n\
                    struct S { #[cfg(test)] pub(crate) x: crate::f::X, y: crate::kept::Y }\n\
                    #[cfg(any(test, feature = \"kit\"))] mod kit { use crate::also_kept; }\n\
                    #[cfg(not(test))] use crate::kept_too;";
        assert_eq!(paths(text), ["crate::kept::Y", "crate::also_kept", "crate::kept_too"]);
    }

    #[test]
    fn only_public_imports_are_exported() {
        let text =
            "use a::B; pub use c::D; pub(crate) use e::{F, G}; fn f() -> impl H + use<'_> {}";
        let exported: Vec<bool> =
            find_mentions(text).iter().map(|import| import.exported).collect();
        assert_eq!(exported, [false, true, true, true]);
    }

    fn paths(text: &str) -> Vec<String> {
        find_mentions(text).iter().map(|mention| mention.path.join("::")).collect()
    }

    fn imports(text: &str) -> Vec<(String, String, usize)> {
        let mentions = find_mentions(text).into_iter();
        mentions.map(|it| (it.path.join("::"), it.name.unwrap_or_default(), it.line)).collect()
    }
}
