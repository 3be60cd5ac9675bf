//! Reads the first presentation timestamp of a piece of media from its first bytes.
//!
//! Pure. What can't be read is `None`: the caller then has no origin, never a guessed one.

mod fmp4;
mod ts;

pub(crate) use fmp4::Init;

/// A presentation timestamp.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stamp {
    /// In units of `timescale`.
    pub(crate) value: i64,
    /// Units per second; never 0.
    pub(crate) timescale: u32,
}

/// The timestamp of the first picture (or of the first sound, if there is no picture) in a piece
/// that begins with `head`. `init` is the header of a fragmented MP4 that isn't in the piece itself.
pub(crate) fn first(head: &[u8], init: Option<&Init>) -> Option<Stamp> {
    let stamp = match init {
        Some(init) => fmp4::first(head, init)?,
        None if ts::is_packets(head) => ts::first(head)?,
        None => fmp4::first(head, &Init::read(head)?)?,
    };
    (stamp.value.unsigned_abs() <= engine::WHOLE_MAX).then_some(stamp)
}

/// When the first sample of a fragment of MP4 is presented, in units of its track, by the first bytes of its `tfdt` and
/// of its first `trun`: 32 are enough.
pub(crate) fn presented(tfdt: &[u8], trun: &[u8]) -> Option<i64> {
    fmp4::presented(tfdt, trun).filter(|value| value.unsigned_abs() <= engine::WHOLE_MAX)
}

/// How long the first fragment lasts in a piece of fragmented MP4 that begins with `head`, in microseconds.
pub(crate) fn fragment_us(head: &[u8], init: &Init) -> Option<u64> {
    fmp4::fragment_us(head, init)
}
