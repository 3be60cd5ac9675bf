//! Whether players can decrypt the segments that a playlist lists.

use super::attributes::Attributes;
use super::refusals::{protected, unsupported};
use crate::error::Failure;

/// The key format whose keys are files that anyone may fetch.
const PLAIN: &str = "identity";

/// The keys of the segments that come next: one for each key format, of which a player chooses.
#[derive(Debug, Default)]
pub(super) struct Keys {
    plain: Option<Encryption>,
    is_licensed: bool,
    /// Whether any segment has keys, or is said to have none.
    pub(super) are_stated: bool,
}

/// How segments are encrypted with a key that anyone may fetch.
#[derive(Clone, Copy, Debug)]
enum Encryption {
    /// As whole files.
    Whole,
    /// Only the samples within them.
    Samples,
    /// In a way that players don't know.
    Unknown,
}

impl Keys {
    /// Reads an `EXT-X-KEY` or `EXT-X-SESSION-KEY` tag.
    pub(super) fn read(&mut self, key: &Attributes) {
        let Some(method) = key.text("METHOD") else { return };
        self.are_stated = true;
        if method == "NONE" {
            (self.plain, self.is_licensed) = (None, false);
        } else if key.text("KEYFORMAT").unwrap_or(PLAIN) != PLAIN {
            self.is_licensed = true;
        } else {
            self.plain = Some(match method {
                "AES-128" | "AES-256" | "AES-256-CTR" => Encryption::Whole,
                "SAMPLE-AES" => Encryption::Samples,
                _ => Encryption::Unknown,
            });
        }
    }

    /// Whether the segments that come next are encrypted.
    pub(super) fn encrypt(&self) -> bool {
        self.plain.is_some() || self.is_licensed
    }

    /// Refuses segments that players can't decrypt.
    pub(super) fn judge(&self, is_fragmented_mp4: bool) -> Result<(), Failure> {
        match self.plain {
            Some(Encryption::Whole) => Ok(()),
            Some(Encryption::Samples) if !is_fragmented_mp4 => Ok(()),
            _ if self.is_licensed => Err(protected()),
            Some(_) => {
                Err(unsupported("This media is encrypted in a way that browsers can't read."))
            }
            None => Ok(()),
        }
    }
}
