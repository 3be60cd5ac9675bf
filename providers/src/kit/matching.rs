//! Laws of the pure methods: `id`, `matches` and `recognizes`.

use super::{Sample, parse};
use crate::source::{Match, PlaybackSource};

/// `id` is lower-case letters, digits and `_`.
pub(super) fn id_is_a_plain_word(provider: &dyn PlaybackSource) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let id = provider.id();
    assert!(!id.is_empty() && id.chars().all(plain), "id {id:?}");
}

/// `matches` depends on the link alone, accepts the provider's own links and refuses foreign ones.
pub(super) fn matches_depends_on_the_link_alone(provider: &dyn PlaybackSource, sample: &Sample) {
    let (own, foreign) = (parse(&sample.link), parse(&sample.foreign_link));
    assert_ne!(provider.matches(&own), Match::No, "its own link {own}");
    assert_ne!(provider.matches(&foreign), Match::Yes, "the foreign link {foreign}");
    assert_eq!(provider.matches(&own), provider.matches(&own), "asked twice");
    for link in ["mailto:someone@example.test", "data:,x", "javascript:1"] {
        assert_eq!(provider.matches(&parse(link)), Match::No, "{link}");
    }
}

/// `recognizes` accepts neither a web page nor empty input.
pub(super) fn recognizes_neither_a_page_nor_empty_input(provider: &dyn PlaybackSource) {
    for head in ["", "<!doctype html><title>A page</title>", "\u{feff}<html>", "{\"ok\":true}"] {
        assert!(!provider.recognizes(head.as_bytes()), "{head:?}");
    }
}
