//! Reads HLS playlists, and corrects or refuses what the parser reads wrongly.

use engine::{AudioTrack, Rendition, TextTrack};
use m3u8_rs::{MasterPlaylist, MediaPlaylist, MediaPlaylistType};
use tokio::sync::Semaphore;

use super::pieces::{self, Pieces};
use super::tidy::tidy;
use super::tracks;
use crate::error::{ErrorKind, Failure};

/// Limits the playlists parsed at once: each may take a while, and all are in memory.
static PARSERS: Semaphore = Semaphore::const_new(2);

/// A playlist of either kind.
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
    /// The URI of the variant with the lowest bandwidth, relative to this playlist.
    pub(super) lowest: String,
}

/// A list of segments.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Media {
    pub(super) live: bool,
    pub(super) duration_ms: Option<u64>,
    /// The URI of the first segment, relative to this playlist.
    pub(super) first_segment: String,
    /// The offset of the first segment in its file, in bytes.
    pub(super) first_byte: u64,
    /// The pieces whose timestamps tell where its timeline begins.
    pub(super) pieces: Pieces,
}

/// The bytes after a byte order mark.
pub(super) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)
}

/// Reads a playlist of either kind, off the async threads.
pub(super) async fn read(bytes: Vec<u8>) -> Result<Playlist, Failure> {
    // The task owns the permit: if the caller gives up, it is freed only when parsing has ended.
    let permit = PARSERS.acquire().await;
    let parsing = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        parse(&bytes)
    });
    parsing.await.unwrap_or_else(|error| Err(unreadable().because(error)))
}

fn parse(bytes: &[u8]) -> Result<Playlist, Failure> {
    let text = std::str::from_utf8(without_bom(bytes))
        .map_err(|error| invalid("The playlist isn't text.").because(error))?;
    let tidied = tidy(text)?;
    let playlist = m3u8_rs::parse_playlist_res(tidied.text.as_bytes())
        .map_err(|error| unreadable().because(error.to_string()))?;
    match playlist {
        m3u8_rs::Playlist::MasterPlaylist(master) => {
            read_master(master, tidied.variants).map(Playlist::Master)
        }
        m3u8_rs::Playlist::MediaPlaylist(media) => {
            let media = read_media(&media, tidied.seconds)?;
            Ok(Playlist::Media(Media { pieces: pieces::scan(text), ..media }))
        }
    }
}

fn read_master(master: MasterPlaylist, announced: usize) -> Result<Master, Failure> {
    // The parser would have given the URI of an unreadable variant to the variant before it.
    if master.variants.len() != announced || master.variants.iter().any(|v| v.uri.is_empty()) {
        return Err(invalid("The playlist has a quality that can't be read."));
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

fn read_media(media: &MediaPlaylist, seconds: f64) -> Result<Media, Failure> {
    let playable = |duration: f32| duration.is_finite() && duration > 0.0;
    let first = media.segments.iter().find(|segment| playable(segment.duration));
    let first = first.ok_or_else(|| invalid("The playlist is empty."))?;
    let vod = media.end_list || media.playlist_type == Some(MediaPlaylistType::Vod);
    let byte_range = first.byte_range.as_ref();
    Ok(Media {
        live: !vod,
        duration_ms: vod.then(|| (seconds * 1000.0).round() as u64),
        first_segment: first.uri.clone(),
        first_byte: byte_range.and_then(|range| range.offset).unwrap_or(0),
        pieces: Pieces::default(),
    })
}

fn unreadable() -> Failure {
    invalid("The playlist can't be read.")
}

/// The failure of a playlist that can't be used.
pub(super) fn invalid(detail: &'static str) -> Failure {
    Failure::new(ErrorKind::ManifestInvalid, detail)
}

#[cfg(test)]
mod tests;
