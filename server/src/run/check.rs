//! Judges a configuration without starting. `serve` and `check-config` both do it by this, so that they refuse
//! the same, in the same words.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::log_filter;
use super::patience::with_causes;
use crate::access::Access;
use crate::config::{Config, Secret, StoreKind, unknown_settings};
use crate::net::{Shares, raise_limit, share_out};
use crate::sql::{DATABASE_FILE, DatabaseAddress, create_private_dir};
use crate::store::{JOURNAL_FILE, RedisStore};

/// What every SQLite database begins with.
const SQLITE_HEAD: &[u8; 16] = b"SQLite format 3\0";

/// A configuration that can work, as far as that shows without starting.
#[derive(Debug)]
pub struct Checked {
    /// How many sockets each part of the server may have open.
    pub shares: Shares,
    /// Sentences for the operator about what works, but hardly as it was meant.
    pub warnings: Vec<String>,
}

/// Checks everything that can be checked without listening and connecting, and raises this process' limit of
/// open files. The error is a sentence that names the setting and the reason.
pub fn check(config: &Config) -> Result<Checked, String> {
    config.check()?;
    let mut warnings = log_filter::check(&config.log)?;
    warnings.extend(config.warnings());
    if let Some(file) = config.token_key_file.as_deref() {
        Access::check_key_file(file)?;
    }
    check_database(config)?;
    check_redis(config)?;
    let shares = share_out(raise_limit(), &config.limits)?;
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    warnings.extend(unknown_settings(names));
    warnings.extend(shares.shortfall(&config.limits));
    warnings.extend(shares.halved(&config.limits));
    Ok(Checked { shares, warnings })
}

/// Checks where the database is, and the directories that are written to.
fn check_database(config: &Config) -> Result<(), String> {
    let place = match config.database_url.as_ref().map(Secret::expose) {
        Some(url) => {
            let place = DatabaseAddress::of(url);
            Some(place.map_err(|error| format!("PLAYHEAD_DATABASE_URL: {}", with_causes(&error)))?)
        }
        None => None,
    };
    // The journal is there, and the database unless it is elsewhere.
    if place.is_none() || config.store == StoreKind::Memory {
        check_writable("PLAYHEAD_DATA_DIR", &config.data_dir)?;
    }
    match place {
        Some(DatabaseAddress::File(file)) => {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            check_writable("PLAYHEAD_DATABASE_URL", folder.unwrap_or(Path::new(".")))?;
            if is_journal(&file, config) {
                return Err(format!(
                    "PLAYHEAD_DATABASE_URL: {} is the journal of the rooms in PLAYHEAD_DATA_DIR; name another file",
                    file.display()
                ));
            }
            check_database_file("PLAYHEAD_DATABASE_URL", &file)
        }
        Some(DatabaseAddress::Server(_)) => Ok(()),
        None => check_database_file("PLAYHEAD_DATA_DIR", &config.data_dir.join(DATABASE_FILE)),
    }
}

/// Whether a file is the one that the rooms in memory have their journal in.
fn is_journal(file: &Path, config: &Config) -> bool {
    let [file, journal] = [file, &config.data_dir.join(JOURNAL_FILE)]
        .map(|path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok());
    config.store == StoreKind::Memory && file.is_some() && file == journal
}

/// Checks that what is in the place of an SQLite database is one, if there is anything.
fn check_database_file(setting: &str, file: &Path) -> Result<(), String> {
    let problem = |words: String| Err(format!("{setting}: {} {words}", file.display()));
    if file.exists() && !file.is_file() {
        return problem("isn't a file; name a file, such as playhead.db in a directory".to_owned());
    }
    let mut head = Vec::new();
    let opened = File::options().read(true).write(true).open(file);
    let read = opened.and_then(|file| file.take(16).read_to_end(&mut head));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => problem(format!("can't be read and written: {error}")),
        Ok(_) if head.is_empty() || head == SQLITE_HEAD => Ok(()),
        Ok(_) => problem("is something other than an SQLite database; name another".to_owned()),
    }
}

fn check_redis(config: &Config) -> Result<(), String> {
    match config.redis_url()? {
        Some(url) if config.store == StoreKind::Redis => RedisStore::check_url(url.expose())
            .map_err(|error| format!("PLAYHEAD_REDIS_URL: {}", with_causes(&error))),
        _ => Ok(()),
    }
}

/// Checks that a directory can be made and written to, and leaves everything as it was.
fn check_writable(setting: &str, folder: &Path) -> Result<(), String> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let missing = folder.ancestors().take_while(|path| !path.exists());
    let missing: Vec<&Path> = missing.collect();
    let written = create_private_dir(&folder).and_then(|()| write_to(&folder));
    // The innermost comes first. None that is in use goes, because it isn't empty.
    for made in missing {
        let _ = std::fs::remove_dir(made);
    }
    written.map_err(|error| {
        format!(
            "{setting}: the directory {} can't be made or written to: {error}; name another, or give this \
             server's user the right to it",
            folder.display()
        )
    })
}

fn write_to(folder: &Path) -> io::Result<()> {
    let file = folder.join(format!(".check-{}", std::process::id()));
    File::create_new(&file)?;
    std::fs::remove_file(&file)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn a_directory_that_can_be_made_is_not_left_behind() {
        let base = tempfile::tempdir().expect("a directory");
        let inner = base.path().join("a/b");
        check_writable("IT", &inner).expect("it can be made");
        assert!(!base.path().join("a").exists());
        std::fs::create_dir_all(&inner).expect("it is made");
        check_writable("IT", &inner).expect("it can be written to");
        assert_eq!(inner.read_dir().expect("it is there").count(), 0);
        std::fs::write(base.path().join("file"), "").expect("a file");
        let words = check_writable("IT", &base.path().join("file/c")).expect_err("within a file");
        assert!(words.contains("IT") && words.contains("file/c"), "{words}");
    }

    #[test]
    fn what_a_start_would_refuse_is_refused_with_the_setting_and_the_reason() {
        let base = tempfile::tempdir().expect("a directory");
        let file = base.path().join("nonsense.pem");
        std::fs::write(&file, "nonsense").expect("a file");
        let file = file.to_str().expect("a name");
        let inside = format!("{file}/data");
        let sqlite = format!("sqlite://{inside}/a.db");
        let folder = format!("sqlite://{}", base.path().display());
        let nonsense = format!("sqlite://{file}");
        let taken = base.path().join("taken");
        std::fs::create_dir_all(taken.join(DATABASE_FILE)).expect("a directory");
        let taken = taken.to_str().expect("a name");
        let data = base.path().join("data");
        for (arguments, setting, reason) in [
            (&["--log", "info,a=b=c"][..], "PLAYHEAD_LOG", "info"),
            (&["--log", "playhead_server=loud"], "PLAYHEAD_LOG", "info"),
            (&["--log", "inof"], "PLAYHEAD_LOG", "did you mean `info`?"),
            (&["--token-key-file", "/nowhere/key.pem"], "PLAYHEAD_TOKEN_KEY_FILE", "No such file"),
            (&["--token-key-file", file], "PLAYHEAD_TOKEN_KEY_FILE", "Ed25519"),
            (&["--data-dir", &inside], "PLAYHEAD_DATA_DIR", "Not a directory"),
            (&["--data-dir", file], "PLAYHEAD_DATA_DIR", "exists"),
            (&["--database-url", &sqlite], "PLAYHEAD_DATABASE_URL", "Not a directory"),
            (&["--database-url", "sqlite::memory:"], "PLAYHEAD_DATABASE_URL", "a file"),
            (&["--database-url", "sqlite://"], "PLAYHEAD_DATABASE_URL", "a file"),
            (&["--database-url", &folder], "PLAYHEAD_DATABASE_URL", "isn't a file"),
            (&["--database-url", &nonsense], "PLAYHEAD_DATABASE_URL", "an SQLite database"),
            (&["--data-dir", taken], "PLAYHEAD_DATA_DIR", "isn't a file"),
            (&["--database-url", "postgres://h:port/d"], "PLAYHEAD_DATABASE_URL", "port"),
            (&["--database-url", "postgres://h/d?sslmode=no"], "PLAYHEAD_DATABASE_URL", "ssl_mode"),
            (&["--store", "redis", "--redis-url", "redis://h/zero"], "PLAYHEAD_REDIS_URL", ""),
            (&["--limit-rooms", "0"], "PLAYHEAD_LIMIT_ROOMS", "1 or more"),
        ] {
            let mut all = vec!["playhead-server", "--data-dir", data.to_str().expect("a name")];
            if arguments[0] == "--data-dir" {
                all.truncate(1);
            }
            all.extend(arguments);
            let config = Config::try_parse_from(all).expect("they parse");
            let words = check(&config).expect_err(setting);
            assert!(words.contains(setting) && words.contains(reason), "{arguments:?}: {words}");
        }
        assert!(!data.exists(), "a check leaves nothing behind");
    }
}
