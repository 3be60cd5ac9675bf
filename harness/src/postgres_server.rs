//! A PostgreSQL with a new database cluster on a free port, ended when its owner drops it.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Signal, geteuid};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::sleep;

use crate::daemon::Daemon;
use crate::port::ReservedPort;
use crate::process::{Stat, send_signal};
use crate::{DEADLINE, Error, Result};

/// The name of the superuser and of the first database.
pub(crate) const NAME: &str = "playhead";
/// The directory in which Debian keeps the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";
const PROGRAMS: [&str; 4] = ["initdb", "postgres", "createdb", "psql"];
/// The interval at which states without notification are polled.
const POLL: Duration = Duration::from_millis(5);

/// A running PostgreSQL; dropping it ends all its processes.
#[derive(Debug)]
pub struct PostgresServer {
    programs: PathBuf,
    account: Option<Account>,
    port: ReservedPort,
    fsync: &'static str,
    daemon: Daemon,
    // Dropped last, when nothing writes to it any more.
    directory: TempDir,
}

/// The user that the server runs as, since it refuses root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl PostgresServer {
    /// Creates a cluster, starts it, and waits until it accepts connections.
    pub async fn start() -> Result<Self> {
        Self::start_with("on").await
    }

    /// Does the same without syncing to disk, for tests in which no machine loses power.
    pub async fn start_unsynced() -> Result<Self> {
        Self::start_with("off").await
    }

    async fn start_with(fsync: &'static str) -> Result<Self> {
        let programs = programs()?;
        let account = if geteuid().is_root() { Some(account("postgres").await?) } else { None };
        let directory = tempfile::Builder::new()
            .prefix("playhead-postgres-")
            .tempdir()
            .map_err(Error::doing("make a directory for PostgreSQL"))?;
        if let Some(Account { user, group }) = account {
            chown(directory.path(), Some(user), Some(group))
                .map_err(Error::doing("give PostgreSQL its directory"))?;
        }
        let mut initdb = command(&programs, "initdb", account, directory.path());
        // The new files needn't survive a power cut.
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        initdb.arg(format!("--username={NAME}")).arg(data(directory.path()));
        output(initdb).await?;

        let port = ReservedPort::take()?;
        let daemon = launch(&programs, account, directory.path(), port.port(), fsync).await?;
        let server = Self { programs, account, port, fsync, daemon, directory };
        server.create_database(NAME).await?;
        Ok(server)
    }

    /// The URL of its first database.
    pub fn url(&self) -> String {
        self.url_of(NAME)
    }

    /// The port; the same after a restart.
    pub fn port(&self) -> u16 {
        self.port.port()
    }

    /// Creates an empty database and returns its URL.
    pub async fn create_database(&self, name: &str) -> Result<String> {
        let mut createdb = command(&self.programs, "createdb", None, self.directory.path());
        createdb.args(["--host=127.0.0.1", &format!("--port={}", self.port.port())]);
        createdb.arg(format!("--username={NAME}")).arg(name);
        output(createdb).await?;
        Ok(self.url_of(name))
    }

    /// Runs statements in the database at `url`; returns the rows, with `|` between columns.
    pub async fn query(&self, url: &str, statements: &str) -> Result<String> {
        let mut psql = command(&self.programs, "psql", None, self.directory.path());
        psql.args(["-XAtq", "--set=ON_ERROR_STOP=1", "-d", url, "-c", statements]);
        output(psql).await
    }

    /// The id of the main process; an error if it has ended.
    pub fn pid(&self) -> Result<u32> {
        self.daemon.pid()
    }

    /// Everything that it has logged so far, across restarts.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// Shuts it down cleanly, without waiting for its clients, and waits until it has ended.
    pub async fn stop(&mut self) -> Result<()> {
        self.resume()?;
        self.daemon.signal(Signal::INT)?;
        self.daemon.wait_exit().await.map(drop)
    }

    /// Kills all its processes (SIGKILL) and waits until they have ended.
    pub async fn kill_9(&mut self) -> Result<()> {
        // A stopped process starts no others.
        self.pause()?;
        let first = self.pid()?;
        let all = children(first)?;
        for process in std::iter::once(first).chain(all.iter().copied()) {
            send_signal(process, Signal::KILL)?;
        }
        self.daemon.wait_exit().await?;
        let started = Instant::now();
        while all.iter().any(|process| is_alive(*process)) {
            if started.elapsed() > DEADLINE {
                return Err(Error::new("a process of PostgreSQL outlived SIGKILL"));
            }
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Starts it again with the same data and port; kills it first if it still runs.
    pub async fn restart(&mut self) -> Result<()> {
        if self.daemon.is_running() {
            self.kill_9().await?;
        }
        let directory = self.directory.path();
        let port = self.port.port();
        self.daemon = launch(&self.programs, self.account, directory, port, self.fsync).await?;
        Ok(())
    }

    /// Pauses all its processes (SIGSTOP): connections stay open, nothing responds.
    pub fn pause(&self) -> Result<()> {
        let first = self.pid()?;
        send_signal(first, Signal::STOP)?;
        // Each leads its own process group, so each needs its own signal.
        children(first)?.into_iter().try_for_each(|process| send_signal(process, Signal::STOP))
    }

    /// Resumes all its processes.
    pub fn resume(&self) -> Result<()> {
        let first = self.pid()?;
        children(first)?.into_iter().try_for_each(|process| send_signal(process, Signal::CONT))?;
        send_signal(first, Signal::CONT)
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{NAME}@{}/{database}", self.port.address())
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // An immediate shutdown, which also ends its other processes and frees its shared memory.
        if let Ok(first) = self.pid() {
            let _ = self.resume();
            let _ = send_signal(first, Signal::QUIT);
        }
        let started = Instant::now();
        while matches!(self.daemon.child_mut().try_wait(), Ok(None)) {
            if started.elapsed() > DEADLINE {
                break;
            }
            std::thread::sleep(POLL);
        }
    }
}

async fn launch(
    programs: &Path,
    account: Option<Account>,
    directory: &Path,
    port: u16,
    fsync: &str,
) -> Result<Daemon> {
    let mut postgres = command(programs, "postgres", account, directory);
    postgres.arg("-D").arg(data(directory)).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    postgres.args(["-c", &format!("fsync={fsync}")]);
    // No socket in the file system, where it could collide with another cluster's.
    for setting in ["unix_socket_directories=", "shared_buffers=16MB", "max_connections=60"] {
        postgres.args(["-c", setting]);
    }
    // In the process group of its owner, so that an interrupted run ends both.
    let mut daemon = Daemon::spawn("PostgreSQL", &log_path(directory), &mut postgres)?;
    let process = daemon.pid()?;
    let started = Instant::now();
    while started.elapsed() < DEADLINE {
        if let Ok(Some(status)) = daemon.child_mut().try_wait() {
            return Err(daemon.error(format_args!("ended at its start ({status})")));
        }
        if is_ready(directory, process) {
            return Ok(daemon);
        }
        sleep(POLL).await;
    }
    Err(daemon.error(format_args!("accepts no connections after {DEADLINE:?}")))
}

/// Whether the pid file says that this process accepts connections.
fn is_ready(directory: &Path, process: u32) -> bool {
    let file = std::fs::read_to_string(data(directory).join("postmaster.pid")).unwrap_or_default();
    let lines: Vec<&str> = file.lines().map(str::trim).collect();
    lines.first().and_then(|line| line.parse().ok()) == Some(process)
        && lines.get(7) == Some(&"ready")
}

fn command(programs: &Path, name: &str, account: Option<Account>, directory: &Path) -> Command {
    let mut command = Command::new(programs.join(name));
    command.current_dir(directory).env("LC_ALL", "C").stdin(Stdio::null());
    if let Some(Account { user, group }) = account {
        command.uid(user).gid(group);
    }
    command
}

async fn output(mut command: Command) -> Result<String> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let run = command.kill_on_drop(true).output();
    let output = match tokio::time::timeout(3 * DEADLINE, run).await {
        Ok(output) => output.map_err(Error::doing(format_args!("run {name}")))?,
        Err(_) => return Err(Error::new(format!("{name} didn't end in time"))),
    };
    let text = |bytes| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if !output.status.success() {
        return Err(Error::new(format!("{name} ({}): {}", output.status, text(&output.stderr))));
    }
    Ok(text(&output.stdout))
}

/// The directory of the programs: Debian's newest version, or else one on the path.
fn programs() -> Result<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions
        .into_iter()
        .map(|(_, directory)| directory.join("bin"))
        .chain(std::env::split_paths(&path))
        .find(|directory| PROGRAMS.iter().all(|program| directory.join(program).is_file()))
        .ok_or_else(|| {
            Error::new(format!("no PostgreSQL in {DEBIAN} or on the path: run tests/install.sh"))
        })
}

pub(crate) async fn account(name: &str) -> Result<Account> {
    let mut ids = [0; 2];
    for (id, flag) in ids.iter_mut().zip(["-u", "-g"]) {
        let mut command = Command::new("id");
        command.args([flag, name]);
        *id = output(command).await?.parse().map_err(Error::doing("read a user's id"))?;
    }
    let [user, group] = ids;
    Ok(Account { user, group })
}

/// The running child processes of `parent`.
fn children(parent: u32) -> Result<Vec<u32>> {
    let processes = std::fs::read_dir("/proc").map_err(Error::doing("list the processes"))?;
    let ids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| {
        Stat::find(*process).is_some_and(|stat| stat.parent == parent && stat.is_alive())
    };
    Ok(ids.filter(is_child).collect())
}

/// Whether a process has not ended yet.
fn is_alive(process: u32) -> bool {
    Stat::find(process).is_some_and(Stat::is_alive)
}

fn data(directory: &Path) -> PathBuf {
    directory.join("data")
}

fn log_path(directory: &Path) -> PathBuf {
    directory.join("postgres.log")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_survives_kill_9_and_its_processes_end_with_their_owner() {
        let mut server = PostgresServer::start().await.unwrap();
        let url = server.create_database("kept").await.unwrap();
        server.query(&url, "CREATE TABLE t (n INT); INSERT INTO t VALUES (7)").await.unwrap();
        server.kill_9().await.unwrap();
        assert!(server.query(&url, "SELECT n FROM t").await.is_err());
        server.restart().await.unwrap();
        assert_eq!(server.query(&url, "SELECT n FROM t").await.unwrap(), "7");

        server.stop().await.unwrap();
        server.restart().await.unwrap();
        server.pause().unwrap();
        let first = server.pid().unwrap();
        let all = children(first).unwrap();
        assert!(!all.is_empty());
        drop(server);
        assert!(!is_alive(first));
        for process in all {
            assert!(!is_alive(process));
        }
    }

    #[tokio::test]
    async fn a_paused_server_responds_after_it_is_resumed() {
        let server = PostgresServer::start().await.unwrap();
        server.pause().unwrap();
        let url = server.url();
        let mut query = std::pin::pin!(server.query(&url, "SELECT 1"));
        let early = tokio::time::timeout(Duration::from_millis(300), query.as_mut()).await;
        assert!(early.is_err(), "{early:?}");
        server.resume().unwrap();
        assert_eq!(query.await.unwrap(), "1");
    }
}
