//! Files and directories that only their owner can read: databases hold keys and people's names.

use std::fs::{DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The rights of a file that only its owner can read and write.
const OWNER_ALONE: u32 = 0o600;
/// What SQLite appends to the name of a database for the files beside it. It creates them with the
/// rights of the database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Creates a directory that only its owner can enter. An existing one is left as it is.
pub(crate) fn create_private_dir(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Creates the file of an SQLite database, for its owner alone, unless it exists. An existing one loses
/// the rights of others, and so do the files beside it.
pub(crate) fn create_private_file(path: &Path) {
    // An existing file isn't opened: closing it again would drop the locks that SQLite holds on it. If
    // none can be created, SQLite says why.
    let _ = File::options().create_new(true).write(true).mode(OWNER_ALONE).open(path);
    narrow(path);
    for suffix in BESIDE {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        narrow(Path::new(&name));
    }
}

/// Takes the rights of others off a file, or warns that this can't be done.
fn narrow(path: &Path) {
    let Ok(metadata) = path.metadata() else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if !metadata.is_file() || mode & !OWNER_ALONE == 0 {
        return;
    }
    let narrowed = std::fs::set_permissions(path, Permissions::from_mode(OWNER_ALONE));
    let (path, mode) = (path.display(), format!("{mode:o}"));
    match narrowed {
        Ok(()) => {
            tracing::warn!(%path, mode, "others had rights to this file; now its owner alone")
        }
        Err(error) => {
            tracing::warn!(%path, mode, %error, "others have rights to this file with keys")
        }
    }
}
