//! The choices that a master playlist offers: qualities, subtitles and audio tracks.

use std::collections::BTreeSet;

use engine::{AudioTrack, Rendition, TextTrack, TextTrackKind};
use m3u8_rs::{AlternativeMedia, AlternativeMediaType, VariantStream};

use crate::link::readable;

/// The longest label, in characters: the whole source is sent to every member of a room.
const LABEL_CHARS_MAX: usize = 120;
/// The longest language tag, in characters, as BCP 47 recommends.
const LANGUAGE_CHARS_MAX: usize = 35;

/// The variants that a player offers, best first: each quality once, even if it comes with several
/// audio groups, and audio-only variants only if there is no video.
pub(super) fn playable(variants: &[VariantStream]) -> Vec<&VariantStream> {
    let has_video = variants.iter().any(|variant| variant.resolution.is_some());
    let mut kept: Vec<&VariantStream> =
        variants.iter().filter(|variant| !(has_video && is_audio_only(variant))).collect();
    kept.sort_by_key(|variant| std::cmp::Reverse((height(variant), variant.bandwidth)));
    kept.dedup_by(|next, kept| {
        let quality = |v: &VariantStream| (v.resolution, v.bandwidth, v.codecs.clone());
        quality(next) == quality(kept)
    });
    kept
}

/// The qualities, best first; empty if there is no choice.
pub(super) fn renditions(variants: &[&VariantStream]) -> Vec<Rendition> {
    if variants.len() < 2 {
        return vec![];
    }
    let mut taken = BTreeSet::new();
    let rendition = |variant: &&VariantStream| {
        let same_height = variants.iter().filter(|other| height(other) == height(variant)).count();
        let kbps = variant.bandwidth / 1000;
        let id = match height(variant) {
            None => format!("{kbps}k"),
            Some(height) if same_height == 1 => format!("{height}p"),
            Some(height) => format!("{height}p-{kbps}"),
        };
        let resolution = variant.resolution;
        Rendition {
            id: unique(id, &mut taken),
            width: resolution.and_then(|resolution| u32::try_from(resolution.width).ok()),
            height: height(variant).and_then(|height| u32::try_from(height).ok()),
            bitrate_bps: Some(variant.bandwidth),
            codecs: variant.codecs.clone().filter(|codecs| is_plain(codecs)),
        }
    };
    variants.iter().map(rendition).collect()
}

/// The subtitles and captions of the group that the best variant uses.
pub(super) fn text_tracks(
    variants: &[&VariantStream],
    alternatives: &[AlternativeMedia],
) -> Vec<TextTrack> {
    let group = variants.iter().find_map(|variant| variant.subtitles.as_deref());
    let mut taken = BTreeSet::new();
    let tracks = of_group(alternatives, &AlternativeMediaType::Subtitles, group);
    tracks
        .map(|track| {
            let described = track.characteristics.as_deref().unwrap_or_default();
            let captions = described.contains("public.accessibility.transcribes-spoken-dialog");
            TextTrack {
                id: unique(language_id(track), &mut taken),
                label: label(track),
                language: language(track),
                kind: if captions { TextTrackKind::Captions } else { TextTrackKind::Subtitles },
            }
        })
        .collect()
}

/// The audio tracks of the group that the best variant uses; empty if there is no choice.
pub(super) fn audio_tracks(
    variants: &[&VariantStream],
    alternatives: &[AlternativeMedia],
) -> Vec<AudioTrack> {
    let group = variants.iter().find_map(|variant| variant.audio.as_deref());
    let mut taken = BTreeSet::new();
    let tracks: Vec<AudioTrack> = of_group(alternatives, &AlternativeMediaType::Audio, group)
        .map(|track| AudioTrack {
            id: unique(language_id(track), &mut taken),
            label: label(track),
            language: language(track),
            default: track.default,
        })
        .collect();
    if tracks.len() < 2 { vec![] } else { tracks }
}

fn of_group<'a>(
    alternatives: &'a [AlternativeMedia],
    kind: &'a AlternativeMediaType,
    group: Option<&'a str>,
) -> impl Iterator<Item = &'a AlternativeMedia> {
    alternatives
        .iter()
        .filter(move |media| media.media_type == *kind && group == Some(media.group_id.as_str()))
}

fn height(variant: &VariantStream) -> Option<u64> {
    variant.resolution.map(|resolution| resolution.height)
}

fn is_plain(codecs: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() || c == ' ';
    codecs.len() <= LABEL_CHARS_MAX && codecs.chars().all(plain)
}

fn is_audio_only(variant: &VariantStream) -> bool {
    let audio = |codec: &str| {
        ["mp4a", "ac-3", "ec-3", "opus", "flac", "alac"]
            .iter()
            .any(|name| codec.trim().to_ascii_lowercase().starts_with(name))
    };
    let codecs = variant.codecs.as_deref().unwrap_or_default();
    variant.resolution.is_none() && !codecs.is_empty() && codecs.split(',').all(audio)
}

fn language(track: &AlternativeMedia) -> Option<String> {
    let plain = |language: &String| {
        let tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=LANGUAGE_CHARS_MAX).contains(&language.len()) && language.chars().all(tag)
    };
    track.language.clone().filter(|language| plain(language) && language != "und")
}

/// The name, or the language if the name has no visible character.
fn label(track: &AlternativeMedia) -> String {
    let name = readable(&track.name, LABEL_CHARS_MAX);
    if name.is_empty() { language_id(track) } else { name }
}

fn language_id(track: &AlternativeMedia) -> String {
    language(track).unwrap_or_else(|| "und".to_owned())
}

/// `id`, or the first of `id-2`, `id-3` … that isn't taken.
fn unique(id: String, taken: &mut BTreeSet<String>) -> String {
    let mut unique = id.clone();
    let mut count = 1;
    while !taken.insert(unique.clone()) {
        count += 1;
        unique = format!("{id}-{count}");
    }
    unique
}
