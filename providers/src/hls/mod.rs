//! The `hls` provider: HTTP Live Streaming, from a master or a media playlist.
//!
//! The durable id is the link itself. An inspection reads the playlist, the playlist of its lowest
//! variant, and the first bytes of that variant's first segment and of each discontinuity's.

mod origin;
mod pieces;
mod playlist;
mod tidy;
mod tracks;

use async_trait::async_trait;
use engine::{
    Availability, Control, Cors, Delivery, DeliveryKind, DurationOrigin, Evidence, Position, Source,
};
use url::Url;

use crate::egress::{Egress, Request, Response};
use crate::error::{Failure, ProviderError};
use crate::link::{extension, parse_link, title};
use crate::source::{Match, PlaybackSource};
use origin::Origins;
use playlist::{Master, Media, Playlist};

const MIME: &str = "application/vnd.apple.mpegurl";

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
        playlist::without_bom(head).starts_with(b"#EXTM3U")
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

    async fn check(&self, egress: &Egress, source: &Source) -> Result<Availability, ProviderError> {
        let checked = async { inspect(egress, &parse_link(&source.stream_id)?).await };
        checked.await.map_err(|failure| failure.at(self.id(), "check"))?;
        Ok(Availability::Available { evidence: Evidence::Manifest })
    }
}

fn describe(link: &Url, findings: Findings) -> Source {
    let Master { renditions, text_tracks, audio_tracks, .. } = findings.master.unwrap_or_default();
    let Origins { timeline, end_ms } = findings.origins;
    let duration_ms = findings.media.duration_ms.map(|stated_ms| end_ms.unwrap_or(stated_ms));
    let delivery = Delivery {
        kind: DeliveryKind::Hls,
        url: link.to_string(),
        mime: Some(MIME.to_owned()),
        cors: findings.cors,
        codecs: None,
        has_picture: None,
        has_sound: None,
    };
    Source {
        provider: "hls".to_owned(),
        stream_id: link.to_string(),
        title: title(link),
        duration: duration_ms.map(Position::from_millis),
        duration_origin: DurationOrigin::Playlist,
        timeline,
        live: findings.media.live,
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
    let top = fetch_playlist(egress, Request::manifest(link)).await?;
    let (master, base, media, cors) = match playlist::read(top.body).await? {
        Playlist::Media(media) => (None, top.url, media, top.cors),
        Playlist::Master(master) => {
            let variant = resolve_uri(&top.url, &master.lowest)?;
            let request = Request::manifest(&variant).named_by(&top.url);
            let lowest = fetch_playlist(egress, request).await?;
            let Playlist::Media(media) = playlist::read(lowest.body).await? else {
                let detail = "The playlist names another list of qualities as its lowest quality.";
                return Err(playlist::invalid(detail));
            };
            (Some(master), lowest.url, media, stricter(top.cors, lowest.cors))
        }
    };
    let segment = resolve_uri(&base, &media.first_segment)?;
    let probe = origin::head_from(media.first_byte);
    let probe = Request::probe(&segment, probe, origin::HEAD_BYTES).named_by(&base);
    let head = egress.fetch(&probe).await?;
    let origins = origin::read(egress, &base, &media, &head).await;
    Ok(Findings { master, media, cors: stricter(cors, head.cors), origins })
}

async fn fetch_playlist(egress: &Egress, request: Request<'_>) -> Result<Response, Failure> {
    let response = egress.fetch(&request).await?;
    if playlist::without_bom(&response.body).starts_with(b"#EXTM3U") {
        return Ok(response);
    }
    Err(Failure::not_media(&response.body))
}

fn resolve_uri(base: &Url, uri: &str) -> Result<Url, Failure> {
    base.join(uri).map_err(|error| {
        playlist::invalid("The playlist holds a link that can't be read.").because(error)
    })
}

fn stricter(one: Cors, other: Cors) -> Cors {
    match (one, other) {
        (Cors::Any, Cors::Any) => Cors::Any,
        (Cors::Any | Cors::Origin, Cors::Any | Cors::Origin) => Cors::Origin,
        _ => Cors::Missing,
    }
}
