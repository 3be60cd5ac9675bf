//! What is refused, with its code and a sentence that names the reason.

use crate::origin::{open, registry};

use super::{made, resolve, variants};

/// A file that is refused: its name, the code, and what the sentence says.
pub type Refused = (&'static str, &'static str, &'static str);

/// The files as tools make them.
pub const MADE: [Refused; 7] = [
    ("encrypted.mp4", "drm_protected", "protected"),
    ("film.avi", "media_unsupported", "AVI"),
    ("film.flv", "media_unsupported", "Flash"),
    ("film.ts", "media_unsupported", "MPEG transport stream"),
    ("film.wmv", "media_unsupported", "Windows Media"),
    ("film.mpg", "media_unsupported", "MPEG program stream"),
    ("sound.aiff", "media_unsupported", "AIFF"),
];

#[tokio::test]
async fn what_cannot_be_played_is_refused_with_its_true_reason() {
    let (registry, mut wrong) = (registry(open()), vec![]);
    let files = MADE.map(|refused| (refused, made(refused.0)));
    for ((name, code, says), file) in files.into_iter().chain(variants::refused()) {
        match resolve(&registry, name, file).await.0 {
            Ok(_) => wrong.push(format!("{name} is accepted")),
            Err(error) if error.kind.code() == code && error.detail.contains(says) => {}
            Err(error) => wrong.push(format!("{name}: {} {}", error.kind.code(), error.detail)),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
