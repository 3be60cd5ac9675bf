//! An nginx that serves a folder: what another server takes for the same requests.

use std::path::{Path, PathBuf};
use std::time::Instant;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::daemon::Daemon;
use crate::port::ReservedPort;
use crate::{DEADLINE, Error, Result};

/// Where Debian keeps it, which isn't on everybody's path.
const FOLDER: &str = "/usr/sbin";
/// One process, which serves `<file>.gz` in place of a file to clients that accept gzip.
const CONFIG: &str = "
daemon off;
master_process off;
pid @WORK@/nginx.pid;
error_log @WORK@/error.log;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path @WORK@/body;
    proxy_temp_path @WORK@/proxy;
    fastcgi_temp_path @WORK@/fastcgi;
    uwsgi_temp_path @WORK@/uwsgi;
    scgi_temp_path @WORK@/scgi;
    default_type application/octet-stream;
    types { text/html html; text/css css; text/javascript js; image/svg+xml svg; }
    sendfile on;
    tcp_nopush on;
    gzip_static on;
    gzip_vary on;
    server { listen 127.0.0.1:@PORT@; root @ROOT@; }
}
";

/// A running nginx; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Nginx {
    _daemon: Daemon,
    port: ReservedPort,
    // Dropped last, when nothing writes to it any more.
    _work: TempDir,
}

impl Nginx {
    /// Serves the files of a folder, and waits until it accepts connections.
    pub(crate) async fn serve(root: &Path) -> Result<Self> {
        let work = tempfile::Builder::new()
            .prefix("playhead-nginx-")
            .tempdir()
            .map_err(Error::doing("make a directory for nginx"))?;
        let port = ReservedPort::take()?;
        let config = CONFIG
            .replace("@WORK@", &work.path().to_string_lossy())
            .replace("@ROOT@", &root.to_string_lossy())
            .replace("@PORT@", &port.port().to_string());
        let file = work.path().join("nginx.conf");
        std::fs::write(&file, config).map_err(Error::doing("write nginx.conf"))?;
        let mut command = Command::new(program()?);
        command.arg("-p").arg(work.path()).arg("-c").arg(&file);
        let daemon = Daemon::spawn("nginx", &work.path().join("log"), &mut command)?;
        let started = Instant::now();
        while TcpStream::connect(port.address()).await.is_err() {
            if started.elapsed() > DEADLINE {
                return Err(daemon.error("doesn't accept connections"));
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        Ok(Self { _daemon: daemon, port, _work: work })
    }

    /// The `host:port` that it listens on.
    pub(crate) fn address(&self) -> String {
        self.port.address().to_string()
    }
}

fn program() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([FOLDER.into()])
        .map(|folder| folder.join("nginx"))
        .find(|program| program.is_file())
        .ok_or_else(|| Error::new("nginx isn't installed; tests/install.sh installs it"))
}
