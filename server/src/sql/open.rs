//! Opens the database.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, Connection, Executor};
use tokio::time::timeout;
use url::Url;

use super::identity::make_identity;
use super::migrate::migrate;
use super::work::STEP;
use super::{Kind, Sql, SqlError};

/// How many connections are open at a time.
const CONNECTIONS_MAX: u32 = 8;
/// How long opening may take: a slow disk, or other nodes that bring the tables up to date.
const OPEN: Duration = Duration::from_secs(30);

/// Each connection waits its turn behind another writer for less than a step, and an epoch that is
/// lost with the power would be issued twice, hence `FULL`.
const SQLITE: &str = "PRAGMA busy_timeout = 2000; PRAGMA synchronous = FULL";
/// The same for PostgreSQL, which also frees what a node that hangs has locked.
const POSTGRES: &str = "SET statement_timeout = 2500; \
    SET idle_in_transaction_session_timeout = 10000; \
    SELECT set_config('synchronous_commit', 'on', false) \
    WHERE current_setting('synchronous_commit') = 'off'";

impl Sql {
    /// Opens the database at a URL, `sqlite://…` or `postgres://…`, and brings its tables up to
    /// date. A file is made if there is none.
    pub async fn open(url: &str) -> Result<Self, SqlError> {
        let detail = |detail: String| SqlError::Url { detail };
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => {
                let options = SqliteConnectOptions::from_str(url)
                    .map_err(|error| detail(error.to_string()))?;
                if url.contains(":memory:") || url.contains('?') {
                    let words = "it must name a file, and nothing but a file";
                    return Err(detail(words.to_owned()));
                }
                Self::open_file(options.get_filename()).await
            }
            Some("postgres" | "postgresql") => {
                let url = Url::parse(url).map_err(|error| detail(error.to_string()))?;
                Self::connect(Kind::Postgres, &url).await
            }
            _ => Err(detail("it begins with neither".to_owned())),
        }
    }

    /// Opens the database in a file, making it if there is none.
    pub async fn open_file(path: &Path) -> Result<Self, SqlError> {
        let path = std::path::absolute(path).map_err(directory(path))?;
        if let Some(parent) = path.parent() {
            create_private_dir(parent).map_err(directory(parent))?;
        }
        let detail = || SqlError::Url { detail: format!("{} names no file", path.display()) };
        let file = Url::from_file_path(&path).map_err(|()| detail())?;
        let url = format!("sqlite://{}?mode=rwc", file.path());
        Self::connect(Kind::Sqlite, &Url::parse(&url).map_err(|_| detail())?).await
    }

    async fn connect(kind: Kind, url: &Url) -> Result<Self, SqlError> {
        sqlx::any::install_default_drivers();
        let options = AnyConnectOptions::from_url(url).map_err(SqlError::of("open"))?;
        // Outside the pool, since this may take longer than an operation may.
        match timeout(OPEN, prepare(kind, &options)).await {
            Ok(prepared) => prepared?,
            Err(_) => return Err(SqlError::Timeout { operation: "open", limit: OPEN }),
        }
        let setup = match kind {
            Kind::Sqlite => SQLITE,
            Kind::Postgres => POSTGRES,
        };
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(STEP)
            .after_connect(move |connection, _| {
                Box::pin(async move { connection.execute(setup).await.map(drop) })
            })
            .connect_lazy_with(options);
        Ok(Self { pool, kind })
    }
}

/// Makes the database as it should be, on a connection of its own.
async fn prepare(kind: Kind, options: &AnyConnectOptions) -> Result<(), SqlError> {
    let mut connection = options.connect().await.map_err(SqlError::of("open"))?;
    set_up(&mut connection, kind).await.map_err(SqlError::of("open"))?;
    migrate(&mut connection, kind).await?;
    make_identity(&mut connection).await.map_err(SqlError::of("open"))?;
    connection.close().await.map_err(SqlError::of("open"))
}

async fn set_up(connection: &mut AnyConnection, kind: Kind) -> Result<(), sqlx::Error> {
    match kind {
        Kind::Sqlite => {
            connection.execute(SQLITE).await?;
            // The file keeps this one.
            connection.execute("PRAGMA journal_mode = WAL").await?;
        }
        // What is there already is no news.
        Kind::Postgres => {
            connection.execute("SET client_min_messages = warning").await?;
        }
    }
    Ok(())
}

fn directory(path: &Path) -> impl FnOnce(std::io::Error) -> SqlError {
    move |source| SqlError::Directory { path: path.display().to_string(), source }
}

/// Makes a directory that nobody else can enter; one that is there stays as it is.
pub(crate) fn create_private_dir(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
