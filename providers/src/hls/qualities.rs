//! The qualities among the variants of a list, as players offer them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use engine::Rendition;

use super::codecs;
use super::master::{Kind, Variant};

/// The qualities that are listed; every member of a room is sent the list.
const LISTED_MAX: usize = 128;
/// The longest list of codecs that is passed on, in characters.
const CODECS_CHARS_MAX: usize = 120;
/// The pathway of variants that name none.
const USUAL_PATHWAY: &str = ".";

/// A quality, and the groups whose tracks can be played with it.
#[derive(Debug)]
pub(super) struct Quality<'a> {
    /// The variant with the lowest bit rate of those that offer it.
    pub(super) variant: &'a Variant,
    groups: Vec<(Kind, &'a str)>,
    /// The groups of audio tracks, each with the codecs of a variant that names it.
    coded: Vec<(&'a str, &'a str)>,
}

impl<'a> Quality<'a> {
    fn new(variant: &'a Variant) -> Self {
        let mut quality = Self { variant, groups: vec![], coded: vec![] };
        quality.add(variant);
        quality
    }

    fn add(&mut self, variant: &'a Variant) {
        // With the same picture, a lower bit rate means sound that more browsers play.
        if variant.bandwidth.is_some() && variant.bandwidth < self.variant.bandwidth {
            self.variant = variant;
        }
        let groups = [
            (Kind::Audio, &variant.audio),
            (Kind::Subtitles, &variant.subtitles),
            (Kind::Captions, &variant.captions),
        ];
        let named = groups.into_iter().filter_map(|(kind, group)| Some((kind, group.as_deref()?)));
        for group in named {
            if !self.groups.contains(&group) {
                self.groups.push(group);
            }
        }
        let codecs = variant.codecs.as_deref().filter(|codecs| is_plain(codecs));
        self.coded.extend(variant.audio.as_deref().zip(codecs));
    }

    /// The codecs of the sound that is played with the audio tracks of this group, as far as they are stated.
    pub(super) fn sounds(&self, group: &str) -> impl Iterator<Item = &'a str> {
        let of_group = self.coded.iter().filter(move |(named, _)| *named == group);
        of_group.flat_map(|(_, codecs)| codecs::sounds(codecs))
    }

    /// Whether a track of this group can be played with it; of one that names no group, each can.
    pub(super) fn plays(&self, kind: Kind, group: &str) -> bool {
        let mut of_kind = self.groups.iter().filter(|(of, _)| *of == kind).peekable();
        of_kind.peek().is_none() || of_kind.any(|(_, named)| *named == group)
    }

    /// Whether its own variant, of those that offer it, names this group.
    pub(super) fn prefers(&self, kind: Kind, group: &str) -> bool {
        let named = match kind {
            Kind::Audio => &self.variant.audio,
            Kind::Subtitles => &self.variant.subtitles,
            Kind::Captions => &self.variant.captions,
        };
        named.as_deref() == Some(group)
    }

    fn is(&self, other: &Variant) -> bool {
        let one = self.variant;
        let same_picture = one.size == other.size && one.others == other.others;
        let same_stream = one.bandwidth == other.bandwidth && one.codecs == other.codecs;
        same_picture && (same_stream || one.uri == other.uri)
    }
}

/// The qualities, best first. Each is listed once, however many entries repeat it for another server
/// or another group of audio tracks; sound alone is no quality of a film.
pub(super) fn playable<'a>(variants: &'a [Variant], pathway: Option<&str>) -> Vec<Quality<'a>> {
    let mut kept: Vec<&Variant> = variants.iter().collect();
    keep_pathway(&mut kept, pathway);
    prefer(&mut kept, |variant| variant.codecs.as_deref().is_none_or(codecs::are_known));
    prefer(&mut kept, |variant| !is_sound(variant));
    let mut qualities: Vec<Quality<'a>> = vec![];
    for variant in kept {
        match qualities.iter_mut().find(|quality| quality.is(variant)) {
            Some(quality) => quality.add(variant),
            None => qualities.push(Quality::new(variant)),
        }
    }
    qualities.sort_by_key(|quality| Reverse((lines(quality.variant), quality.variant.bandwidth)));
    qualities
}

/// The qualities as they are listed; empty if there is no choice.
pub(super) fn renditions(qualities: &[Quality<'_>]) -> Vec<Rendition> {
    if qualities.len() < 2 {
        return vec![];
    }
    let mut taken = BTreeSet::new();
    let rendition = |quality: &Quality<'_>| {
        let variant = quality.variant;
        let same_lines = |other: &&Quality<'_>| lines(other.variant) == lines(variant);
        let is_alone = qualities.iter().filter(same_lines).count() == 1;
        let rate = variant.bandwidth.map(|bandwidth| bandwidth / 1000);
        let id = match (lines(variant), rate) {
            (Some(lines), Some(rate)) if !is_alone => format!("{lines}p-{rate}"),
            (Some(lines), _) => format!("{lines}p"),
            (None, Some(rate)) => format!("{rate}k"),
            (None, None) => "unnamed".to_owned(),
        };
        Rendition {
            id: unique(id, &mut taken),
            width: variant.size.map(|(width, _)| width),
            height: variant.size.map(|(_, height)| height),
            bitrate_bps: variant.bandwidth,
            codecs: variant.codecs.clone().filter(|codecs| is_plain(codecs)),
        }
    };
    qualities.iter().take(LISTED_MAX).map(rendition).collect()
}

/// The codecs of the only quality, which isn't listed; `None` if there is a choice.
pub(super) fn sole_codecs(qualities: &[Quality<'_>]) -> Option<String> {
    let [only] = qualities else { return None };
    only.variant.codecs.clone().filter(|codecs| is_plain(codecs))
}

/// `id`, or the first of `id-2`, `id-3` … that isn't taken.
pub(super) fn unique(id: String, taken: &mut BTreeSet<String>) -> String {
    let mut unique = id.clone();
    let mut count = 1;
    while !taken.insert(unique.clone()) {
        count += 1;
        unique = format!("{id}-{count}");
    }
    unique
}

/// The number that a quality is named by: the shorter side of its picture, in pixels.
fn lines(variant: &Variant) -> Option<u32> {
    variant.size.map(|(width, height)| width.min(height))
}

fn is_sound(variant: &Variant) -> bool {
    variant.size.is_none() && variant.codecs.as_deref().is_some_and(codecs::are_sound)
}

/// Drops the variants that aren't `wanted`, unless none is.
fn prefer(variants: &mut Vec<&Variant>, wanted: impl Fn(&Variant) -> bool) {
    if variants.iter().any(|variant| wanted(variant)) {
        variants.retain(|variant| wanted(variant));
    }
}

/// Keeps the variants of the pathway that players begin with; the others are the same film again.
fn keep_pathway(variants: &mut Vec<&Variant>, stated: Option<&str>) {
    let of = |variant: &Variant| variant.pathway.clone().unwrap_or(USUAL_PATHWAY.to_owned());
    let is_there = |name: &&str| variants.iter().any(|variant| of(variant) == **name);
    let lowest = variants.iter().min_by_key(|variant| (lines(variant), variant.bandwidth));
    let first = stated.or(Some(USUAL_PATHWAY)).filter(is_there).map(str::to_owned);
    let chosen = first.or_else(|| lowest.map(|variant| of(variant)));
    variants.retain(|variant| Some(of(variant)) == chosen);
}

fn is_plain(codecs: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() || c == ' ';
    codecs.len() <= CODECS_CHARS_MAX && codecs.chars().all(plain)
}
