//! Reads HLS playlists: what the parser lets through wrongly is put right or refused here.

use engine::{AudioTrack, Rendition, TextTrack};
use m3u8_rs::{MasterPlaylist, MediaPlaylist, MediaPlaylistType};

use super::tidy::{STREAM_INF, tidy};
use super::tracks;
use crate::error::{ErrorKind, Failure};

/// Qualities in a playlist.
const VARIANTS_MAX: usize = 64;
/// Subtitles and sound tracks in a playlist, over all groups.
const ALTERNATIVES_MAX: usize = 256;

/// A playlist of either level.
#[derive(Debug)]
pub(super) enum Playlist {
    /// A list of qualities.
    Master(Master),
    /// A list of segments.
    Media(Media),
}

/// A list of qualities.
#[derive(Debug, Default)]
pub(super) struct Master {
    /// Best first; empty if there is no choice.
    pub(super) renditions: Vec<Rendition>,
    pub(super) text_tracks: Vec<TextTrack>,
    /// Empty if there is no choice.
    pub(super) audio_tracks: Vec<AudioTrack>,
    /// The playlist of the variant with the least bandwidth, relative to this one.
    pub(super) lowest: String,
}

/// A list of segments.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Media {
    pub(super) live: bool,
    pub(super) duration_ms: Option<u64>,
    /// The first segment, relative to the playlist.
    pub(super) first_segment: String,
    /// Where the first segment starts in its file.
    pub(super) first_byte: u64,
}

/// The bytes after a byte order mark.
pub(super) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)
}

/// Reads a playlist of either level.
pub(super) fn parse(bytes: &[u8]) -> Result<Playlist, Failure> {
    let text = std::str::from_utf8(without_bom(bytes))
        .map_err(|error| invalid("The playlist isn't text.").because(error))?;
    let text = tidy(text)?;
    let playlist = m3u8_rs::parse_playlist_res(text.as_bytes())
        .map_err(|error| invalid("The playlist can't be read.").because(error.to_string()))?;
    match playlist {
        m3u8_rs::Playlist::MasterPlaylist(master) => {
            let announced = text.lines().filter(|line| line.starts_with(STREAM_INF)).count();
            read_master(master, announced).map(Playlist::Master)
        }
        m3u8_rs::Playlist::MediaPlaylist(media) => read_media(&media).map(Playlist::Media),
    }
}

fn read_master(master: MasterPlaylist, announced: usize) -> Result<Master, Failure> {
    // The link of a variant that can't be read would have gone to the one before it.
    if master.variants.len() != announced || master.variants.iter().any(|v| v.uri.is_empty()) {
        return Err(invalid("The playlist has a quality that can't be read."));
    }
    if announced > VARIANTS_MAX || master.alternatives.len() > ALTERNATIVES_MAX {
        return Err(invalid("The playlist lists too many qualities or tracks."));
    }
    let variants = tracks::playable(&master.variants);
    let lowest = variants.iter().min_by_key(|variant| variant.bandwidth);
    let lowest = lowest.ok_or_else(|| invalid("The playlist is empty."))?.uri.clone();
    Ok(Master {
        renditions: tracks::renditions(&variants),
        text_tracks: tracks::text_tracks(&variants, &master.alternatives),
        audio_tracks: tracks::audio_tracks(&variants, &master.alternatives),
        lowest,
    })
}

fn read_media(media: &MediaPlaylist) -> Result<Media, Failure> {
    let playable = |duration: f32| duration.is_finite() && duration > 0.0;
    let first = media.segments.iter().find(|segment| playable(segment.duration));
    let first = first.ok_or_else(|| invalid("The playlist is empty."))?;
    let seconds: f64 =
        media.segments.iter().map(|s| f64::from(s.duration)).filter(|s| s.is_finite()).sum();
    let vod = media.end_list || media.playlist_type == Some(MediaPlaylistType::Vod);
    let byte_range = first.byte_range.as_ref();
    Ok(Media {
        live: !vod,
        duration_ms: vod.then(|| (seconds * 1000.0).round() as u64),
        first_segment: first.uri.clone(),
        first_byte: byte_range.and_then(|range| range.offset).unwrap_or(0),
    })
}

/// The failure of a playlist that can't be used.
pub(super) fn invalid(detail: &'static str) -> Failure {
    Failure::new(ErrorKind::ManifestInvalid, detail)
}

#[cfg(test)]
mod tests;
