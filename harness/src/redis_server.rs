//! A Redis of its own: a real `redis-server` on a free port, ended with its owner.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::port::ReservedPort;
use crate::resp::{Client, Reply};
use crate::server_process::end;
use crate::{DEADLINE, Error, Result};

const LOG_LINES_SHOWN: usize = 40;
const POLL: Duration = Duration::from_millis(2);

/// When a Redis has a write on disk.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AppendFsync {
    /// Before it answers.
    #[default]
    Always,
    /// Within about a second.
    Everysec,
    /// Never: a restart begins empty.
    Off,
}

/// How to start a Redis. Unless told otherwise: `appendfsync always`, a directory of its own.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    append_fsync: AppendFsync,
    cluster_enabled: bool,
    arguments: Vec<String>,
    data_dir: Option<PathBuf>,
}

/// A running Redis; dropping it kills the process, even a paused one.
#[derive(Debug)]
pub struct RedisServer {
    options: RedisOptions,
    child: Child,
    port: ReservedPort,
    bus_port: ReservedPort,
    data_dir: PathBuf,
    // Removed last, when nothing writes to it any more.
    directory: TempDir,
}

impl RedisOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// When writes reach the disk.
    #[must_use]
    pub fn append_fsync(mut self, append_fsync: AppendFsync) -> Self {
        self.append_fsync = append_fsync;
        self
    }

    /// Starts it as a node of a cluster; [`crate::RedisCluster`] makes a whole one.
    #[must_use]
    pub fn cluster_enabled(mut self) -> Self {
        self.cluster_enabled = true;
        self
    }

    /// One more setting, as in `arg("maxmemory", "2mb")`; it wins over what is set here.
    #[must_use]
    pub fn arg(mut self, name: &str, value: &str) -> Self {
        self.arguments.extend([format!("--{name}"), value.to_owned()]);
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
    /// Starts it and waits until it answers.
    pub async fn start(options: RedisOptions) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("playhead-redis-")
            .tempdir()
            .map_err(Error::doing("make a directory for Redis"))?;
        let data_dir = options.data_dir.clone().unwrap_or_else(|| directory.path().join("data"));
        let (port, bus_port) = (ReservedPort::take()?, ReservedPort::take()?);
        let child = spawn(&options, directory.path(), &data_dir, [&port, &bus_port])?;
        let mut server = Self { options, child, port, bus_port, data_dir, directory };
        server.wait_ready().await?;
        Ok(server)
    }

    /// `redis://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The port; the same after a restart.
    pub fn port(&self) -> u16 {
        self.port.port()
    }

    /// The port of the cluster's bus; nobody listens there unless it is a node of a cluster.
    pub fn bus_port(&self) -> u16 {
        self.bus_port.port()
    }

    /// Where its files are.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// All it has logged so far, over every restart.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(self.directory.path())).unwrap_or_default()
    }

    /// The process; an error if it has ended.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().ok_or_else(|| Error::new(format!("Redis has ended\n{}", self.last_lines())))
    }

    /// A connection of one's own.
    pub async fn client(&self) -> Result<Client> {
        Client::connect(self.address()).await
    }

    /// One command over a connection of its own; an error reply is an error.
    pub async fn command(&self, words: &[impl AsRef<[u8]>]) -> Result<Reply> {
        self.client().await?.command(words).await
    }

    /// Ends it as a power cut would, and waits until it is gone.
    pub async fn kill_9(&mut self) -> Result<()> {
        self.child.start_kill().map_err(Error::doing("kill Redis"))?;
        self.wait_exit().await
    }

    /// Asks it to end (SIGTERM) and waits until it is gone.
    pub async fn shutdown(&mut self) -> Result<()> {
        self.signal(Signal::TERM)?;
        self.wait_exit().await
    }

    /// Starts it again on the same port and files and waits until it answers, which is when it
    /// has read them; kills it first if it still runs.
    pub async fn restart(&mut self) -> Result<()> {
        if self.child.id().is_some() {
            self.kill_9().await?;
        }
        let ports = [&self.port, &self.bus_port];
        self.child = spawn(&self.options, self.directory.path(), &self.data_dir, ports)?;
        self.wait_ready().await
    }

    /// Kills it, empties its directory and starts it again.
    pub async fn wipe_and_restart(&mut self) -> Result<()> {
        if self.child.id().is_some() {
            self.kill_9().await?;
        }
        std::fs::remove_dir_all(&self.data_dir).map_err(Error::doing("empty Redis' directory"))?;
        self.restart().await
    }

    /// Stops it (SIGSTOP) and returns when it stands: connections stay and nothing is answered.
    pub async fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)?;
        let status = format!("/proc/{}/stat", self.pid()?);
        crate::within("Redis to stand still", async {
            loop {
                let status = std::fs::read_to_string(&status)
                    .map_err(Error::doing("look at Redis' process"))?;
                // The name before the state stands in parentheses.
                let state = status.rsplit(')').next().map(str::trim_start).unwrap_or_default();
                if state.starts_with('T') {
                    return Ok(());
                }
                tokio::time::sleep(POLL).await;
            }
        })
        .await
    }

    /// Lets it go on (SIGCONT), which carries out what came meanwhile.
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.pid()?).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Error::new("Redis' process id is out of range"))?;
        kill_process(pid, signal).map_err(Error::doing("send Redis a signal"))
    }

    async fn wait_exit(&mut self) -> Result<()> {
        match tokio::time::timeout(DEADLINE, self.child.wait()).await {
            Ok(status) => status.map(drop).map_err(Error::doing("wait for Redis")),
            Err(_) => Err(Error::new(format!(
                "waited {DEADLINE:?} for Redis to end; it still runs\n{}",
                self.last_lines()
            ))),
        }
    }

    /// Waits until PING is answered, so not while it is still loading.
    async fn wait_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        let mut answer = "nothing listened".to_owned();
        while started.elapsed() < DEADLINE {
            if let Ok(Some(status)) = self.child.try_wait() {
                let log = self.last_lines();
                return Err(Error::new(format!("Redis ended at its start ({status})\n{log}")));
            }
            if let Ok(mut client) = Client::connect(self.port.address()).await {
                match client.request(&["PING"]).await {
                    Ok(Reply::Simple(pong)) if pong == "PONG" => return Ok(()),
                    Ok(reply) => answer = reply.text(),
                    Err(error) => answer = error.to_string(),
                }
            }
            tokio::time::sleep(POLL).await;
        }
        let log = self.last_lines();
        Err(Error::new(format!("waited {DEADLINE:?} for Redis to answer PING; {answer}\n{log}")))
    }

    fn last_lines(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let shown = lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n");
        format!("--- the end of Redis' log ---\n{shown}\n---")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        end(&mut self.child);
        if std::thread::panicking() {
            eprintln!("{}", self.last_lines());
        }
    }
}

fn spawn(
    options: &RedisOptions,
    directory: &Path,
    data_dir: &Path,
    [port, bus_port]: [&ReservedPort; 2],
) -> Result<Child> {
    std::fs::create_dir_all(data_dir).map_err(Error::doing("make Redis' directory"))?;
    let log = File::options()
        .create(true)
        .append(true)
        .open(log_path(directory))
        .map_err(Error::doing("open Redis' log"))?;
    let errors = log.try_clone().map_err(Error::doing("open Redis' log"))?;
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
    }
    command
        .args(&options.arguments)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .kill_on_drop(true)
        .spawn()
        .map_err(Error::doing("start redis-server (Debian: apt-get install redis-server)"))
}

fn log_path(directory: &Path) -> PathBuf {
    directory.join("redis.log")
}
