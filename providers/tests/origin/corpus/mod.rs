//! Playlists as they occur, and what is right of each: what hls.js, which plays them, makes of it.
//!
//! Those in `tests/playlists/` are files, because their bytes matter; the others stand in the tables.

mod answers;
mod given;
mod own;

use std::path::Path;

use engine::{AudioTrack, Source, TextTrack, TextTrackKind};
use providers::{ErrorKind, Registry};
use tempfile::TempDir;

use crate::origin::{Origin, free_port, open, registry};

/// A playlist that is accepted.
pub struct Accepted {
    pub name: &'static str,
    /// Its text, unless it is a file.
    pub text: Option<&'static str>,
    /// The duration in milliseconds; `None` if it is live.
    pub ms: Option<u64>,
    /// The ids of the qualities, best first.
    pub qualities: &'static str,
    /// Id and label, then what else there is: the kind, the channel, the qualities that have it.
    pub texts: &'static [&'static str],
    pub audios: &'static [&'static str],
}

/// A playlist that is refused: its name, its text unless it is a file, the kind of error, and
/// words of the reason.
pub type Refused = (&'static str, Option<&'static str>, ErrorKind, &'static str);

/// A film of 40 s in one quality, without a choice of tracks.
pub const PLAIN: Accepted =
    Accepted { name: "", text: None, ms: Some(40_000), qualities: "", texts: &[], audios: &[] };

#[tokio::test]
async fn every_playlist_that_players_play_is_accepted_with_its_tracks() {
    let (origin, _folder) = serve().await;
    let registry = registry(open());
    for right in given::ACCEPTED.iter().chain(own::ACCEPTED) {
        let source = match resolve(&registry, &origin, right.name).await {
            Ok(source) => source,
            Err(reason) => panic!("{}: {reason}", right.name),
        };
        let name = right.name;
        let ms = source.duration.map(engine::Position::as_millis);
        assert_eq!((ms, source.live), (right.ms, right.ms.is_none()), "{name}");
        let qualities: Vec<&str> = source.renditions.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(qualities.join(" "), right.qualities, "{name}");
        let texts: Vec<String> = source.text_tracks.iter().map(text).collect();
        assert_eq!(texts, right.texts, "{name}");
        let audios: Vec<String> = source.audio_tracks.iter().map(audio).collect();
        assert_eq!(audios, right.audios, "{name}");
    }
}

#[tokio::test]
async fn the_codecs_of_a_playlist_stand_with_its_qualities_or_with_its_delivery_if_it_has_one() {
    let (origin, _folder) = serve().await;
    let registry = registry(open());
    for (name, qualities, codecs) in [
        ("own/one-quality.m3u8", 0, Some("hvc1.2.4.L120.90,ec-3")),
        ("own/lowest-gone.m3u8", 3, None),
        ("own/film", 0, None),
    ] {
        let source = resolve(&registry, &origin, name).await.unwrap();
        assert_eq!(source.renditions.len(), qualities, "{name}");
        assert_eq!(source.delivery[0].codecs.as_deref(), codecs, "{name}");
    }
}

#[tokio::test]
async fn every_playlist_that_players_refuse_is_refused_with_its_reason() {
    let (origin, _folder) = serve().await;
    let registry = registry(open());
    for (name, _, kind, words) in given::REFUSED.iter().chain(own::REFUSED) {
        let link = origin.link(name);
        let error = registry.resolve(&link).await.expect_err(name);
        assert_eq!(error.kind, *kind, "{name}: {}", error.detail);
        assert!(error.detail.contains(words), "{name}: {}", error.detail);
    }
}

#[test]
fn the_corpus_has_at_least_sixty_playlists() {
    let accepted = given::ACCEPTED.len() + own::ACCEPTED.len();
    let refused = given::REFUSED.len() + own::REFUSED.len();
    assert!(accepted + refused >= 60, "{accepted} + {refused}");
}

async fn resolve(registry: &Registry, origin: &Origin, name: &str) -> Result<Source, String> {
    let resolved = registry.resolve(&origin.link(name)).await;
    let source = resolved.map_err(|error| format!("{:?}: {}", error.kind, error.detail))?;
    let again = registry.reopen(&source.provider, &source.stream_id).await;
    assert_eq!(again.as_ref().ok(), Some(&source), "{name} again");
    Ok(source)
}

/// Serves the corpus, whose absolute links lead to the origin itself.
async fn serve() -> (Origin, TempDir) {
    let folder = TempDir::new().unwrap();
    let port = free_port();
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/playlists");
    for file in std::fs::read_dir(files).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        if let Ok(text) = std::str::from_utf8(&bytes) {
            bytes = text.replace("127.0.0.1:19410", &format!("127.0.0.1:{port}")).into_bytes();
        }
        std::fs::write(folder.path().join(path.file_name().unwrap()), bytes).unwrap();
    }
    let accepted = own::ACCEPTED.iter().map(|one| (one.name, one.text));
    let refused = own::REFUSED.iter().map(|(name, text, ..)| (*name, *text));
    for (name, text) in accepted.chain(refused) {
        let path = folder.path().join(name.split('?').next().unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text.expect("a text")).unwrap();
    }
    std::fs::create_dir_all(folder.path().join("h")).unwrap();
    std::fs::write(folder.path().join("h/any.ts"), [0x47; 376]).unwrap();
    let segments: String = (0..20).map(|n| format!("#EXTINF:2,\n/h/v/s{n}.ts\n")).collect();
    let any = format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n{segments}#EXT-X-ENDLIST\n");
    std::fs::write(folder.path().join("h/any.m3u8"), any).unwrap();
    (Origin::serve("playlists.conf.in", folder.path(), port).await, folder)
}

fn text(track: &TextTrack) -> String {
    let kind = match track.kind {
        TextTrackKind::Subtitles => "",
        TextTrackKind::Captions => " captions",
        TextTrackKind::Forced => " forced",
    };
    let channel = track.channel.as_deref().map_or(String::new(), |channel| format!(" {channel}"));
    format!("{} {}{kind}{channel}{}", track.id, track.label, in_qualities(&track.renditions))
}

fn audio(track: &AudioTrack) -> String {
    let default = if track.default { " default" } else { "" };
    format!("{} {}{default}{}", track.id, track.label, in_qualities(&track.renditions))
}

fn in_qualities(renditions: &[String]) -> String {
    if renditions.is_empty() { String::new() } else { format!(" @ {}", renditions.join(" ")) }
}
