//! Web servers of Debian, each on a port of its own: in front of a Playhead server, or beside it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::daemon::Daemon;
use crate::port::ReservedPort;
use crate::{DEADLINE, Error, Result};

/// Where Debian keeps programs that aren't on everybody's path.
const FOLDER: &str = "/usr/sbin";
/// What nginx needs around its sites to run as one process, without the rights of root.
const NGINX: &str = "
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
@SITES@
}
";
/// A site of files, which serves `<file>.gz` in place of a file to clients that accept gzip.
const FILES: &str = "
    default_type application/octet-stream;
    types { text/html html; text/css css; text/javascript js; image/svg+xml svg; }
    sendfile on;
    tcp_nopush on;
    gzip_static on;
    gzip_vary on;
    server { listen @ADDRESS@; root @ROOT@; }
";
/// What Caddy needs beside its sites to stay by itself.
const CADDY: &str = "{\n    admin off\n    default_bind 127.0.0.1\n    auto_https off\n}\n";
/// How often it is looked whether a web server accepts connections.
const POLL: Duration = Duration::from_millis(5);

/// A running web server; dropping it ends it.
#[derive(Debug)]
pub struct WebServer {
    _daemon: Daemon,
    port: ReservedPort,
    // Dropped last, when nothing writes to it any more.
    _work: TempDir,
}

impl WebServer {
    /// Starts nginx with the files of a folder.
    pub(crate) async fn of_files(root: &Path) -> Result<Self> {
        let port = ReservedPort::take()?;
        let site = FILES.replace("@ROOT@", &root.to_string_lossy());
        let site = site.replace("@ADDRESS@", &port.address().to_string());
        Self::nginx(port, &site).await
    }

    /// Starts nginx with sites that listen on this port, as they stand in its `http` block.
    pub async fn nginx(port: ReservedPort, sites: &str) -> Result<Self> {
        let work = work()?;
        let config = NGINX.replace("@WORK@", &work.path().to_string_lossy());
        let file = write(&work, "nginx.conf", &config.replace("@SITES@", sites))?;
        let mut command = Command::new(program("nginx")?);
        command.arg("-p").arg(work.path()).arg("-c").arg(file);
        Self::start("nginx", command, port, work).await
    }

    /// Starts Caddy with sites that listen on this port, as they stand in a Caddyfile.
    pub async fn caddy(port: ReservedPort, sites: &str) -> Result<Self> {
        let work = work()?;
        let file = write(&work, "Caddyfile", &format!("{CADDY}{sites}"))?;
        let mut command = Command::new(program("caddy")?);
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(variable, work.path());
        }
        Self::start("caddy", command, port, work).await
    }

    /// The `host:port` that it listens on.
    pub fn address(&self) -> String {
        self.port.address().to_string()
    }

    /// Starts a program, and waits until it accepts connections.
    async fn start(
        name: &'static str,
        mut command: Command,
        port: ReservedPort,
        work: TempDir,
    ) -> Result<Self> {
        let mut daemon = Daemon::spawn(name, &work.path().join("log"), &mut command)?;
        let started = Instant::now();
        while TcpStream::connect(port.address()).await.is_err() {
            let ended = daemon.child_mut().try_wait().map_err(Error::doing("look at it"))?;
            if ended.is_some() || started.elapsed() > DEADLINE {
                return Err(daemon.error("doesn't accept connections"));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(Self { _daemon: daemon, port, _work: work })
    }
}

fn work() -> Result<TempDir> {
    let made = tempfile::Builder::new().prefix("playhead-web-server-").tempdir();
    made.map_err(Error::doing("make a directory for a web server"))
}

fn write(work: &TempDir, name: &str, text: &str) -> Result<PathBuf> {
    let file = work.path().join(name);
    std::fs::write(&file, text).map_err(Error::doing(format_args!("write {name}")))?;
    Ok(file)
}

fn program(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([FOLDER.into()])
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .ok_or_else(|| Error::new(format!("{name} isn't installed; tests/install.sh installs it")))
}
