//! The subtitles, captions and audio tracks that a list of qualities offers.

use std::collections::BTreeSet;

use engine::{AudioTrack, ManifestEntry, Rendition, TextTrack, TextTrackKind};

use super::master::{Alternative, Kind};
use super::qualities::{Quality, unique};
use crate::link::readable;

/// The longest label, in characters: the whole source is sent to every member of a room.
const LABEL_CHARS_MAX: usize = 120;
/// The longest language tag, in characters, as BCP 47 recommends.
const LANGUAGE_CHARS_MAX: usize = 35;
/// The text tracks, and the audio tracks, that are listed.
const LISTED_MAX: usize = 256;
/// The longest group and the most groups of one track that are passed on.
const GROUP_CHARS_MAX: usize = 120;
const GROUPS_MAX: usize = 16;

/// How a track says that it is for people who don't hear.
const DESCRIBES_SOUND: &str = "public.accessibility.transcribes-spoken-dialog";

/// A track that people can choose, with its entries in the groups of all qualities.
struct Choice<'a> {
    entries: Vec<&'a Alternative>,
    first: Entry<'a>,
}

/// A track of one group, and what tells whether it is that of another group.
#[derive(Clone)]
struct Entry<'a> {
    track: &'a Alternative,
    /// Whether no other track of its group has its language.
    is_alone: bool,
    /// Which of the qualities play it.
    played_by: Vec<bool>,
    /// The codecs of its sound, as far as they are stated.
    sounds: BTreeSet<&'a str>,
}

/// The subtitles and captions; those that are part of the picture come last.
pub(super) fn text_tracks(
    qualities: &[Quality<'_>],
    renditions: &[Rendition],
    alternatives: &[Alternative],
) -> Vec<TextTrack> {
    let mut taken = BTreeSet::new();
    let mut track = |choice: &Choice<'_>, kind| {
        let first = choice.entries[0];
        let suffix = if kind == TextTrackKind::Forced { "-forced" } else { "" };
        TextTrack {
            id: unique(format!("{}{suffix}", language_id(first)), &mut taken),
            label: label(first),
            language: language(first),
            kind,
            renditions: having(choice, qualities, renditions),
            entries: choice.entries(),
            channel: first.channel.clone().filter(|_| first.kind == Kind::Captions),
        }
    };
    let subtitles = choices(Kind::Subtitles, qualities, alternatives);
    let mut tracks: Vec<TextTrack> = subtitles
        .iter()
        .filter(|choice| choice.entries[0].has_uri)
        .map(|choice| track(choice, kind_of(choice.entries[0])))
        .collect();
    let mut channels = BTreeSet::new();
    for choice in choices(Kind::Captions, qualities, alternatives) {
        let number = choice.entries[0].channel.as_deref().and_then(channel_number);
        if number.is_some_and(|number| channels.insert(number)) {
            tracks.push(track(&choice, TextTrackKind::Captions));
        }
    }
    tracks.truncate(LISTED_MAX);
    tracks
}

/// The audio tracks; empty if there is no choice.
pub(super) fn audio_tracks(
    qualities: &[Quality<'_>],
    renditions: &[Rendition],
    alternatives: &[Alternative],
) -> Vec<AudioTrack> {
    let choices = choices(Kind::Audio, qualities, alternatives);
    if choices.len() < 2 {
        return vec![];
    }
    let is_default = |choice: &Choice<'_>| choice.entries.iter().any(|entry| entry.is_default);
    let default = choices.iter().position(is_default);
    let mut taken = BTreeSet::new();
    let track = |(at, choice): (usize, &Choice<'_>)| AudioTrack {
        id: unique(language_id(choice.entries[0]), &mut taken),
        label: label(choice.entries[0]),
        language: language(choice.entries[0]),
        default: default == Some(at),
        renditions: having(choice, qualities, renditions),
        entries: choice.entries(),
    };
    choices.iter().enumerate().take(LISTED_MAX).map(track).collect()
}

/// The tracks of a kind that any quality plays, those of the best quality first.
fn choices<'a>(
    kind: Kind,
    qualities: &[Quality<'a>],
    alternatives: &'a [Alternative],
) -> Vec<Choice<'a>> {
    let mut seen = BTreeSet::new();
    let mut found: Vec<&Alternative> = vec![];
    for quality in qualities {
        for preferred in [true, false] {
            for (at, alternative) in alternatives.iter().enumerate() {
                let group = alternative.group.as_str();
                let plays = alternative.kind == kind && quality.plays(kind, group);
                if plays && quality.prefers(kind, group) == preferred && seen.insert(at) {
                    found.push(alternative);
                }
            }
        }
    }
    let mut choices: Vec<Choice<'a>> = vec![];
    for track in &found {
        let entry = Entry::new(track, qualities, &found);
        let in_other_groups =
            |choice: &&mut Choice<'_>| choice.entries.iter().all(|one| one.group != track.group);
        let known =
            choices.iter_mut().filter(in_other_groups).find(|choice| choice.first.is_same(&entry));
        match known {
            Some(choice) => choice.entries.push(*track),
            None => choices.push(Choice { entries: vec![*track], first: entry }),
        }
    }
    choices
}

impl<'a> Entry<'a> {
    fn new(track: &'a Alternative, qualities: &[Quality<'a>], found: &[&Alternative]) -> Self {
        let group = track.group.as_str();
        let rivals = found.iter().filter(|other| other.group == group);
        let is_alone = rivals.filter(|other| other.language == track.language).count() == 1;
        let played_by = qualities.iter().map(|quality| quality.plays(track.kind, group)).collect();
        let sounds = qualities.iter().flat_map(|quality| quality.sounds(group)).collect();
        Self { track, is_alone, played_by, sounds }
    }

    /// Whether it is the same track as `other`, which is in another group.
    fn is_same(&self, other: &Self) -> bool {
        let (one, two) = (self.track, other.track);
        one.language == two.language
            && one.is_forced == two.is_forced
            && one.characteristics == two.characteristics
            && (one.name == two.name || self.is_same_by_language(other))
    }

    /// Whether it is the same although its name isn't: qualities may say "Stereo" of what is "Surround" in
    /// another. Where one quality plays both, and both are coded alike, the name tells a commentary.
    fn is_same_by_language(&self, other: &Self) -> bool {
        let (one, two) = (self.track, other.track);
        let other_channels = one.channels.as_ref().zip(two.channels.as_ref());
        let other_channels = other_channels.is_some_and(|(one, two)| one != two);
        let are_stated = !self.sounds.is_empty() && !other.sounds.is_empty();
        let mut together = self.played_by.iter().zip(&other.played_by);
        one.language.is_some()
            && self.is_alone
            && other.is_alone
            && (other_channels
                || are_stated && self.sounds != other.sounds
                || !together.any(|(one, two)| *one && *two))
    }
}

impl Choice<'_> {
    fn entries(&self) -> Vec<ManifestEntry> {
        let short = |one: &&&Alternative| one.group.chars().count() <= GROUP_CHARS_MAX;
        let entry = |one: &&Alternative| ManifestEntry {
            group: one.group.clone(),
            index: u32::try_from(one.index).unwrap_or(u32::MAX),
        };
        self.entries.iter().filter(short).take(GROUPS_MAX).map(entry).collect()
    }
}

/// The ids of the renditions that have the track; empty if all do.
fn having(choice: &Choice<'_>, qualities: &[Quality<'_>], renditions: &[Rendition]) -> Vec<String> {
    let has = |quality: &Quality<'_>| {
        choice.entries.iter().any(|entry| quality.plays(entry.kind, &entry.group))
    };
    if qualities.iter().all(has) {
        return vec![];
    }
    // Renditions are the qualities, in the same order.
    let pairs = qualities.iter().zip(renditions);
    pairs.filter(|(quality, _)| has(quality)).map(|(_, one)| one.id.clone()).collect()
}

fn kind_of(track: &Alternative) -> TextTrackKind {
    match (track.is_forced, track.characteristics.contains(DESCRIBES_SOUND)) {
        (true, _) => TextTrackKind::Forced,
        (false, true) => TextTrackKind::Captions,
        (false, false) => TextTrackKind::Subtitles,
    }
}

/// The channel that players decode captions of this name from; they know four.
fn channel_number(channel: &str) -> Option<char> {
    let digits = channel.strip_prefix("CC").or_else(|| channel.strip_prefix("SERVICE"))?;
    let mut digits = digits.chars();
    let number = digits.next().filter(|digit| ('1'..='4').contains(digit))?;
    digits.next().is_none().then_some(number)
}

fn language(track: &Alternative) -> Option<String> {
    let plain = |language: &String| {
        let tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=LANGUAGE_CHARS_MAX).contains(&language.len()) && language.chars().all(tag)
    };
    track.language.clone().filter(|language| plain(language) && language != "und")
}

/// The name, or the language if the name has no visible character.
fn label(track: &Alternative) -> String {
    let name = readable(&track.name, LABEL_CHARS_MAX);
    if name.is_empty() { language_id(track) } else { name }
}

fn language_id(track: &Alternative) -> String {
    language(track).unwrap_or_else(|| "und".to_owned())
}
