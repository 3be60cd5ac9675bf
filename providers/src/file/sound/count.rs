//! The count of frames that encoders of MPEG audio write into the first frame.

use super::super::bytes::be;

/// Where the table of another encoder lies, behind the header of its frame.
const VBRI_AT: usize = 32;

/// What a file holds by its own count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Count {
    pub(super) frames: u64,
    /// How long they are; `None` if it doesn't say.
    pub(super) bytes: Option<u64>,
}

/// Whether the first frame says that the frames differ in bit rate: `Info` in place of `Xing` says that they
/// don't.
pub(super) fn is_variable(frame: &[u8], side: usize) -> bool {
    let is_at =
        |at: usize, name: &[u8]| frame.get(4 + at..).is_some_and(|table| table.starts_with(name));
    is_at(side, b"Xing") || is_at(VBRI_AT, b"VBRI")
}

/// The count in the first frame, which holds no sound then. `side` bytes lie between its header and
/// the count of most encoders.
pub(super) fn read(frame: &[u8], side: usize) -> Option<Count> {
    let table = frame.get(4 + side..)?;
    if let Some(table) = table.strip_prefix(b"Xing").or_else(|| table.strip_prefix(b"Info")) {
        let flags = be(table.get(..4)?);
        let frames = be(table.get(4..8).filter(|_| flags & 1 != 0)?);
        let bytes = table.get(8..12).filter(|_| flags & 2 != 0).map(be);
        return Some(Count { frames, bytes: bytes.filter(|bytes| *bytes > 0) });
    }
    let table = frame.get(4 + VBRI_AT..)?.strip_prefix(b"VBRI")?;
    let bytes = Some(be(table.get(6..10)?)).filter(|bytes| *bytes > 0);
    Some(Count { frames: be(table.get(10..14)?), bytes })
}
