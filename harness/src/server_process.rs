//! A server process on free ports and an empty data directory, ended when its owner drops it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::daemon::{Daemon, open_log};
use crate::process::resident_kib;
use crate::{Api, DEADLINE, Error, Result};

/// How to start a server.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    binary: PathBuf,
    parent: PathBuf,
    data_dir: Option<PathBuf>,
    environment: Vec<(String, String)>,
    /// The soft and the hard limit of open files, if they are to be set.
    open_files: Option<(u32, u32)>,
}

/// A running server; dropping it kills the process.
#[derive(Debug)]
pub struct ServerProcess {
    options: ServerOptions,
    daemon: Daemon,
    page: String,
    admin: String,
    data_dir: PathBuf,
    // Dropped last, when nothing writes to it any more.
    directory: TempDir,
}

impl ServerOptions {
    /// Starts `binary` on its own, empty data directory.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let parent = std::env::temp_dir();
        let environment = Vec::new();
        Self { binary: binary.into(), parent, data_dir: None, environment, open_files: None }
    }

    /// The binary that is started.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// The binary of `PLAYHEAD_SERVER_BIN`, or the one built beside this program.
    pub fn built() -> Result<Self> {
        if let Some(binary) = std::env::var_os("PLAYHEAD_SERVER_BIN") {
            return Ok(Self::new(binary));
        }
        let here = std::env::current_exe().map_err(Error::doing("find this program"))?;
        // Test binaries are in `deps`, one level below the others.
        here.ancestors()
            .skip(1)
            .take(2)
            .map(|directory| directory.join("playhead-server"))
            .find(|binary| binary.is_file())
            .map(Self::new)
            .ok_or_else(|| {
                Error::new(format!(
                    "no playhead-server near {}: run `cargo build -p server` with the same \
                     profile, or set PLAYHEAD_SERVER_BIN",
                    here.display()
                ))
            })
    }

    /// Sets an environment variable, which overrides the ports and the data directory chosen here.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Lifts the limits per address, on a user's rooms, joins and commands and on new guests, since all clients of a
    /// load come from one, and lets links lead to loopback addresses, since the sample clip comes from the server itself.
    #[must_use]
    pub fn for_load(self) -> Self {
        self.env("PLAYHEAD_LIMIT_PER_ADDRESS", "0")
            .env("PLAYHEAD_LIMIT_ROOMS_PER_USER_AND_DAY", "100000")
            .env("PLAYHEAD_LIMIT_JOINS_PER_USER_AND_MINUTE", "100000")
            .env("PLAYHEAD_LIMIT_COMMANDS_PER_USER_AND_SECOND", "100000")
            .env("PLAYHEAD_LIMIT_GUESTS_PER_SECOND", "100000")
            .env("PLAYHEAD_EGRESS_ALLOW", "127.0.0.0/8")
    }

    /// Creates the server's own directory in `parent` instead of the system's directory for temporary
    /// files: in memory, for example, where other programs' writes can't delay a commit.
    #[must_use]
    pub fn directory_in(mut self, parent: impl Into<PathBuf>) -> Self {
        self.parent = parent.into();
        self
    }

    /// Uses a data directory that outlives the server.
    #[must_use]
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }

    /// Starts the server with these limits of open files: a soft one, which it may raise, and a hard one.
    #[must_use]
    pub fn open_files(mut self, soft: u32, hard: u32) -> Self {
        self.open_files = Some((soft, hard));
        self
    }

    /// The command that starts the server.
    fn command(&self) -> Command {
        let Some((soft, hard)) = self.open_files else { return Command::new(&self.binary) };
        let mut command = Command::new("sh");
        command.arg("-c").arg(r#"ulimit -S -n "$1" && ulimit -H -n "$2" && exec "$0""#);
        command.arg(&self.binary).arg(soft.to_string()).arg(hard.to_string());
        command
    }

    /// Runs `check-config` with these options. Returns whether it finds nothing wrong, and what it prints.
    pub async fn check_config(&self) -> Result<(bool, String)> {
        let directory = tempfile::tempdir().map_err(Error::doing("make a directory"))?;
        let mut command = Command::new(&self.binary);
        let data_dir = self.data_dir.clone().unwrap_or_else(|| directory.path().join("data"));
        self.set_up(&mut command, &data_dir, ["127.0.0.1:0", "127.0.0.1:0"]);
        command.arg("check-config").stdin(Stdio::null()).kill_on_drop(true);
        let ran = tokio::time::timeout(DEADLINE, command.output()).await;
        let ran = ran.map_err(|_| Error::new("check-config doesn't end"))?;
        let output = ran.map_err(Error::doing("run check-config"))?;
        let printed = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&printed).into_owned()))
    }

    /// Sets the environment of a command.
    fn set_up(&self, command: &mut Command, data_dir: &Path, [listen, admin_listen]: [&str; 2]) {
        command
            .env("PLAYHEAD_LISTEN", listen)
            .env("PLAYHEAD_ADMIN_LISTEN", admin_listen)
            .env("PLAYHEAD_DATA_DIR", data_dir)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    /// Starts the server and waits until it has printed its addresses.
    pub async fn start(self) -> Result<ServerProcess> {
        let directory = tempfile::Builder::new()
            .prefix("playhead-harness-")
            .tempdir_in(&self.parent)
            .map_err(Error::doing("make a directory for the server"))?;
        let data_dir = self.data_dir.clone().unwrap_or_else(|| directory.path().join("data"));
        let (daemon, [page, admin]) =
            launch(&self, directory.path(), &data_dir, ["127.0.0.1:0", "127.0.0.1:0"]).await?;
        Ok(ServerProcess { options: self, daemon, page, admin, data_dir, directory })
    }
}

impl ServerProcess {
    /// The URL of the page and the API, ending in a slash.
    pub fn page(&self) -> &str {
        &self.page
    }

    /// The URL of `/metrics`, `/readyz` and the like, ending in a slash.
    pub fn admin(&self) -> &str {
        &self.admin
    }

    /// The `host:port` of the page and the API.
    pub fn address(&self) -> &str {
        host_and_port(&self.page)
    }

    /// The HTTP API, without a token.
    pub fn api(&self) -> Api {
        Api::new(&self.page)
    }

    /// `metrics`, `readyz` and the like, without a token.
    pub fn admin_api(&self) -> Api {
        Api::new(&self.admin)
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The process id; an error if the server has ended.
    pub fn pid(&self) -> Result<u32> {
        self.daemon.pid()
    }

    /// The resident memory, in KiB.
    pub fn resident_kib(&self) -> Result<f64> {
        resident_kib(self.pid()?)
    }

    /// Everything that it has logged so far, across restarts.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// Kills it (SIGKILL) and waits until it has ended.
    pub async fn kill_9(&mut self) -> Result<()> {
        self.daemon.kill_9().await
    }

    /// Stops it (SIGSTOP), as a machine that is paused would: it does nothing until [`resume`](Self::resume).
    pub fn pause(&self) -> Result<()> {
        self.daemon.signal(Signal::STOP)
    }

    /// Lets it go on after [`pause`](Self::pause).
    pub fn resume(&self) -> Result<()> {
        self.daemon.signal(Signal::CONT)
    }

    /// Asks it to end and waits for that; returns the exit code, `None` if a signal ended it.
    pub async fn terminate(&mut self) -> Result<Option<i32>> {
        self.ask_to_end()?;
        self.wait_exit().await
    }

    /// Asks it to end (SIGTERM), without waiting.
    pub fn ask_to_end(&self) -> Result<()> {
        self.daemon.signal(Signal::TERM)
    }

    /// Sends it the signals that make other servers read their configuration or open their log again.
    pub fn ask_to_reload(&self) -> Result<()> {
        [Signal::HUP, Signal::USR1, Signal::USR2]
            .into_iter()
            .try_for_each(|signal| self.daemon.signal(signal))
    }

    /// Waits until it has ended; returns the exit code, `None` if a signal ended it.
    pub async fn wait_exit(&mut self) -> Result<Option<i32>> {
        Ok(self.daemon.wait_exit().await?.code())
    }

    /// Starts it again with the same data and ports; kills it first if it still runs.
    pub async fn restart(&mut self) -> Result<()> {
        if self.daemon.is_running() {
            self.kill_9().await?;
        }
        let listen = [host_and_port(&self.page), host_and_port(&self.admin)];
        (self.daemon, [self.page, self.admin]) =
            launch(&self.options, self.directory.path(), &self.data_dir, listen).await?;
        Ok(())
    }
}

async fn launch(
    options: &ServerOptions,
    directory: &Path,
    data_dir: &Path,
    listen: [&str; 2],
) -> Result<(Daemon, [String; 2])> {
    let log = log_path(directory);
    let mut command = options.command();
    options.set_up(&mut command, data_dir, listen);
    command.stdout(Stdio::piped());
    let mut daemon = Daemon::spawn_with_output("the server", &log, &mut command)?;

    let stdout = daemon.child_mut().stdout.take();
    let stdout = stdout.ok_or_else(|| Error::new("the server has no output"))?;
    let stdout = stdout.into_owned_fd().map_err(Error::doing("read the server's output"))?;
    let (lines, mut printed) = mpsc::unbounded_channel();
    let log = open_log(&log)?;
    // A thread rather than a task, since the output continues when no runtime is running.
    std::thread::spawn(move || copy_lines(File::from(stdout), log, &lines));

    let addresses = async {
        let (mut page, mut admin) = (None, None);
        while let Some(line) = printed.recv().await {
            page = page.or_else(|| announced(&line, "playhead: page "));
            admin = admin.or_else(|| announced(&line, "playhead: admin "));
            if let (Some(page), Some(admin)) = (&page, &admin) {
                return Some([String::clone(page), String::clone(admin)]);
            }
        }
        None
    };
    let problem = match tokio::time::timeout(DEADLINE, addresses).await {
        Ok(Some(addresses)) => return Ok((daemon, addresses)),
        Ok(None) => "closed its output before it printed its addresses".to_owned(),
        Err(_) => format!("didn't print its addresses within {DEADLINE:?}"),
    };
    let _ = daemon.child_mut().start_kill();
    let ending = daemon.child_mut().wait().await;
    let ending = ending.map_or_else(|error| error.to_string(), |status| status.to_string());
    Err(daemon.error(format_args!("{problem} ({ending})")))
}

/// Copies the output to the log, and passes each line on while the channel is open.
fn copy_lines(stdout: File, mut log: File, lines: &mpsc::UnboundedSender<String>) {
    for line in BufReader::new(stdout).lines() {
        let Ok(line) = line else { return };
        let _ = writeln!(log, "{line}");
        let _ = lines.send(line);
    }
}

/// The URL that `line` announces, ending in a slash.
fn announced(line: &str, prefix: &str) -> Option<String> {
    let address = line.strip_prefix(prefix)?.trim();
    Some(format!("{}/", address.trim_end_matches('/')))
}

/// `host:port` of `http://host:port/`.
fn host_and_port(base: &str) -> &str {
    base.trim_start_matches("http://").trim_end_matches('/')
}

fn log_path(directory: &Path) -> PathBuf {
    directory.join("server.log")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn the_error_of_a_server_that_does_not_start_shows_its_log() {
        let (_directory, program) = program("echo 'the data directory is in use' >&2\nexit 3");
        let error = ServerOptions::new(program).start().await.unwrap_err().to_string();
        assert!(error.contains("the data directory is in use"), "{error}");
        assert!(error.contains("exit status: 3"), "{error}");
    }

    #[tokio::test]
    async fn a_server_keeps_its_ports_and_data_over_a_restart_and_ends_with_its_owner() {
        let (_directory, program) = program(
            r#"mkdir -p "$PLAYHEAD_DATA_DIR"; echo x >> "$PLAYHEAD_DATA_DIR/starts"
            echo "playhead: page http://${PLAYHEAD_LISTEN%:0}/"
            echo "playhead: admin http://${PLAYHEAD_ADMIN_LISTEN%:0}/"
            exec sleep 60"#,
        );
        let mut server = ServerOptions::new(program).start().await.unwrap();
        let page = server.page().to_owned();
        server.kill_9().await.unwrap();
        server.restart().await.unwrap();
        assert_eq!(server.page(), page);
        let starts = std::fs::read_to_string(server.data_dir().join("starts")).unwrap();
        assert_eq!(starts, "x\nx\n");
        let process = PathBuf::from(format!("/proc/{}", server.pid().unwrap()));
        assert!(process.exists());
        drop(server);
        assert!(!process.exists());
    }

    #[tokio::test]
    async fn a_server_that_is_asked_to_end_returns_its_exit_code() {
        let (_directory, program) = program(
            r#"trap 'exit 7' TERM
            echo "playhead: page http://127.0.0.1:1/"; echo "playhead: admin http://127.0.0.1:2"
            while :; do sleep 0.01; done"#,
        );
        let mut server = ServerOptions::new(program).start().await.unwrap();
        assert_eq!(server.admin(), "http://127.0.0.1:2/");
        assert_eq!(server.terminate().await.unwrap(), Some(7));
        assert!(server.pid().is_err());
    }

    /// A script that behaves like a server, as far as the test needs.
    fn program(script: &str) -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("program");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        (directory, path)
    }
}
