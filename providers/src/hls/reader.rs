//! Reads a playlist of either kind while it arrives.

use url::Url;

use super::attributes::Attributes;
use super::lines::Lines;
use super::master::{Master, MasterReader};
use super::media::{Media, MediaReader};
use super::refusals::{invalid, unsupported};
use super::variables::Variables;
use crate::error::Failure;

/// How every playlist begins.
const FIRST_LINE: &str = "#EXTM3U";
/// White space that is skipped before it, at most, in bytes.
const BEFORE_MAX: usize = 1024;

/// A playlist of either kind.
#[derive(Debug)]
pub(super) enum Playlist {
    /// A list of qualities, with the variables that it defines.
    Master(Master, Variables),
    /// A list of segments.
    Media(Box<Media>),
}

/// Whether these are the first bytes of a playlist.
pub(super) fn is_playlist(head: &[u8]) -> bool {
    begin(head).starts_with(FIRST_LINE.as_bytes())
}

/// The bytes after a byte order mark and white space.
fn begin(head: &[u8]) -> &[u8] {
    head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head).trim_ascii_start()
}

/// The failure of what is named or sent as a playlist and isn't one.
fn not_a_playlist(head: &[u8]) -> Failure {
    if begin(head).starts_with(b"<") {
        return Failure::not_media(head);
    }
    unsupported("This isn't a playlist that players read, which would begin with #EXTM3U.")
}

/// Reads a playlist chunk by chunk. Which kind it is shows only at its end, so both are read.
#[derive(Debug, Default)]
pub(super) struct Reader<'a> {
    /// The variables of the list of qualities that named this playlist.
    imported: Option<&'a Variables>,
    head: Vec<u8>,
    has_begun: bool,
    lines: Lines,
    content: Content,
}

/// What the lines read so far say.
#[derive(Debug, Default)]
struct Content {
    has_first_line: bool,
    lists_segments: bool,
    variables: Variables,
    master: MasterReader,
    media: MediaReader,
}

impl<'a> Reader<'a> {
    /// A reader of a playlist that a list of qualities with these variables has named, of which the
    /// timeline is wanted from this position on, in microseconds.
    pub(super) fn new(imported: Option<&'a Variables>, from_us: u64) -> Self {
        let mut reader = Self { imported, ..Self::default() };
        reader.content.media.want_from(from_us);
        reader
    }

    /// Reads a part of the playlist at `address`.
    pub(super) fn read(&mut self, address: &Url, chunk: &[u8]) -> Result<(), Failure> {
        let (imported, content) = (self.imported, &mut self.content);
        if self.has_begun {
            return self.lines.push(chunk, |line| content.read(line, address, imported));
        }
        self.head.extend_from_slice(chunk);
        if begin(&self.head).len() < FIRST_LINE.len() && self.head.len() < BEFORE_MAX {
            return Ok(());
        }
        if !is_playlist(&self.head) {
            return Err(not_a_playlist(&self.head));
        }
        self.has_begun = true;
        let head = std::mem::take(&mut self.head);
        self.lines.push(begin(&head), |line| content.read(line, address, imported))
    }

    /// The playlist at `address`, or why players refuse it.
    pub(super) fn finish(mut self, address: &Url) -> Result<Playlist, Failure> {
        if !self.has_begun {
            return Err(not_a_playlist(&self.head));
        }
        let content = &mut self.content;
        self.lines.finish(|line| content.read(line, address, self.imported))?;
        let Content { lists_segments, variables, master, media, .. } = self.content;
        if lists_segments {
            media.finish().map(|media| Playlist::Media(Box::new(media)))
        } else {
            master.finish().map(|master| Playlist::Master(master, variables))
        }
    }
}

impl Content {
    fn read(
        &mut self,
        line: &str,
        address: &Url,
        imported: Option<&Variables>,
    ) -> Result<(), Failure> {
        if !std::mem::replace(&mut self.has_first_line, true) {
            if line != FIRST_LINE {
                let detail = "The first line of the playlist holds more than #EXTM3U.";
                self.media.refuse(invalid(detail));
            }
            return Ok(());
        }
        let Some(tag) = line.trim_start().strip_prefix('#') else {
            let uri = line.trim_start();
            self.master.read_uri(uri, &mut self.variables)?;
            return self.media.read_uri(uri, &mut self.variables);
        };
        if let Some(list) = tag.strip_prefix("EXT-X-DEFINE:") {
            let tag = Attributes::read(list, &mut self.variables)?;
            return self.variables.define(&tag, address, imported);
        }
        self.master.read_tag(tag, &mut self.variables)?;
        // Players see a tag of a list of segments only at the start of its line.
        if line.starts_with('#') {
            self.lists_segments |=
                tag.starts_with("EXTINF:") || tag.starts_with("EXT-X-TARGETDURATION:");
            self.media.read_tag(tag, &mut self.variables)?;
        }
        Ok(())
    }
}
