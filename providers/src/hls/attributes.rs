//! The attribute list of a tag, read as players read it: what is malformed costs itself, never the list.

use super::variables::Variables;
use crate::error::Failure;

/// Attributes of one tag that are read; the standard defines about twenty.
const ATTRIBUTES_MAX: usize = 64;

/// The attributes of one tag, without their quotes.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pairs: Vec<(String, String)>,
}

impl Attributes {
    /// Reads an attribute list. Variables are substituted in quoted values.
    pub(super) fn read(list: &str, variables: &mut Variables) -> Result<Self, Failure> {
        let mut pairs = vec![];
        for (name, value) in split(list).take(ATTRIBUTES_MAX) {
            let value = match value.strip_prefix('"').and_then(|inside| inside.strip_suffix('"')) {
                Some(quoted) => variables.expand(quoted)?.into_owned(),
                None => value.to_owned(),
            };
            pairs.push((name.to_owned(), value));
        }
        Ok(Self { pairs })
    }

    /// The value, if it is there and not empty. Of two with one name, the last counts.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let named = self.pairs.iter().rev().find(|(found, _)| found == name);
        named.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value as text that can be kept.
    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// Whether the attribute is there, even if it is empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(found, _)| found == name)
    }

    /// The whole number above zero that the value starts with.
    pub(super) fn whole(&self, name: &str) -> Option<u64> {
        let digits = leading(self.text(name)?.trim_start(), |c| c.is_ascii_digit());
        digits.parse().ok().filter(|number| (1..=engine::WHOLE_MAX).contains(number))
    }

    /// Whether the value is `YES`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name) == Some("YES")
    }

    /// Width and height in pixels; `None` if it isn't two numbers above zero.
    pub(super) fn size(&self, name: &str) -> Option<(u32, u32)> {
        let (width, height) = self.text(name)?.trim().split_once('x')?;
        let pixels = |digits: &str| {
            let plain = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
            digits.parse().ok().filter(|pixels| plain && *pixels > 0)
        };
        Some((pixels(width)?, pixels(height)?))
    }
}

/// The longest start of `text` whose characters all satisfy `kept`.
pub(super) fn leading(text: &str, kept: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !kept(c)).unwrap_or(text.len())]
}

/// The names and values of a list; values keep their quotes.
pub(super) fn split(list: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let (before, after) = rest.split_once('=')?;
        // What isn't `name=value` is skipped.
        let name = before.rsplit(',').next().unwrap_or(before).trim();
        let after = after.trim_start();
        let len = quoted_len(after).unwrap_or_else(|| after.find(',').unwrap_or(after.len()));
        let (value, tail) = after.split_at(len);
        rest = tail.trim_start().strip_prefix(',').unwrap_or_default();
        Some((name, value.trim()))
    })
}

/// The length of the quoted text at the start, quotes included; it ends at a quote before a comma or
/// the end, because some encoders write quotes inside names.
fn quoted_len(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('"')?;
    let ends = |after: &str| matches!(after.trim_start().chars().next(), None | Some(','));
    let close = inside.match_indices('"').find(|(at, _)| ends(&inside[at + 1..]));
    close.map(|(at, _)| at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_attribute_costs_itself_only() {
        let list = "A=1, B=\"x,y=z\" ,C = three ,,junk,D=,e=5,F=\"say \"hi\"\",G=\"open,H=6";
        let found: Vec<_> = split(list).collect();
        let expected = [
            ("A", "1"),
            ("B", "\"x,y=z\""),
            ("C", "three"),
            ("D", ""),
            ("e", "5"),
            ("F", "\"say \"hi\"\""),
            ("G", "\"open"),
            ("H", "6"),
        ];
        assert_eq!(found, expected);
        for nothing in ["", "A", ",,", "\""] {
            assert_eq!(split(nothing).count(), 0, "{nothing}");
        }
    }

    #[test]
    fn numbers_are_read_as_far_as_they_go() {
        for (value, number) in [
            ("200000", Some(200_000)),
            ("\"200000\"", Some(200_000)),
            (" 200000.5", Some(200_000)),
            ("99999999999", Some(99_999_999_999)),
            ("99999999999999999999", None),
            ("0", None),
            ("-1", None),
            ("many", None),
        ] {
            let list = format!("A={value}");
            assert_eq!(attributes(&list).whole("A"), number, "{value}");
        }
    }

    #[test]
    fn a_size_is_two_numbers_above_zero() {
        for (value, size) in [
            ("192x108", Some((192, 108))),
            ("\"192x108\"", Some((192, 108))),
            ("0x0", None),
            ("192X108", None),
            ("192x+108", None),
            ("192", None),
        ] {
            let list = format!("A={value}");
            assert_eq!(attributes(&list).size("A"), size, "{value}");
        }
    }

    #[test]
    fn the_attributes_of_a_tag_are_limited() {
        let list: Vec<String> = (0..100_000).map(|n| format!("A{n}=1")).collect();
        assert_eq!(attributes(&list.join(",")).pairs.len(), ATTRIBUTES_MAX);
    }

    fn attributes(list: &str) -> Attributes {
        Attributes::read(list, &mut Variables::default()).unwrap()
    }
}
