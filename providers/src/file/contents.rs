//! What a file holds: its length, and the codecs of its picture and sound.

use crate::error::{ErrorKind, Failure};

/// The most codecs that are named.
const CODECS_MAX: usize = 12;
/// A clock that begins earlier than this begins at 0: encoders leave as much, in milliseconds.
pub(super) const START_MIN_MS: u64 = 100;
/// The largest timestamp: JavaScript knows no larger whole number.
const WHOLE_MAX: i64 = 9_007_199_254_740_991;
/// The longest name of a codec, in characters.
const CODEC_CHARS_MAX: usize = 60;

/// How long a file plays.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Length {
    /// In milliseconds, never 0.
    pub(super) ms: u64,
    /// Whether it was found by the tables of samples, the last page or the like, rather than stated
    /// by a header alone or estimated by a bit rate.
    pub(super) exact: bool,
}

/// The first timestamp of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Start {
    /// In units of `timescale`.
    pub(super) timestamp: i64,
    /// Units per second.
    pub(super) timescale: u32,
}

/// What is known of a file's contents.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Contents {
    pub(super) mime: &'static str,
    /// `None` if it isn't known.
    pub(super) length: Option<Length>,
    /// Where the file's own clock begins, if not at 0.
    pub(super) start: Option<Start>,
    /// Whether players only estimate where a seek leads.
    pub(super) inexact: bool,
    codecs: Vec<String>,
    picture: bool,
    sound: bool,
    /// Whether every track was seen.
    pub(super) complete: bool,
}

/// What a track is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Kind {
    Picture,
    Sound,
    /// Subtitles, chapters, time codes.
    #[default]
    Other,
}

/// Why a file of a known container is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    /// Its samples are encrypted.
    Encrypted,
    /// It ends before the part that describes the film, or holds nothing else.
    CutOff,
    /// It is a piece of a film without the part that describes it.
    Piece,
    /// The part that describes the film is compressed.
    PackedIndex,
    /// The blocks of its picture or sound are compressed by this method.
    Compressed(&'static str),
    /// It has neither picture nor sound.
    Empty,
    /// It begins like a file with sound, but none follows.
    NoSound,
}

impl Length {
    /// A length of `units`, so many of which make a second; `None` for nothing.
    pub(super) fn of(units: u64, per_second: u64, exact: bool) -> Option<Self> {
        let per_second = u128::from(per_second);
        let rounded = (u128::from(units) * 1000 + per_second / 2).checked_div(per_second)?;
        let ms = u64::try_from(rounded).ok().filter(|ms| *ms > 0)?;
        Some(Self { ms, exact })
    }
}

impl Contents {
    pub(super) fn new(mime: &'static str) -> Self {
        Self {
            mime,
            length: None,
            start: None,
            inexact: false,
            codecs: vec![],
            picture: false,
            sound: false,
            complete: false,
        }
    }

    /// Notes that the file's clock begins at `timestamp`, in units of which so many make a second.
    pub(super) fn begins_at(&mut self, timestamp: u64, per_second: u64) {
        let timestamp = i64::try_from(timestamp).ok().filter(|timestamp| *timestamp <= WHOLE_MAX);
        let timescale = u32::try_from(per_second).ok().filter(|timescale| *timescale > 0);
        self.start =
            timestamp.zip(timescale).map(|(timestamp, timescale)| Start { timestamp, timescale });
    }

    /// Takes time before the clock begins off the length, unless that is no longer.
    pub(super) fn take_off(&mut self, before_ms: u64) {
        if let Some(length) = self.length.as_mut().filter(|length| length.ms > before_ms) {
            length.ms -= before_ms;
        }
    }

    /// When the file's clock begins, in milliseconds.
    pub(super) fn start_ms(&self) -> u64 {
        let ms = |start: Start| start.timestamp.unsigned_abs() * 1000 / u64::from(start.timescale);
        self.start.map_or(0, ms)
    }

    /// Whether what plays is known, so that the rest only makes the length and the timeline better.
    pub(super) fn is_enough(&self) -> bool {
        let any = self.picture || self.sound;
        any && (self.complete || (self.picture && self.sound))
    }

    /// Adds a track of picture or sound; others are left out.
    pub(super) fn add(&mut self, kind: Kind, codec: &str) {
        match kind {
            Kind::Picture => self.picture = true,
            Kind::Sound => self.sound = true,
            Kind::Other => return,
        }
        let plain = |c: &char| c.is_ascii_alphanumeric() || ".-_".contains(*c);
        let codec: String = codec.chars().filter(plain).take(CODEC_CHARS_MAX).collect();
        if !codec.is_empty() && !self.codecs.contains(&codec) && self.codecs.len() < CODECS_MAX {
            self.codecs.push(codec);
        }
    }

    /// The codecs as a list of RFC 6381; `None` if none is known.
    pub(super) fn codecs(&self) -> Option<String> {
        (!self.codecs.is_empty()).then(|| self.codecs.join(","))
    }

    /// Whether there is a picture, if known.
    pub(super) fn has_picture(&self) -> Option<bool> {
        (self.picture || self.complete).then_some(self.picture)
    }

    /// Whether there is sound, if known.
    pub(super) fn has_sound(&self) -> Option<bool> {
        (self.sound || self.complete).then_some(self.sound)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let detail = match refusal {
            Refusal::Encrypted => {
                "This media is protected and plays only with a licence of its provider."
            }
            Refusal::CutOff => "This file is incomplete: what it needs to be played is missing.",
            Refusal::Piece => "This is one piece of a film, which can't be played by itself.",
            Refusal::PackedIndex => "This film's index is compressed, which browsers can't read.",
            Refusal::Compressed(method) => {
                let detail = format!(
                    "The picture or sound of this file is compressed with {method} on top, which browsers can't undo."
                );
                return Failure::new(ErrorKind::Unsupported, detail);
            }
            Refusal::Empty => "This file holds neither a picture nor sound.",
            Refusal::NoSound => "This file is damaged: no sound can be found in it.",
        };
        let kind = match refusal {
            Refusal::Encrypted => ErrorKind::DrmProtected,
            _ => ErrorKind::Unsupported,
        };
        Failure::new(kind, detail)
    }
}
