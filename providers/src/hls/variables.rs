//! The variables of a playlist (`EXT-X-DEFINE`), as RFC 8216bis defines them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use url::Url;

use super::attributes::{Attributes, leading};
use super::refusals::{invalid, too_large};
use crate::error::Failure;

/// Variables of one playlist.
const VARIABLES_MAX: usize = 256;
/// The most text that substituting may produce in one playlist, in bytes.
const EXPANDED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The variables that a playlist has defined so far.
#[derive(Debug, Default)]
pub(super) struct Variables {
    values: BTreeMap<String, String>,
    /// Whether text that looks like a variable was left as it is, since nothing was defined.
    left: bool,
    expanded_bytes: usize,
}

impl Variables {
    /// Defines a variable: by its value, by a parameter of the playlist's own address, or as the
    /// list of qualities defines it.
    pub(super) fn define(
        &mut self,
        tag: &Attributes,
        address: &Url,
        imported: Option<&Self>,
    ) -> Result<(), Failure> {
        if self.left {
            return Err(undefined());
        }
        let (name, value) =
            if let Some(name) = tag.text("QUERYPARAM") {
                let mut pairs = address.query_pairs();
                let value =
                    pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned());
                (name, value.ok_or_else(|| {
                invalid("The playlist takes a variable from its link that the link doesn't have.")
            })?)
            } else if let Some(name) = tag.text("IMPORT") {
                let value = imported.and_then(|variables| variables.values.get(name)).cloned();
                (
                    name,
                    value.ok_or_else(|| {
                        invalid(
                            "The playlist imports a variable that no list of qualities defines.",
                        )
                    })?,
                )
            } else if let Some(name) = tag.text("NAME") {
                (name, tag.owned("VALUE").unwrap_or_default())
            } else {
                return Ok(());
            };
        if self.values.len() >= VARIABLES_MAX {
            return Err(too_large("The playlist defines too many variables."));
        }
        if self.values.insert(name.to_owned(), value).is_some() {
            return Err(invalid("The playlist defines a variable twice."));
        }
        Ok(())
    }

    /// Replaces each `{$name}` by its value. A playlist that defines nothing uses no variables: what
    /// looks like one is part of an address.
    pub(super) fn expand<'a>(&mut self, text: &'a str) -> Result<Cow<'a, str>, Failure> {
        if next_reference(text).is_none() {
            return Ok(Cow::Borrowed(text));
        }
        if self.values.is_empty() {
            self.left = true;
            return Ok(Cow::Borrowed(text));
        }
        let (mut expanded, mut rest) = (String::new(), text);
        while let Some(reference) = next_reference(rest) {
            let value = self.values.get(reference.name).ok_or_else(undefined)?;
            self.expanded_bytes += reference.before.len() + value.len();
            if self.expanded_bytes > EXPANDED_BYTES_MAX {
                return Err(too_large("The variables of the playlist make it too large."));
            }
            expanded.push_str(reference.before);
            expanded.push_str(value);
            rest = reference.after;
        }
        expanded.push_str(rest);
        Ok(Cow::Owned(expanded))
    }
}

/// A variable in a text, with the text around it.
struct Reference<'a> {
    before: &'a str,
    name: &'a str,
    after: &'a str,
}

fn next_reference(text: &str) -> Option<Reference<'_>> {
    let mut from = 0;
    while let Some(open) = text[from..].find("{$").map(|at| from + at) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let name = leading(&text[open + 2..], plain);
        let close = open + 2 + name.len();
        if !name.is_empty() && text[close..].starts_with('}') {
            return Some(Reference { before: &text[..open], name, after: &text[close + 1..] });
        }
        from = open + 2;
    }
    None
}

fn undefined() -> Failure {
    invalid("The playlist uses a variable before it defines it.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn variables_are_substituted_as_often_as_they_occur() {
        let mut variables = defined(&[r#"NAME="a",VALUE="h""#, r#"NAME="b",VALUE="/{$a}/v""#]);
        assert_eq!(variables.expand("{$b}/{$a}-{$ x}{$}.ts").unwrap(), "/h/v/h-{$ x}{$}.ts");
        assert!(variables.expand("{$c}").is_err());
        let mut none = Variables::default();
        assert_eq!(none.expand("s0.ts?sig={$x}").unwrap(), "s0.ts?sig={$x}");
    }

    #[test]
    fn a_variable_comes_from_the_link_or_the_list_of_qualities() {
        let link = Url::parse("https://example.test/a.m3u8?token=a%2Fb&x").unwrap();
        let master = defined(&[r#"NAME="base",VALUE="h""#]);
        let mut variables = Variables::default();
        for tag in [r#"QUERYPARAM="token""#, r#"QUERYPARAM="x""#, r#"IMPORT="base""#] {
            let tag = Attributes::read(tag, &mut Variables::default()).unwrap();
            variables.define(&tag, &link, Some(&master)).unwrap();
        }
        assert_eq!(variables.expand("{$token}{$x}{$base}").unwrap(), "a/bh");
        for tag in [r#"QUERYPARAM="other""#, r#"IMPORT="other""#, r#"NAME="base",VALUE="2""#] {
            let tag = Attributes::read(tag, &mut Variables::default()).unwrap();
            let failure = variables.define(&tag, &link, Some(&master)).unwrap_err();
            assert_eq!(failure.kind, ErrorKind::ManifestInvalid, "{tag:?}");
        }
    }

    #[test]
    fn variables_cannot_inflate_a_playlist() {
        let value = "v".repeat(60_000);
        let mut variables = defined(&[&format!("NAME=\"a\",VALUE=\"{value}\"")]);
        let failure = variables.expand(&"{$a}".repeat(1000)).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::TooLarge);
    }

    fn defined(tags: &[&str]) -> Variables {
        let link = Url::parse("https://example.test/a.m3u8").unwrap();
        let mut variables = Variables::default();
        for tag in tags {
            let tag = Attributes::read(tag, &mut variables).unwrap();
            variables.define(&tag, &link, None).unwrap();
        }
        variables
    }
}
