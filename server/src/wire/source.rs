//! Sources and media, from the engine to the wire.

use contracts as wire;
use engine::{
    Availability, Cors, DeliveryKind, DurationOrigin, Evidence, SyncClass, TextTrackKind,
};

/// Encodes a room's media.
pub fn media(media: &engine::Media) -> wire::Media {
    wire::Media { media_id: media.media_id.to_string(), source: source(&media.source) }
}

/// Encodes a source.
pub fn source(source: &engine::Source) -> wire::Source {
    let edge = source.live_edge;
    wire::Source {
        provider: source.provider.clone(),
        stream_id: source.stream_id.clone(),
        title: source.title.clone(),
        duration_ms: source.duration.map(engine::Position::as_millis),
        duration_origin: source.duration.map(|_| duration_origin(source.duration_origin)),
        timeline: super::timeline::timeline(&source.timeline),
        live: source.live,
        edge_ms: edge.map(|edge| edge.position.as_millis()),
        edge_at_ms: edge.map(|edge| edge.at.as_millis()),
        window_ms: edge.map(|edge| edge.window_ms),
        window_grows: edge.map(|edge| edge.keeps_all),
        hold_back_ms: edge.map(|edge| edge.hold_back_ms),
        delivery: source.delivery.iter().map(delivery).collect(),
        renditions: source.renditions.iter().map(rendition).collect(),
        text_tracks: source.text_tracks.iter().map(text_track).collect(),
        audio_tracks: source.audio_tracks.iter().map(audio_track).collect(),
        poster: source.poster.clone(),
        control: control(source.control),
        availability: availability(&source.availability),
    }
}

fn duration_origin(origin: DurationOrigin) -> String {
    let name = match origin {
        DurationOrigin::Media => "media",
        DurationOrigin::Playlist => "playlist",
        DurationOrigin::Header => "header",
        DurationOrigin::Measured => "measured",
    };
    name.to_owned()
}

fn delivery(delivery: &engine::Delivery) -> wire::Delivery {
    let type_ = match delivery.kind {
        DeliveryKind::File => "file",
        DeliveryKind::Hls => "hls",
        DeliveryKind::Dash => "dash",
        DeliveryKind::Embed => "embed",
        DeliveryKind::External => "external",
    };
    let cors = match delivery.cors {
        Cors::Any => "any",
        Cors::Origin => "origin",
        Cors::Missing => "missing",
        Cors::NotNeeded => "not_needed",
        Cors::Unknown => "unknown",
    };
    wire::Delivery {
        type_: type_.to_owned(),
        url: delivery.url.clone(),
        mime: delivery.mime.clone(),
        cors: cors.to_owned(),
        codecs: delivery.codecs.clone(),
        has_picture: delivery.has_picture,
        has_sound: delivery.has_sound,
    }
}

fn rendition(rendition: &engine::Rendition) -> wire::Rendition {
    wire::Rendition {
        id: rendition.id.clone(),
        width: rendition.width,
        height: rendition.height,
        bitrate_bps: rendition.bitrate_bps,
        codecs: rendition.codecs.clone(),
    }
}

fn text_track(track: &engine::TextTrack) -> wire::TextTrack {
    let kind = match track.kind {
        TextTrackKind::Subtitles => "subtitles",
        TextTrackKind::Captions => "captions",
        TextTrackKind::Forced => "forced",
    };
    wire::TextTrack {
        id: track.id.clone(),
        label: track.label.clone(),
        language: track.language.clone(),
        kind: kind.to_owned(),
        renditions: track.renditions.clone(),
        entries: track.entries.iter().map(entry).collect(),
        channel: track.channel.clone(),
    }
}

fn entry(entry: &engine::ManifestEntry) -> wire::ManifestEntry {
    wire::ManifestEntry { group: entry.group.clone(), index: entry.index }
}

fn audio_track(track: &engine::AudioTrack) -> wire::AudioTrack {
    wire::AudioTrack {
        id: track.id.clone(),
        label: track.label.clone(),
        language: track.language.clone(),
        default: track.default,
        renditions: track.renditions.clone(),
        entries: track.entries.iter().map(entry).collect(),
    }
}

fn control(control: engine::Control) -> wire::Control {
    let class = match control.class {
        SyncClass::A => "A",
        SyncClass::B => "B",
        SyncClass::C => "C",
        SyncClass::D => "D",
    };
    wire::Control {
        class: class.to_owned(),
        continuous_rate: control.continuous_rate,
        seek: control.seek,
    }
}

fn availability(availability: &Availability) -> wire::Availability {
    let (state, evidence) = match availability {
        Availability::Available { evidence } => {
            let evidence = match evidence {
                Evidence::FirstBytes => "first_bytes",
                Evidence::Manifest => "manifest",
            };
            (wire::AvailabilityState::Available, evidence)
        }
        Availability::Unverified { reason } => {
            (wire::AvailabilityState::Unverified, reason.as_str())
        }
    };
    wire::Availability { state, evidence: evidence.to_owned() }
}
