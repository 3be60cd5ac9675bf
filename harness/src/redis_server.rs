//! A real `redis-server` on a free port, ended when its owner drops it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::process::Command;

use crate::daemon::Daemon;
use crate::port::ReservedPort;
use crate::process::Stat;
use crate::resp::{Client, Reply};
use crate::{DEADLINE, Error, Result};

const POLL: Duration = Duration::from_millis(2);

/// When Redis syncs a write to disk.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AppendFsync {
    /// Before it replies.
    #[default]
    Always,
    /// Within about a second.
    Everysec,
    /// Never; it is empty after a restart.
    Off,
}

/// How to start a Redis. The defaults are `appendfsync always` and its own directory.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    append_fsync: AppendFsync,
    cluster_enabled: bool,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    data_dir: Option<PathBuf>,
}

/// A running Redis; dropping it kills the process, even if it is paused.
#[derive(Debug)]
pub struct RedisServer {
    options: RedisOptions,
    daemon: Daemon,
    port: ReservedPort,
    bus_port: ReservedPort,
    data_dir: PathBuf,
    // Dropped last, when nothing writes to it any more.
    directory: TempDir,
}

impl RedisOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets when writes reach the disk.
    #[must_use]
    pub fn append_fsync(mut self, append_fsync: AppendFsync) -> Self {
        self.append_fsync = append_fsync;
        self
    }

    /// Starts it as a node of a cluster; [`crate::RedisCluster`] starts a whole one.
    #[must_use]
    pub fn cluster_enabled(mut self) -> Self {
        self.cluster_enabled = true;
        self
    }

    /// Adds a setting, as in `arg("maxmemory", "2mb")`, which overrides those made here.
    #[must_use]
    pub fn arg(mut self, name: &str, value: &str) -> Self {
        self.arguments.extend([format!("--{name}"), value.to_owned()]);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Uses a directory that outlives the server.
    #[must_use]
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }
}

impl RedisServer {
    /// Starts it and waits until it responds.
    pub async fn start(options: RedisOptions) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("playhead-redis-")
            .tempdir()
            .map_err(Error::doing("make a directory for Redis"))?;
        let data_dir = options.data_dir.clone().unwrap_or_else(|| directory.path().join("data"));
        let (port, bus_port) = (ReservedPort::take()?, ReservedPort::take()?);
        let daemon = spawn(&options, directory.path(), &data_dir, [&port, &bus_port])?;
        let mut server = Self { options, daemon, port, bus_port, data_dir, directory };
        server.wait_ready().await?;
        Ok(server)
    }

    /// `redis://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The port; the same after a restart.
    pub fn port(&self) -> u16 {
        self.port.port()
    }

    /// The port of the cluster bus, which is in use only if it is a node of a cluster.
    pub fn bus_port(&self) -> u16 {
        self.bus_port.port()
    }

    /// The directory of its files.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Everything that it has logged so far, across restarts.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// The process id; an error if Redis has ended.
    pub fn pid(&self) -> Result<u32> {
        self.daemon.pid()
    }

    /// Opens a connection.
    pub async fn client(&self) -> Result<Client> {
        Client::connect(self.address()).await
    }

    /// Sends one command over a new connection; an error reply is an error.
    pub async fn command(&self, words: &[impl AsRef<[u8]>]) -> Result<Reply> {
        self.client().await?.command(words).await
    }

    /// Kills it (SIGKILL) and waits until it has ended.
    pub async fn kill_9(&mut self) -> Result<()> {
        self.daemon.kill_9().await
    }

    /// Asks it to end (SIGTERM) and waits for that.
    pub async fn shutdown(&mut self) -> Result<()> {
        self.daemon.signal(Signal::TERM)?;
        self.daemon.wait_exit().await.map(drop)
    }

    /// Starts it again with the same port and files and waits until it has loaded them; kills it first
    /// if it still runs.
    pub async fn restart(&mut self) -> Result<()> {
        if self.daemon.is_running() {
            self.kill_9().await?;
        }
        let ports = [&self.port, &self.bus_port];
        self.daemon = spawn(&self.options, self.directory.path(), &self.data_dir, ports)?;
        self.wait_ready().await
    }

    /// Kills it, empties its directory and starts it again.
    pub async fn wipe_and_restart(&mut self) -> Result<()> {
        if self.daemon.is_running() {
            self.kill_9().await?;
        }
        std::fs::remove_dir_all(&self.data_dir).map_err(Error::doing("empty Redis' directory"))?;
        self.restart().await
    }

    /// Pauses it (SIGSTOP) and waits until it has stopped: connections stay open, nothing responds.
    pub async fn pause(&self) -> Result<()> {
        self.daemon.signal(Signal::STOP)?;
        let pid = self.pid()?;
        crate::within("Redis to stop", async {
            while Stat::find(pid).is_some_and(|stat| stat.state != 'T') {
                tokio::time::sleep(POLL).await;
            }
            Ok(())
        })
        .await
    }

    /// Resumes it (SIGCONT); it then carries out the commands that arrived meanwhile.
    pub fn resume(&self) -> Result<()> {
        self.daemon.signal(Signal::CONT)
    }

    /// Waits until it responds to PING, which it doesn't while it is still loading its files.
    async fn wait_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        let mut problem = "nothing listened".to_owned();
        while started.elapsed() < DEADLINE {
            if let Ok(Some(status)) = self.daemon.child_mut().try_wait() {
                return Err(self.daemon.error(format_args!("ended at its start ({status})")));
            }
            if let Ok(mut client) = Client::connect(self.port.address()).await {
                match client.request(&["PING"]).await {
                    Ok(Reply::Simple(pong)) if pong == "PONG" => return Ok(()),
                    Ok(reply) => problem = reply.text(),
                    Err(error) => problem = error.to_string(),
                }
            }
            tokio::time::sleep(POLL).await;
        }
        Err(self.daemon.error(format_args!("sent no PONG within {DEADLINE:?}: {problem}")))
    }
}

fn spawn(
    options: &RedisOptions,
    directory: &Path,
    data_dir: &Path,
    [port, bus_port]: [&ReservedPort; 2],
) -> Result<Daemon> {
    std::fs::create_dir_all(data_dir).map_err(Error::doing("make Redis' directory"))?;
    let mut command = Command::new("redis-server");
    command.arg("--dir").arg(data_dir);
    command.args(["--port", &port.port().to_string(), "--bind", "127.0.0.1"]);
    command.args(["--daemonize", "no", "--save", "", "--maxmemory-policy", "noeviction"]);
    match options.append_fsync {
        AppendFsync::Always => command.args(["--appendonly", "yes", "--appendfsync", "always"]),
        AppendFsync::Everysec => command.args(["--appendonly", "yes", "--appendfsync", "everysec"]),
        AppendFsync::Off => command.args(["--appendonly", "no"]),
    };
    if options.cluster_enabled {
        command.args(["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]);
        command.args(["--cluster-port", &bus_port.port().to_string()]);
        // A master that is dead leaves the others at work, and a replica needn't wait for a second one.
        command.args(["--cluster-require-full-coverage", "no", "--repl-diskless-sync-delay", "0"]);
    }
    command.args(&options.arguments);
    command.envs(options.environment.iter().map(|(name, value)| (name, value)));
    Daemon::spawn("Redis", &log_path(directory), &mut command)
}

fn log_path(directory: &Path) -> PathBuf {
    directory.join("redis.log")
}
