//! The `hls` provider: HTTP Live Streaming, from a master or a media playlist.
//!
//! The durable id is the link itself. An inspection reads the playlist, the playlist of a low variant,
//! and the first bytes of one of that variant's segments and of each discontinuity's. Playlists are read
//! as hls.js reads them, which plays them: what it overlooks is overlooked, what it refuses is refused,
//! with the reason.

mod attributes;
mod codecs;
mod keys;
mod lines;
mod live;
mod master;
mod media;
mod origin;
mod pieces;
mod qualities;
mod reader;
mod refusals;
mod tracks;
mod variables;

use async_trait::async_trait;
use engine::{
    Availability, Control, Cors, Delivery, DeliveryKind, DurationOrigin, Evidence, Position,
    Reading, Source,
};
use url::Url;

use crate::egress::{Egress, Request, Response};
use crate::error::{ErrorKind, Failure, ProviderError};
use crate::foreign;
use crate::link::{extension, parse_link, title};
use crate::source::{Edge, Match, PlaybackSource};
use master::Master;
use media::{Media, Segment};
use origin::Origins;
use reader::{Playlist, Reader};
use refusals::invalid;
use variables::Variables;

const MIME: &str = "application/vnd.apple.mpegurl";
/// The media types that servers give playlists.
const MIMES: [&str; 5] =
    [MIME, "application/x-mpegurl", "application/mpegurl", "audio/mpegurl", "audio/x-mpegurl"];

/// The provider of HTTP Live Streaming playlists.
#[derive(Debug, Default)]
pub struct HlsProvider;

/// What an inspection of the playlists found.
struct Findings {
    master: Option<Master>,
    media: Media,
    /// The strictest of all responses: a player in a page must be able to read every part.
    cors: Cors,
    origins: Origins,
}

/// A list of segments, and where it came from.
struct Listing {
    media: Media,
    url: Url,
    cors: Cors,
}

#[async_trait]
impl PlaybackSource for HlsProvider {
    fn id(&self) -> &'static str {
        "hls"
    }

    fn matches(&self, link: &Url) -> Match {
        match link.scheme() {
            "http" | "https" if extension(link).as_deref() == Some("m3u8") => Match::Yes,
            "http" | "https" if link.as_str().contains("m3u8") => Match::Maybe(90),
            "http" | "https" => Match::Maybe(40),
            _ => Match::No,
        }
    }

    fn recognizes(&self, head: &[u8]) -> bool {
        reader::is_playlist(head)
    }

    fn claims(&self, mime: &str) -> bool {
        MIMES.contains(&mime)
    }

    async fn resolve(&self, egress: &Egress, link: &Url) -> Result<Source, ProviderError> {
        let resolved = inspect(egress, link).await.map(|findings| describe(link, findings));
        resolved.map_err(|failure| failure.at(self.id(), "resolve"))
    }

    async fn reopen(&self, egress: &Egress, stream_id: &str) -> Result<Source, ProviderError> {
        let reopened = async {
            let link = parse_link(stream_id)?;
            Ok(describe(&link, inspect(egress, &link).await?))
        };
        reopened.await.map_err(|failure: Failure| failure.at(self.id(), "reopen"))
    }

    async fn find_edge(&self, egress: &Egress, stream_id: &str) -> Result<Edge, ProviderError> {
        let found = async {
            let start = Position::START;
            Ok(find_listing(egress, &parse_link(stream_id)?, start).await?.0.media.edge())
        };
        found.await.map_err(|failure: Failure| failure.at(self.id(), "find_edge"))
    }

    async fn read_on(
        &self,
        egress: &Egress,
        stream_id: &str,
        from: Position,
    ) -> Result<Reading, ProviderError> {
        let read = async {
            let (Listing { media, url, .. }, _) =
                find_listing(egress, &parse_link(stream_id)?, from).await?;
            origin::read_on(egress, &url, &media, from).await
        };
        read.await.map_err(|failure: Failure| failure.at(self.id(), "read_on"))
    }

    async fn check(&self, egress: &Egress, source: &Source) -> Result<Availability, ProviderError> {
        let checked = async {
            let link = parse_link(&source.stream_id)?;
            let (listing, _) = find_listing(egress, &link, Position::START).await?;
            probe_a_segment(egress, &listing).await
        };
        checked.await.map_err(|failure| failure.at(self.id(), "check"))?;
        Ok(Availability::Available { evidence: Evidence::Manifest })
    }
}

fn describe(link: &Url, findings: Findings) -> Source {
    let Master { renditions, codecs, text_tracks, audio_tracks, .. } =
        findings.master.unwrap_or_default();
    let Origins { timeline, end_ms } = findings.origins;
    let is_dated = findings.media.is_dated();
    let (live_edge, live_timeline) = findings.media.live.unzip();
    let duration_ms = findings.media.duration_ms.map(|stated_ms| end_ms.unwrap_or(stated_ms));
    let delivery = Delivery {
        kind: DeliveryKind::Hls,
        url: link.to_string(),
        mime: Some(MIME.to_owned()),
        cors: findings.cors,
        codecs,
        has_picture: None,
        has_sound: None,
    };
    Source {
        provider: "hls".to_owned(),
        stream_id: link.to_string(),
        title: title(link),
        duration: duration_ms.map(Position::from_millis),
        duration_origin: DurationOrigin::Playlist,
        timeline: live_timeline.filter(|_| is_dated).unwrap_or(timeline),
        live: live_edge.is_some(),
        live_edge,
        delivery: vec![delivery],
        renditions,
        text_tracks,
        audio_tracks,
        poster: None,
        control: Control::ELEMENT,
        availability: Availability::Available { evidence: Evidence::Manifest },
    }
}

async fn inspect(egress: &Egress, link: &Url) -> Result<Findings, Failure> {
    let (listing, top) = find_listing(egress, link, Position::START).await?;
    let (segment, head) = probe_a_segment(egress, &listing).await?;
    let (master, variables) = top.unzip();
    if listing.media.live.is_some() {
        refuse_contradictions(egress, &listing, variables.as_ref()).await?;
    }
    let Listing { media, url, cors } = listing;
    let origins = origin::read(egress, &url, &media, (&segment, &head)).await;
    Ok(Findings { master, media, cors: stricter(cors, head.cors), origins })
}

/// Reads the list of segments behind a link, with its timeline from a position on, and the list of
/// qualities that named it, if one did.
async fn find_listing(
    egress: &Egress,
    link: &Url,
    from: Position,
) -> Result<(Listing, Option<(Master, Variables)>), Failure> {
    let (top, response) = read_playlist(egress, Request::manifest(link), None, from).await?;
    let Response { url, cors, .. } = response;
    match top {
        Playlist::Media(media) => Ok((Listing { media: *media, url, cors }, None)),
        Playlist::Master(master, variables) => {
            let mut listing = read_a_variant(egress, &url, (&master, &variables), from).await?;
            listing.cors = stricter(cors, listing.cors);
            Ok((listing, Some((master, variables))))
        }
    }
}

/// Reads the list of segments of the lowest quality, or of another if that one can't be used.
async fn read_a_variant(
    egress: &Egress,
    base: &Url,
    (master, variables): (&Master, &Variables),
    from: Position,
) -> Result<Listing, Failure> {
    let mut first_failure = None;
    for uri in &master.to_try {
        let read = async {
            let variant = resolve_uri(base, uri)?;
            let request = Request::manifest(&variant).named_by(base);
            let (playlist, response) =
                read_playlist(egress, request, Some(variables), from).await?;
            let Playlist::Media(media) = playlist else {
                let detail = "The playlist names another list of qualities as a quality.";
                return Err(invalid(detail));
            };
            Ok(Listing { media: *media, url: response.url, cors: response.cors })
        };
        match read.await {
            Ok(listing) if !listing.media.states_keys && master.is_protected => {
                return Err(refusals::protected());
            }
            Ok(listing) => return Ok(listing),
            Err(failure) if !is_of_one_address(failure.kind) => return Err(failure),
            Err(failure) => {
                first_failure.get_or_insert(failure);
            }
        }
    }
    Err(first_failure.map_or_else(|| invalid("The playlist is empty."), missing))
}

/// Asks for the first bytes of the first segment, of a live playlist the newest, or of another if that one
/// is gone.
async fn probe_a_segment(
    egress: &Egress,
    listing: &Listing,
) -> Result<(Segment, Response), Failure> {
    let mut first_failure = None;
    for segment in &listing.media.segments {
        let probe = async {
            let url = resolve_uri(&listing.url, &segment.uri)?;
            let range = origin::head_from(segment.first_byte());
            let request = Request::probe(&url, range, origin::HEAD_BYTES).named_by(&listing.url);
            let response = egress.fetch(&request).await?;
            let is_sent = sends_alone(egress, &listing.url, &url, segment, &response).await?;
            Ok::<_, Failure>((response, is_sent))
        };
        match probe.await {
            Ok((response, _)) if foreign::is_subtitles(&response.body) => {
                return Err(refusals::unsupported("This playlist lists subtitles, not a film."));
            }
            Ok((response, true)) => return Ok((segment.clone(), response)),
            Ok((_, false)) => {
                let detail = "This site sends no byte ranges, which this playlist needs.";
                return Err(refusals::unsupported(detail));
            }
            Err(failure) if !is_of_one_address(failure.kind) => return Err(failure),
            Err(failure) => {
                first_failure.get_or_insert(failure);
            }
        }
    }
    Err(first_failure.map_or_else(|| invalid("The playlist is empty."), missing))
}

/// Whether an origin that has answered so sends a segment alone, rather than the whole file of which it is a
/// range: players would take that for each segment. Some send everything as long as they don't hold it
/// themselves, or if the range begins where the file does.
async fn sends_alone(
    egress: &Egress,
    base: &Url,
    url: &Url,
    segment: &Segment,
    response: &Response,
) -> Result<bool, Failure> {
    let Some(range) = &segment.range else { return Ok(true) };
    let is_all = range.start == 0 && response.total.is_some_and(|total| total <= range.end);
    if response.ranged || is_all {
        return Ok(true);
    }
    let middle = range.start + range.end.saturating_sub(range.start) / 2;
    match response.claims_ranges {
        true => egress.sends_byte(url, middle, Some(base)).await,
        false => Ok(false),
    }
}

/// Reads a live playlist again, and refuses it if it gives the number of a segment to another one.
/// Players stop at that; that the playlist can't be read a second time may pass.
async fn refuse_contradictions(
    egress: &Egress,
    listing: &Listing,
    variables: Option<&Variables>,
) -> Result<(), Failure> {
    let request = Request::manifest(&listing.url).named_by(&listing.url);
    match read_playlist(egress, request, variables, Position::START).await {
        Ok((Playlist::Media(later), _)) if listing.media.contradicts(&later) => {
            Err(invalid("The live playlist gives numbers of its segments to other segments."))
        }
        _ => Ok(()),
    }
}

async fn read_playlist(
    egress: &Egress,
    request: Request<'_>,
    imported: Option<&Variables>,
    from: Position,
) -> Result<(Playlist, Response), Failure> {
    // Whole milliseconds: a discontinuity that begins within this one counts as begun.
    let mut reader =
        Reader::new(imported, from.as_millis().saturating_mul(1_000).saturating_add(999));
    let response = egress.stream(&request, &mut |url, chunk| reader.read(url, chunk)).await?;
    let playlist = reader.finish(&response.url)?;
    Ok((playlist, response))
}

/// Says of what isn't there that a playlist lists it.
fn missing(failure: Failure) -> Failure {
    match failure.kind {
        ErrorKind::NotFound => {
            let detail = "The playlist is there, but the media that it lists isn't.";
            Failure::new(ErrorKind::NotFound, detail)
        }
        _ => failure,
    }
}

/// Whether the failure may concern one address only, so that another is worth trying.
fn is_of_one_address(kind: ErrorKind) -> bool {
    use ErrorKind::{
        Forbidden, Gone, ManifestInvalid, NotFound, TooLarge, Unavailable, Unsupported,
    };
    matches!(
        kind,
        NotFound | Gone | Forbidden | ManifestInvalid | TooLarge | Unavailable | Unsupported
    )
}

fn resolve_uri(base: &Url, uri: &str) -> Result<Url, Failure> {
    base.join(uri)
        .map_err(|error| invalid("The playlist holds a link that can't be read.").because(error))
}

fn stricter(one: Cors, other: Cors) -> Cors {
    match (one, other) {
        (Cors::Any, Cors::Any) => Cors::Any,
        (Cors::Any | Cors::Origin, Cors::Any | Cors::Origin) => Cors::Origin,
        _ => Cors::Missing,
    }
}

#[cfg(test)]
mod tests;
