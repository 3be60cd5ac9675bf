//! A PostgreSQL of its own: a new cluster on a free port, ended with its owner.

use std::fs::File;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::port::ReservedPort;
use crate::server_process::last_lines;
use crate::{DEADLINE, Error, Result};

/// The superuser and the database that every cluster has.
const NAME: &str = "playhead";
/// Where Debian keeps the programs of each version, off the path.
const DEBIAN: &str = "/usr/lib/postgresql";
const PROGRAMS: [&str; 4] = ["initdb", "postgres", "createdb", "psql"];
/// How often something that gives no notice is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A running PostgreSQL; dropping it ends every process of it.
#[derive(Debug)]
pub struct PostgresServer {
    programs: PathBuf,
    account: Option<Account>,
    port: ReservedPort,
    fsync: &'static str,
    child: Child,
    // Removed last, when nothing writes to it any more.
    directory: TempDir,
}

/// Whom the server runs as, since it refuses root.
#[derive(Clone, Copy, Debug)]
struct Account {
    user: u32,
    group: u32,
}

impl PostgresServer {
    /// Makes a cluster, starts it, and waits until it takes connections.
    pub async fn start() -> Result<Self> {
        Self::start_with("on").await
    }

    /// The same, but it doesn't wait for the disk: for tests in which no machine loses its power.
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
        // What it writes need not survive a power cut before the server starts.
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        initdb.arg(format!("--username={NAME}")).arg(data(directory.path()));
        output(initdb).await?;

        let port = ReservedPort::take()?;
        let child = launch(&programs, account, directory.path(), port.port(), fsync).await?;
        let server = Self { programs, account, port, fsync, child, directory };
        server.create_database(NAME).await?;
        Ok(server)
    }

    /// Where its first database is.
    pub fn url(&self) -> String {
        self.url_of(NAME)
    }

    /// Makes an empty database; its URL.
    pub async fn create_database(&self, name: &str) -> Result<String> {
        let mut createdb = command(&self.programs, "createdb", None, self.directory.path());
        createdb.args(["--host=127.0.0.1", &format!("--port={}", self.port.port())]);
        createdb.arg(format!("--username={NAME}")).arg(name);
        output(createdb).await?;
        Ok(self.url_of(name))
    }

    /// Runs statements in the database at `url`; the rows, columns with `|` between them.
    pub async fn query(&self, url: &str, statements: &str) -> Result<String> {
        let mut psql = command(&self.programs, "psql", None, self.directory.path());
        psql.args(["-XAtq", "--set=ON_ERROR_STOP=1", "-d", url, "-c", statements]);
        output(psql).await
    }

    /// The first process; an error if it has ended.
    pub fn pid(&self) -> Result<u32> {
        self.child
            .id()
            .ok_or_else(|| Error::new(format!("PostgreSQL has ended\n{}", last_lines(&self.log()))))
    }

    /// All it has logged so far, over every restart.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(self.directory.path())).unwrap_or_default()
    }

    /// Ends it in order, without waiting for its clients, and waits until it is gone.
    pub async fn stop(&mut self) -> Result<()> {
        self.resume()?;
        signal(self.pid()?, Signal::INT)?;
        self.wait_exit().await
    }

    /// Ends every process as a power cut would, and waits until they are gone.
    pub async fn kill_9(&mut self) -> Result<()> {
        // A stopped one starts no others.
        self.pause()?;
        let first = self.pid()?;
        let all = children(first)?;
        for process in std::iter::once(first).chain(all.iter().copied()) {
            signal(process, Signal::KILL)?;
        }
        self.wait_exit().await?;
        let started = Instant::now();
        while all.iter().any(|process| stat(*process).is_some()) {
            if started.elapsed() > DEADLINE {
                return Err(Error::new("a process of PostgreSQL outlived SIGKILL"));
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Starts it again on the same data and port; kills it first if it still runs.
    pub async fn restart(&mut self) -> Result<()> {
        if self.child.id().is_some() {
            self.kill_9().await?;
        }
        let directory = self.directory.path();
        let port = self.port.port();
        self.child = launch(&self.programs, self.account, directory, port, self.fsync).await?;
        Ok(())
    }

    /// Stops every process where it is (SIGSTOP): connections stay open and nothing answers.
    pub fn pause(&self) -> Result<()> {
        let first = self.pid()?;
        signal(first, Signal::STOP)?;
        // Each is the leader of a group of its own, so they are told one by one.
        children(first)?.into_iter().try_for_each(|process| signal(process, Signal::STOP))
    }

    /// Lets every process go on.
    pub fn resume(&self) -> Result<()> {
        let first = self.pid()?;
        children(first)?.into_iter().try_for_each(|process| signal(process, Signal::CONT))?;
        signal(first, Signal::CONT)
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{NAME}@{}/{database}", self.port.address())
    }

    async fn wait_exit(&mut self) -> Result<()> {
        match tokio::time::timeout(DEADLINE, self.child.wait()).await {
            Ok(status) => status.map(drop).map_err(Error::doing("wait for PostgreSQL")),
            Err(_) => Err(Error::new(format!(
                "waited {DEADLINE:?} for PostgreSQL to end; it still runs\n{}",
                last_lines(&self.log())
            ))),
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // At once, but in order: so it takes its other processes and its shared memory with it.
        if let Ok(first) = self.pid() {
            let _ = self.resume();
            let _ = signal(first, Signal::QUIT);
        }
        let started = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if started.elapsed() > DEADLINE {
                let _ = self.child.start_kill();
                break;
            }
            std::thread::sleep(LOOK);
        }
        if std::thread::panicking() {
            eprintln!("{}", last_lines(&self.log()));
        }
    }
}

async fn launch(
    programs: &Path,
    account: Option<Account>,
    directory: &Path,
    port: u16,
    fsync: &str,
) -> Result<Child> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(log_path(directory))
        .map_err(Error::doing("open PostgreSQL's log"))?;
    let errors = log.try_clone().map_err(Error::doing("open PostgreSQL's log"))?;
    let mut postgres = command(programs, "postgres", account, directory);
    postgres.arg("-D").arg(data(directory)).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    postgres.args(["-c", &format!("fsync={fsync}")]);
    // No socket in the file system, which another cluster could have.
    for setting in ["unix_socket_directories=", "shared_buffers=16MB", "max_connections=60"] {
        postgres.args(["-c", setting]);
    }
    // In the group of its owner, so that an interrupted run ends both.
    let mut child = postgres
        .stdout(log)
        .stderr(errors)
        .kill_on_drop(true)
        .spawn()
        .map_err(Error::doing("start PostgreSQL"))?;
    let process = child.id();

    let started = Instant::now();
    let problem = loop {
        if let Ok(Some(ending)) = child.try_wait() {
            break format!("PostgreSQL ended at its start ({ending})");
        }
        if process.is_some_and(|process| is_ready(directory, process)) {
            return Ok(child);
        }
        if started.elapsed() > DEADLINE {
            break format!("waited {DEADLINE:?} for PostgreSQL to take connections");
        }
        sleep(LOOK).await;
    };
    let log = std::fs::read_to_string(log_path(directory)).unwrap_or_default();
    Err(Error::new(format!("{problem}\n{}", last_lines(&log))))
}

/// Whether this very process says in its pid file that it takes connections.
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

/// The directory that has all programs of one version: Debian's newest, or one on the path.
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

async fn account(name: &str) -> Result<Account> {
    let mut ids = [0; 2];
    for (id, flag) in ids.iter_mut().zip(["-u", "-g"]) {
        let mut command = Command::new("id");
        command.args([flag, name]);
        *id = output(command).await?.parse().map_err(Error::doing("read a user's id"))?;
    }
    let [user, group] = ids;
    Ok(Account { user, group })
}

/// A process that has ended meanwhile needs no signal.
fn signal(process: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| Error::new("a process id is out of range"))?;
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(Error::doing("send a signal to PostgreSQL")(error)),
    }
}

/// The processes that `parent` has started and that haven't ended.
fn children(parent: u32) -> Result<Vec<u32>> {
    let processes = std::fs::read_dir("/proc").map_err(Error::doing("list the processes"))?;
    let ids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(ids.filter(|process| stat(*process) == Some(parent)).collect())
}

/// The parent of a process that hasn't ended.
fn stat(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it may hold anything, even spaces and brackets.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.next()?.parse().ok() }
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
    async fn a_database_survives_kill_9_and_its_processes_die_with_their_owner() {
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
        assert_eq!(stat(first), None);
        for process in all {
            assert_eq!(stat(process), None);
        }
    }

    #[tokio::test]
    async fn a_paused_server_answers_when_it_goes_on() {
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
