//! Files of sound alone, which play beside the cover of a listening party.

mod count;
mod flac;
mod frames;
mod ogg;
mod ogg_clock;
#[cfg(test)]
mod paged_tests;
mod tags;
#[cfg(test)]
mod tests;
mod wav;

use super::bytes::{Bytes, Read, Stop};
use super::contents::{Contents, Kind, Refusal};

/// What a file of sound is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// Something behind tags, which are often longer than the first bytes.
    Tagged,
    Flac,
    /// Frames of MPEG audio or AAC.
    Frames,
    /// Ogg, which may hold a picture, too.
    Ogg,
    Wav,
}

/// How far behind tags the sound is looked for: some writers leave zeros between.
const GAP_BYTES: usize = 4096;
/// The most tags that follow each other.
const TAGS_MAX: usize = 4;

/// The form of a file that starts with `head`.
pub(super) fn sniff(head: &[u8]) -> Option<Form> {
    match head {
        _ if tags::len_in_front(head).is_some() => Some(Form::Tagged),
        [b'f', b'L', b'a', b'C', ..] => Some(Form::Flac),
        [b'O', b'g', b'g', b'S', 0, ..] => Some(Form::Ogg),
        _ if wav::is_wav(head) => Some(Form::Wav),
        _ if frames::begins(head) => Some(Form::Frames),
        _ => None,
    }
}

/// The form of a file that starts with `head`, bytes that mean nothing, but players find sound behind them.
pub(super) fn sniff_behind(head: &[u8]) -> Option<Form> {
    frames::follow_others(head).then_some(Form::Tagged)
}

/// Reads the file as far as the bytes allow.
pub(super) fn read(bytes: &Bytes, form: Form) -> (Contents, Read<()>) {
    let mut contents = Contents::new(match form {
        Form::Tagged | Form::Frames => "audio/mpeg",
        Form::Flac => "audio/flac",
        Form::Ogg => "audio/ogg",
        Form::Wav => "audio/wav",
    });
    let outcome = match form {
        Form::Tagged => read_tagged(bytes, &mut contents),
        Form::Flac => flac::read(bytes, 0, &mut contents),
        Form::Frames => frames::read(bytes, 0, &mut contents),
        Form::Ogg => ogg::read(bytes, 0, &mut contents),
        Form::Wav => wav::read(bytes, &mut contents),
    };
    (contents, outcome)
}

/// Skips the tags at the front and reads what follows.
fn read_tagged(bytes: &Bytes, contents: &mut Contents) -> Read<()> {
    // Known even if the sound itself lies too far behind for a server without ranges.
    contents.complete = true;
    contents.add(Kind::Sound, "");
    let mut at = 0;
    for _ in 0..TAGS_MAX {
        let head = match bytes.get(at, tags::HEAD_BYTES) {
            Err(Stop::End) => break,
            head => head?,
        };
        match tags::len_in_front(head) {
            Some(len) => at += len,
            None => break,
        }
    }
    let found = bytes.up_to(at, GAP_BYTES)?;
    let gap = (0..found.len())
        .find(|gap| matches!(sniff(&found[*gap..]), Some(Form::Flac | Form::Frames | Form::Ogg)));
    let gap = gap.ok_or(Stop::Refused(Refusal::NoSound))?;
    match sniff(&found[gap..]) {
        Some(Form::Flac) => flac::read(bytes, at + gap as u64, contents),
        Some(Form::Ogg) => {
            contents.mime = "audio/ogg";
            ogg::read(bytes, at + gap as u64, contents)
        }
        _ => frames::read(bytes, at + gap as u64, contents),
    }
}
