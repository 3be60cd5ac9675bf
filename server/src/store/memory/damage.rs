//! Tells damage to the journal's file from other reasons why it can't be read or written.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sqlx::SqliteConnection;

/// What every database of SQLite begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Where a database says which versions of the format write and read it.
const VERSIONS: std::ops::Range<usize> = 18..20;
/// The newest version of the format.
const VERSION_MAX: u8 = 2;

/// Whether SQLite says that the file isn't what it wrote, or that the tables aren't those of the journal: the
/// statements are always the same, so none of them is wrong.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    /// `SQLITE_ERROR`, `SQLITE_CORRUPT` and `SQLITE_NOTADB`; extended codes have more in their higher bits.
    const DAMAGE: [u32; 3] = [1, 11, 26];
    let code = error.as_database_error().and_then(|refusal| refusal.code());
    let code = code.and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| DAMAGE.contains(&(code & 0xff)))
}

/// Whether a file says that it is a database.
pub(super) fn has_magic(path: &Path) -> bool {
    header(path).is_some_and(|header| header.starts_with(MAGIC))
}

/// Whether a database names a version of the format that doesn't exist. SQLite takes it for one that can only be
/// read.
pub(super) fn is_of_no_version(path: &Path) -> bool {
    let is_none = |header: [u8; 20]| header[VERSIONS].iter().any(|version| *version > VERSION_MAX);
    header(path).is_some_and(is_none)
}

fn header(path: &Path) -> Option<[u8; 20]> {
    let mut header = [0; 20];
    File::open(path).ok()?.read_exact(&mut header).ok()?;
    Some(header)
}

/// Whether SQLite finds nothing wrong with the file. Damage to a page that is only needed to write would
/// otherwise show when a room is written.
pub(super) async fn is_sound(connection: &mut SqliteConnection) -> bool {
    let check = sqlx::query_scalar::<_, String>("PRAGMA quick_check(1)");
    match check.fetch_one(connection).await {
        Ok(words) => words == "ok",
        Err(error) => !is_damage(&error),
    }
}
