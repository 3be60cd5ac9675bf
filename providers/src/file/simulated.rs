//! A file in memory that is read as one behind a link is: a first window, then what is needed.

use super::bytes::{Bytes, Stop};
use super::contents::{Contents, Refusal};
use super::{REQUESTS_MAX, sniff};

/// What was found in `file`, read in windows of `step` bytes, and the offsets of the further ones.
pub(super) fn inspect(file: &[u8], step: usize) -> (Result<Contents, Refusal>, Vec<u64>) {
    let window = |at: u64, len: usize| {
        let from = usize::try_from(at).unwrap().min(file.len());
        file[from..from.saturating_add(len).min(file.len())].to_vec()
    };
    let container = sniff(&window(0, step)).expect("it is recognized");
    let mut bytes = Bytes::of(Some(file.len() as u64));
    bytes.add(0, window(0, step));
    let mut reads = vec![];
    loop {
        let (contents, outcome) = container.read(&bytes);
        match outcome {
            Err(Stop::Refused(refusal)) => return (Err(refusal), reads),
            Err(Stop::Need { at, len }) if reads.len() + 1 < REQUESTS_MAX => {
                bytes.add(at, window(at, len.max(step)));
                reads.push(at);
            }
            _ => return (Ok(contents), reads),
        }
    }
}
