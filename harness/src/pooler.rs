//! A pgbouncer in front of a PostgreSQL, ended when its owner drops it.

use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::geteuid;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::sleep;

use crate::daemon::Daemon;
use crate::port::ReservedPort;
use crate::postgres_server::{Account, NAME, account};
use crate::{DEADLINE, Error, PostgresServer, Result};

/// Where Debian keeps it, which isn't on everybody's path.
const FOLDER: &str = "/usr/sbin";
/// The interval at which its start is looked at.
const POLL: Duration = Duration::from_millis(5);

/// A running pgbouncer; dropping it ends it.
#[derive(Debug)]
pub struct Pooler {
    _daemon: Daemon,
    port: ReservedPort,
    // Dropped last, when nothing writes to it any more.
    _directory: TempDir,
}

impl Pooler {
    /// Starts it in front of the first database of `postgres`, with these lines in its configuration, and
    /// waits until it accepts connections.
    pub async fn start(postgres: &PostgresServer, settings: &str) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("playhead-pgbouncer-")
            .tempdir()
            .map_err(Error::doing("make a directory for pgbouncer"))?;
        let port = ReservedPort::take()?;
        let file = directory.path().join("pgbouncer.ini");
        let config = format!(
            "[databases]\n{NAME} = host=127.0.0.1 port={} user={NAME}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {}\nunix_socket_dir =\nauth_type = any\n\
             {settings}\n",
            postgres.port(),
            port.port(),
        );
        std::fs::write(&file, config).map_err(Error::doing("write pgbouncer.ini"))?;
        let mut command = Command::new(program()?);
        command.arg(&file).current_dir(directory.path());
        // It refuses root.
        if geteuid().is_root() {
            let Account { user, group } = account("postgres").await?;
            for path in [directory.path(), &file] {
                chown(path, Some(user), Some(group))
                    .map_err(Error::doing("give pgbouncer its directory"))?;
            }
            command.uid(user).gid(group);
        }
        let daemon = Daemon::spawn("pgbouncer", &directory.path().join("log"), &mut command)?;
        let started = Instant::now();
        while TcpStream::connect(port.address()).await.is_err() {
            if started.elapsed() > DEADLINE {
                return Err(daemon.error("doesn't accept connections"));
            }
            sleep(POLL).await;
        }
        Ok(Self { _daemon: daemon, port, _directory: directory })
    }

    /// The URL of the database behind it.
    pub fn url(&self) -> String {
        format!("postgres://{NAME}@{}/{NAME}", self.port.address())
    }
}

fn program() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([FOLDER.into()])
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.is_file())
        .ok_or_else(|| Error::new("pgbouncer isn't installed; tests/install.sh installs it"))
}
