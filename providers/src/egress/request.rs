//! A request for a manifest, or for a few bytes of a file, with its size limit.

use std::ops::Range;

use url::Url;

/// A manifest is read whole up to this many bytes, decompressed; a longer one is refused. Signed
/// addresses make the playlist of a film megabytes long; its readers bound what they keep of it.
const MANIFEST_BYTES_MAX: usize = 32 * 1024 * 1024;
/// A probe stops reading after this many bytes.
pub(crate) const PROBE_BYTES_MAX: usize = 256 * 1024;

/// One GET request.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub(super) url: &'a Url,
    pub(super) named_by: Option<&'a Url>,
    pub(super) range: Option<Range<u64>>,
    /// Most bytes of the body that are read.
    pub(super) cap: usize,
    pub(super) over_cap: OverCap,
}

/// What to do with a body longer than its cap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum OverCap {
    /// Keep the first bytes and stop reading.
    Truncate,
    /// Fail with `TooLarge`.
    Refuse,
}

impl<'a> Request<'a> {
    /// A request for a whole manifest of at most 32 MiB.
    pub fn manifest(url: &'a Url) -> Self {
        let (cap, over_cap) = (MANIFEST_BYTES_MAX, OverCap::Refuse);
        Self { url, named_by: None, range: None, cap, over_cap }
    }

    /// A request for a range of a file. An origin that doesn't support ranges sends the file from
    /// its start; at most `cap` bytes of that (256 KiB at most) are read.
    pub fn probe(url: &'a Url, range: Range<u64>, cap: usize) -> Self {
        // Invariant: a range holds at least one byte, so that its header can be written.
        let range = range.start..range.end.max(range.start.saturating_add(1));
        let cap = cap.min(PROBE_BYTES_MAX);
        Self { url, named_by: None, range: Some(range), cap, over_cap: OverCap::Truncate }
    }

    /// Marks the URL as one that the response from `parent` named, not one that a user pasted.
    pub fn named_by(mut self, parent: &'a Url) -> Self {
        self.named_by = Some(parent);
        self
    }
}
