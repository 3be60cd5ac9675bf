//! The command that runs behind the lines, and the processes that it leaves in the namespaces.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as Interrupt, SignalKind, signal};

use super::namespace::Namespace;
use crate::{Error, Result};

/// How long a process may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// The interval at which remaining processes are looked for.
const POLL: Duration = Duration::from_millis(20);

/// The signals that ask this program to end.
#[derive(Debug)]
pub(crate) struct Interrupts {
    interrupt: Interrupt,
    terminate: Interrupt,
    hang_up: Interrupt,
}

impl Interrupts {
    /// Takes over the signals, which no longer end this program by themselves.
    pub(crate) fn watch() -> Result<Self> {
        let watch = |kind| signal(kind).map_err(Error::doing("watch for signals"));
        Ok(Self {
            interrupt: watch(SignalKind::interrupt())?,
            terminate: watch(SignalKind::terminate())?,
            hang_up: watch(SignalKind::hangup())?,
        })
    }

    /// Waits for a signal and returns its number.
    pub(crate) async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 2,
            _ = self.terminate.recv() => 15,
            _ = self.hang_up.recv() => 1,
        }
    }
}

/// A command that runs in a namespace; dropping it kills it.
#[derive(Debug)]
pub(crate) struct RunningCommand {
    child: Child,
}

impl RunningCommand {
    /// Starts the command, with this program's input and output.
    pub(crate) fn start(
        namespace: &Namespace,
        command: &[OsString],
        environment: [(&str, OsString); 2],
    ) -> Result<Self> {
        let child = Command::new("ip")
            .args(["netns", "exec", namespace.name()])
            .args(command)
            .envs(environment)
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::doing("start the command"))?;
        Ok(Self { child })
    }

    /// Waits for the command to end and returns the status that a shell would report.
    pub(crate) async fn ended(&mut self) -> Result<u8> {
        let status = self.child.wait().await.map_err(Error::doing("wait for the command"))?;
        Ok(shell_status(status))
    }

    /// Asks the command to end; kills it if it doesn't.
    pub(crate) async fn end(&mut self) -> Result<()> {
        if let Some(id) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // Fails only if the command has already ended.
            let _ = kill_process(id, Signal::TERM);
        }
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            self.child.kill().await.map_err(Error::doing("kill the command"))?;
        }
        Ok(())
    }
}

/// Ends the processes left in the namespaces, which would otherwise keep them alive.
pub(crate) async fn end_leftovers(namespaces: &[Namespace]) -> Result<()> {
    for signal in [Signal::TERM, Signal::KILL] {
        let began = Instant::now();
        while began.elapsed() < GRACE {
            let processes = namespaces.iter().map(Namespace::processes);
            let processes: Vec<Pid> = processes.collect::<Result<Vec<_>>>()?.concat();
            if processes.is_empty() {
                return Ok(());
            }
            for process in processes {
                let _ = kill_process(process, signal);
            }
            tokio::time::sleep(POLL).await;
        }
    }
    Err(Error::new("processes in the namespaces don't end"))
}

fn shell_status(status: ExitStatus) -> u8 {
    let number = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
}
