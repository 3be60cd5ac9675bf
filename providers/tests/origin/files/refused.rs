//! What is refused, with its kind of error and a sentence that names the reason.

use providers::ErrorKind;

use crate::origin::{open, registry};

use super::{made, resolve, variants};

/// A file that is refused: its name, the kind of error, and what the sentence says.
pub type Refused = (&'static str, ErrorKind, &'static str);

/// The files as tools make them.
pub const MADE: [Refused; 7] = [
    ("encrypted.mp4", ErrorKind::DrmProtected, "protected"),
    ("film.avi", ErrorKind::Unsupported, "AVI"),
    ("film.flv", ErrorKind::Unsupported, "Flash"),
    ("film.ts", ErrorKind::Unsupported, "MPEG transport stream"),
    ("film.wmv", ErrorKind::Unsupported, "Windows Media"),
    ("film.mpg", ErrorKind::Unsupported, "MPEG program stream"),
    ("sound.aiff", ErrorKind::Unsupported, "AIFF"),
];

#[tokio::test]
async fn what_cannot_be_played_is_refused_with_its_true_reason() {
    let (registry, mut wrong) = (registry(open()), vec![]);
    let files = MADE.map(|refused| (refused, made(refused.0)));
    for ((name, kind, says), file) in files.into_iter().chain(variants::refused()) {
        match resolve(&registry, name, file).await.0 {
            Ok(_) => wrong.push(format!("{name} is accepted")),
            Err(error) if error.kind == kind && error.detail.contains(says) => {}
            Err(error) => wrong.push(format!("{name}: {:?} {}", error.kind, error.detail)),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
