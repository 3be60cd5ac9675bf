//! Reads a list of qualities.

use engine::{AudioTrack, Rendition, TextTrack};

use super::attributes::Attributes;
use super::keys::Keys;
use super::qualities::{self, Quality};
use super::refusals::{invalid, too_large, unsupported};
use super::tracks;
use super::variables::Variables;
use crate::error::Failure;

/// Entries of qualities: many qualities, each several times.
const VARIANTS_MAX: usize = 512;
/// Subtitle, caption and audio tracks, over all groups.
const ALTERNATIVES_MAX: usize = 1024;
/// The longest of what a track says of itself that is compared.
const DESCRIBED_BYTES_MAX: usize = 1024;
/// How many qualities are tried until one can be read.
const TRIED_MAX: usize = 3;

/// A list of qualities.
#[derive(Debug, Default)]
pub(super) struct Master {
    /// Best first; empty if there is no choice.
    pub(super) renditions: Vec<Rendition>,
    /// Those of the only quality; `None` if there is a choice.
    pub(super) codecs: Option<String>,
    pub(super) text_tracks: Vec<TextTrack>,
    /// Empty if there is no choice.
    pub(super) audio_tracks: Vec<AudioTrack>,
    /// The URIs of the lists of segments to try, the lowest quality first; relative to this list.
    pub(super) to_try: Vec<String>,
    /// Whether its keys come only from a licence server, unless its lists of segments state others.
    pub(super) is_protected: bool,
}

/// An entry of a quality (`EXT-X-STREAM-INF`); what can't be read is `None`.
#[derive(Debug, Default)]
pub(super) struct Variant {
    pub(super) uri: String,
    /// Bits per second.
    pub(super) bandwidth: Option<u64>,
    /// Width and height in pixels.
    pub(super) size: Option<(u32, u32)>,
    pub(super) codecs: Option<String>,
    /// Frame rate, dynamic range and copy protection, which only tell qualities apart.
    pub(super) others: [Option<String>; 3],
    pub(super) pathway: Option<String>,
    pub(super) audio: Option<String>,
    pub(super) subtitles: Option<String>,
    pub(super) captions: Option<String>,
}

/// A track that qualities refer to by its group (`EXT-X-MEDIA`).
#[derive(Debug)]
pub(super) struct Alternative {
    pub(super) kind: Kind,
    pub(super) group: String,
    /// Its place among the tracks of its kind and group.
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) language: Option<String>,
    pub(super) is_default: bool,
    pub(super) is_forced: bool,
    /// What else it says of itself, such as that it describes the picture.
    pub(super) characteristics: String,
    /// How many channels it has, and which.
    pub(super) channels: Option<String>,
    pub(super) has_uri: bool,
    /// The channel of captions that are part of the picture, such as `CC1`.
    pub(super) channel: Option<String>,
}

/// What a track is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Audio,
    Subtitles,
    /// Captions that are part of the picture.
    Captions,
}

/// Reads a list of qualities line by line.
#[derive(Debug, Default)]
pub(super) struct MasterReader {
    /// The quality whose URI comes next.
    coming: Option<Variant>,
    variants: Vec<Variant>,
    alternatives: Vec<Alternative>,
    session_keys: Keys,
    /// The pathway (content steering) that players begin with.
    pathway: Option<String>,
    has_still_frames: bool,
}

impl MasterReader {
    /// Reads a tag, without its `#`.
    pub(super) fn read_tag(&mut self, tag: &str, variables: &mut Variables) -> Result<(), Failure> {
        let Some((name, list)) = tag.split_once(':') else { return Ok(()) };
        match name {
            // Of two such tags before a URI, players read the first.
            "EXT-X-STREAM-INF" if self.coming.is_none() => {
                self.coming = Some(read_variant(&Attributes::read(list, variables)?));
            }
            "EXT-X-MEDIA" => self.read_alternative(&Attributes::read(list, variables)?)?,
            "EXT-X-SESSION-KEY" => self.session_keys.read(&Attributes::read(list, variables)?),
            "EXT-X-CONTENT-STEERING" => {
                self.pathway = Attributes::read(list, variables)?.owned("PATHWAY-ID");
            }
            "EXT-X-I-FRAME-STREAM-INF" => self.has_still_frames = true,
            _ => {}
        }
        Ok(())
    }

    /// Reads the URI of a quality; one without a tag before it is ignored.
    pub(super) fn read_uri(&mut self, uri: &str, variables: &mut Variables) -> Result<(), Failure> {
        let Some(variant) = self.coming.take() else { return Ok(()) };
        if self.variants.len() >= VARIANTS_MAX {
            return Err(too_large("The playlist lists too many qualities."));
        }
        let uri = variables.expand(uri)?.into_owned();
        self.variants.push(Variant { uri, ..variant });
        Ok(())
    }

    fn read_alternative(&mut self, tag: &Attributes) -> Result<(), Failure> {
        let kind = match tag.text("TYPE") {
            Some("AUDIO") => Kind::Audio,
            Some("SUBTITLES") => Kind::Subtitles,
            Some("CLOSED-CAPTIONS") => Kind::Captions,
            _ => return Ok(()),
        };
        if self.alternatives.len() >= ALTERNATIVES_MAX {
            return Err(too_large("The playlist lists too many tracks."));
        }
        let group = tag.owned("GROUP-ID").unwrap_or_default();
        let is_before = |other: &&Alternative| other.kind == kind && other.group == group;
        let index = self.alternatives.iter().filter(is_before).count();
        let short = |name| tag.owned(name).filter(|text| text.len() <= DESCRIBED_BYTES_MAX);
        self.alternatives.push(Alternative {
            kind,
            group,
            index,
            name: tag.owned("NAME").unwrap_or_default(),
            language: tag.owned("LANGUAGE"),
            is_default: tag.flag("DEFAULT"),
            is_forced: tag.flag("FORCED"),
            characteristics: short("CHARACTERISTICS").unwrap_or_default(),
            channels: short("CHANNELS"),
            has_uri: tag.has("URI"),
            channel: tag.owned("INSTREAM-ID"),
        });
        Ok(())
    }

    /// The list, or why players refuse it.
    pub(super) fn finish(self) -> Result<Master, Failure> {
        if self.variants.is_empty() && self.has_still_frames {
            return Err(unsupported("This playlist holds only still frames for seeking, no film."));
        }
        let qualities = qualities::playable(&self.variants, self.pathway.as_deref());
        if qualities.is_empty() {
            return Err(invalid("The playlist is empty."));
        }
        let renditions = qualities::renditions(&qualities);
        Ok(Master {
            text_tracks: tracks::text_tracks(&qualities, &renditions, &self.alternatives),
            audio_tracks: tracks::audio_tracks(&qualities, &renditions, &self.alternatives),
            to_try: to_try(&qualities),
            codecs: qualities::sole_codecs(&qualities),
            renditions,
            is_protected: self.session_keys.judge(false).is_err(),
        })
    }
}

fn read_variant(tag: &Attributes) -> Variant {
    let others = ["FRAME-RATE", "VIDEO-RANGE", "HDCP-LEVEL"];
    Variant {
        uri: String::new(),
        bandwidth: tag.whole("BANDWIDTH").or_else(|| tag.whole("AVERAGE-BANDWIDTH")),
        size: tag.size("RESOLUTION"),
        codecs: tag.owned("CODECS"),
        others: others.map(|name| tag.owned(name)),
        pathway: tag.owned("PATHWAY-ID"),
        audio: tag.owned("AUDIO"),
        subtitles: tag.owned("SUBTITLES"),
        captions: tag.owned("CLOSED-CAPTIONS"),
    }
}

/// The lowest qualities, then the best.
fn to_try(qualities: &[Quality<'_>]) -> Vec<String> {
    let mut ascending: Vec<&Quality<'_>> = qualities.iter().rev().collect();
    ascending.sort_by_key(|quality| quality.variant.bandwidth.unwrap_or(u64::MAX));
    let best = ascending.last().copied();
    let lowest = ascending.iter().copied().take(TRIED_MAX - 1);
    let mut uris: Vec<String> = lowest.chain(best).map(|one| one.variant.uri.clone()).collect();
    uris.dedup();
    uris
}
