//! A server of its own: started on free ports and an empty data directory, ended with its owner.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::{Api, DEADLINE, Error, Result};

/// How much of the log an error shows.
const LOG_LINES_SHOWN: usize = 40;

/// How to start a server.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    binary: PathBuf,
    parent: PathBuf,
    data_dir: Option<PathBuf>,
    environment: Vec<(String, String)>,
}

/// A running server; dropping it kills the process.
#[derive(Debug)]
pub struct ServerProcess {
    options: ServerOptions,
    child: Child,
    page: String,
    admin: String,
    data_dir: PathBuf,
    // Removed last, when nothing writes to it any more.
    directory: TempDir,
}

impl ServerOptions {
    /// Starts `binary` on an empty data directory of its own.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let parent = std::env::temp_dir();
        Self { binary: binary.into(), parent, data_dir: None, environment: Vec::new() }
    }

    /// The binary of `PLAYHEAD_SERVER_BIN`, or the one built beside this program.
    pub fn built() -> Result<Self> {
        if let Some(binary) = std::env::var_os("PLAYHEAD_SERVER_BIN") {
            return Ok(Self::new(binary));
        }
        let here = std::env::current_exe().map_err(Error::doing("find this program"))?;
        // A test lies in `deps`, one level below the binaries.
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

    /// Sets a variable; it wins over the ports and the data directory chosen here.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Makes the server's own directory below `parent` instead of the system's place for
    /// temporary files: in memory, say, where no other program's writes hold up a commit.
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

    /// Starts the server and waits until it has printed where it listens.
    pub async fn start(self) -> Result<ServerProcess> {
        let directory = tempfile::Builder::new()
            .prefix("playhead-harness-")
            .tempdir_in(&self.parent)
            .map_err(Error::doing("make a directory for the server"))?;
        let data_dir = self.data_dir.clone().unwrap_or_else(|| directory.path().join("data"));
        let (child, [page, admin]) =
            launch(&self, directory.path(), &data_dir, ["127.0.0.1:0", "127.0.0.1:0"]).await?;
        Ok(ServerProcess { options: self, child, page, admin, data_dir, directory })
    }
}

impl ServerProcess {
    /// Where the page and the API are, ending in a slash.
    pub fn page(&self) -> &str {
        &self.page
    }

    /// Where `/metrics`, `/readyz` and the like are, ending in a slash.
    pub fn admin(&self) -> &str {
        &self.admin
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

    /// The process; an error if it has ended.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().ok_or_else(|| Error::new(format!("the server has ended\n{}", self.log())))
    }

    /// All it has logged so far, over every restart.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(self.directory.path())).unwrap_or_default()
    }

    /// Ends it as a power cut would, and waits until it is gone.
    pub async fn kill_9(&mut self) -> Result<()> {
        self.child.start_kill().map_err(Error::doing("kill the server"))?;
        self.wait_exit().await.map(drop)
    }

    /// Asks it to end and waits until it is gone; the exit code, if it wasn't killed.
    pub async fn terminate(&mut self) -> Result<Option<i32>> {
        self.ask_to_end()?;
        self.wait_exit().await
    }

    /// Asks it to end (SIGTERM) and doesn't wait.
    pub fn ask_to_end(&self) -> Result<()> {
        let pid = i32::try_from(self.pid()?).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Error::new("the server's process id is out of range"))?;
        kill_process(pid, Signal::TERM).map_err(Error::doing("send SIGTERM to the server"))
    }

    /// Waits until it has ended by itself; the exit code, if it wasn't killed.
    pub async fn wait_exit(&mut self) -> Result<Option<i32>> {
        match tokio::time::timeout(DEADLINE, self.child.wait()).await {
            Ok(status) => Ok(status.map_err(Error::doing("wait for the server"))?.code()),
            Err(_) => Err(Error::new(format!(
                "waited {DEADLINE:?} for the server to end; it still runs\n{}",
                last_lines(&self.log())
            ))),
        }
    }

    /// Starts it again on the same data and ports; kills it first if it still runs.
    pub async fn restart(&mut self) -> Result<()> {
        if self.child.id().is_some() {
            self.kill_9().await?;
        }
        let listen = [address(&self.page), address(&self.admin)];
        (self.child, [self.page, self.admin]) =
            launch(&self.options, self.directory.path(), &self.data_dir, listen).await?;
        Ok(())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        end(&mut self.child);
        if std::thread::panicking() {
            eprintln!("{}", last_lines(&self.log()));
        }
    }
}

/// Kills a process and waits until it is gone, so that nothing writes to its directory any more.
pub(crate) fn end(child: &mut Child) {
    let _ = child.start_kill();
    let started = Instant::now();
    while matches!(child.try_wait(), Ok(None)) && started.elapsed() < DEADLINE {
        std::thread::sleep(Duration::from_millis(1));
    }
}

async fn launch(
    options: &ServerOptions,
    directory: &Path,
    data_dir: &Path,
    [listen, admin_listen]: [&str; 2],
) -> Result<(Child, [String; 2])> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(log_path(directory))
        .map_err(Error::doing("open the server's log"))?;
    let errors = log.try_clone().map_err(Error::doing("open the server's log"))?;
    let mut command = Command::new(&options.binary);
    command
        .env("PLAYHEAD_LISTEN", listen)
        .env("PLAYHEAD_ADMIN_LISTEN", admin_listen)
        .env("PLAYHEAD_DATA_DIR", data_dir)
        .envs(options.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .kill_on_drop(true);
    let mut child = command
        .spawn()
        .map_err(Error::doing(format_args!("start {}", options.binary.display())))?;

    let stdout = child.stdout.take().ok_or_else(|| Error::new("the server has no output"))?;
    let stdout = stdout.into_owned_fd().map_err(Error::doing("read the server's output"))?;
    let (lines, mut printed) = mpsc::unbounded_channel();
    // A thread, since the output goes on when no runtime turns.
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
        Ok(Some(addresses)) => return Ok((child, addresses)),
        Ok(None) => "the server closed its output before it said where it listens".to_owned(),
        Err(_) => format!("waited {DEADLINE:?} for the server to say where it listens"),
    };
    let _ = child.start_kill();
    let ending = child.wait().await.map_or_else(|error| error.to_string(), |end| end.to_string());
    let log = std::fs::read_to_string(log_path(directory)).unwrap_or_default();
    Err(Error::new(format!("{problem} ({ending})\n{}", last_lines(&log))))
}

/// Copies the output to the log, line by line, and hands each line on while somebody listens.
fn copy_lines(stdout: File, mut log: File, lines: &mpsc::UnboundedSender<String>) {
    for line in BufReader::new(stdout).lines() {
        let Ok(line) = line else { return };
        let _ = writeln!(log, "{line}");
        let _ = lines.send(line);
    }
}

/// The address that `line` announces, ending in a slash.
fn announced(line: &str, prefix: &str) -> Option<String> {
    let address = line.strip_prefix(prefix)?.trim();
    Some(format!("{}/", address.trim_end_matches('/')))
}

/// `http://host:port/` without what surrounds `host:port`.
fn address(base: &str) -> &str {
    base.trim_start_matches("http://").trim_end_matches('/')
}

fn log_path(directory: &Path) -> PathBuf {
    directory.join("server.log")
}

pub(crate) fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let shown = lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n");
    format!("--- the end of the server's log ---\n{shown}\n---")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_server_that_does_not_start_is_shown_with_its_log() {
        let (_directory, program) = program("echo 'the data directory is in use' >&2\nexit 3");
        let error = ServerOptions::new(program).start().await.unwrap_err().to_string();
        assert!(error.contains("the data directory is in use"), "{error}");
        assert!(error.contains("exit status: 3"), "{error}");
    }

    #[tokio::test]
    async fn a_server_keeps_its_ports_and_data_over_a_restart_and_dies_with_its_owner() {
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
    async fn a_server_that_is_asked_to_end_tells_its_exit_code() {
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

    /// A program that does what a server does at its start, and nothing else.
    fn program(script: &str) -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("program");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        (directory, path)
    }
}
