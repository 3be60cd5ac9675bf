//! FLAC: the number of samples in its first block.

use super::super::bytes::{Bytes, Read, be};
use super::super::contents::{Contents, Kind, Length};

/// Reads the file whose marker `fLaC` is at `at`.
pub(super) fn read(bytes: &Bytes, at: u64, contents: &mut Contents) -> Read<()> {
    contents.mime = "audio/flac";
    contents.complete = true;
    contents.add(Kind::Sound, "flac");
    // The marker, the head of the block, and what else it holds before the rate.
    contents.length = length(bytes.get(at + 4 + 4 + 10, 8)?);
    Ok(())
}

/// From the eight bytes of the rate (20 bits), the form of a sample (8) and their number (36).
fn length(stream: &[u8]) -> Option<Length> {
    let stream = be(stream);
    Length::of(stream & 0xf_ffff_ffff, stream >> 44, true)
}
