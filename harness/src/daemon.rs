//! A child process that serves in the background and writes its output to a log file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::process::{Child, Command};

use crate::process::send_signal;
use crate::{DEADLINE, Error, Result};

/// The last lines of the log that an error shows.
const LOG_LINES_SHOWN: usize = 40;
/// The interval at which an ending process is looked at.
const POLL: Duration = Duration::from_millis(1);

/// A running process; dropping it kills it and waits until it has ended, so that nothing writes to
/// its directory any more.
#[derive(Debug)]
pub(crate) struct Daemon {
    /// As in "the server has ended".
    name: &'static str,
    log: PathBuf,
    child: Child,
}

impl Daemon {
    /// Starts a process that appends its output to `log`.
    pub(crate) fn spawn(name: &'static str, log: &Path, command: &mut Command) -> Result<Self> {
        command.stdout(open_log(log)?);
        Self::spawn_with_output(name, log, command)
    }

    /// Starts a process that appends its errors to `log`; `command` says where its output goes.
    pub(crate) fn spawn_with_output(
        name: &'static str,
        log: &Path,
        command: &mut Command,
    ) -> Result<Self> {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .stderr(open_log(log)?)
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::doing(format_args!("start {name} ({program})")))?;
        Ok(Self { name, log: log.to_owned(), child })
    }

    /// The process.
    pub(crate) fn child_mut(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether nobody has waited for its end yet.
    pub(crate) fn is_running(&self) -> bool {
        self.child.id().is_some()
    }

    /// The process id; an error if the process has ended.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.child.id().ok_or_else(|| self.error("has ended"))
    }

    /// Everything in the log so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// An error about this process, which shows the end of its log.
    pub(crate) fn error(&self, what: impl std::fmt::Display) -> Error {
        Error::new(format!("{} {what}\n{}", self.name, self.last_lines()))
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        send_signal(self.pid()?, signal)
    }

    /// Kills it (SIGKILL) and waits until it has ended.
    pub(crate) async fn kill_9(&mut self) -> Result<()> {
        self.child.start_kill().map_err(Error::doing(format_args!("kill {}", self.name)))?;
        self.wait_exit().await.map(drop)
    }

    /// Waits until it has ended.
    pub(crate) async fn wait_exit(&mut self) -> Result<ExitStatus> {
        match tokio::time::timeout(DEADLINE, self.child.wait()).await {
            Ok(status) => status.map_err(Error::doing(format_args!("wait for {}", self.name))),
            Err(_) => Err(self.error(format_args!("still runs after {DEADLINE:?}"))),
        }
    }

    fn last_lines(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let shown = lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n");
        format!("--- the end of its log ---\n{shown}\n---")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let started = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && started.elapsed() < DEADLINE {
            std::thread::sleep(POLL);
        }
        if std::thread::panicking() {
            eprintln!("{}: {}", self.name, self.last_lines());
        }
    }
}

/// Opens a log for appending, since a restart continues it.
pub(crate) fn open_log(path: &Path) -> Result<File> {
    let file = File::options().create(true).append(true).open(path);
    file.map_err(Error::doing(format_args!("open {}", path.display())))
}
