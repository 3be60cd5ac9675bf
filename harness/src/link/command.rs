//! The command among the links, and whatever else it leaves running in the namespaces.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as Interrupt, SignalKind, signal};

use super::namespace::Namespace;
use crate::{Error, Result};

/// How long a process has from being asked to end to being killed.
const GRACE: Duration = Duration::from_secs(5);
/// Between two looks at which processes are left.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What asks this program to end.
#[derive(Debug)]
pub(crate) struct Interrupts {
    interrupt: Interrupt,
    terminate: Interrupt,
    hang_up: Interrupt,
}

impl Interrupts {
    /// None of them ends this program by itself any more.
    pub(crate) fn watch() -> Result<Self> {
        let watch = |kind| signal(kind).map_err(Error::doing("watch for signals"));
        Ok(Self {
            interrupt: watch(SignalKind::interrupt())?,
            terminate: watch(SignalKind::terminate())?,
            hang_up: watch(SignalKind::hangup())?,
        })
    }

    /// Waits for one; its number.
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
    /// Starts it, on this program's input and output.
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

    /// Waits for its end, and gives the status that a shell would give.
    pub(crate) async fn ended(&mut self) -> Result<u8> {
        let status = self.child.wait().await.map_err(Error::doing("wait for the command"))?;
        Ok(shell_status(status))
    }

    /// Asks it to end; kills it if it doesn't.
    pub(crate) async fn end(&mut self) -> Result<()> {
        if let Some(id) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // An error is that it has ended by itself.
            let _ = kill_process(id, Signal::TERM);
        }
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            self.child.kill().await.map_err(Error::doing("kill the command"))?;
        }
        Ok(())
    }
}

/// Ends what still runs in the namespaces, since they stay as long as anybody is in them.
pub(crate) async fn end_leftovers(namespaces: &[Namespace]) -> Result<()> {
    for how in [Signal::TERM, Signal::KILL] {
        let began = Instant::now();
        while began.elapsed() < GRACE {
            let processes = namespaces.iter().map(Namespace::processes);
            let processes: Vec<Pid> = processes.collect::<Result<Vec<_>>>()?.concat();
            if processes.is_empty() {
                return Ok(());
            }
            for process in processes {
                let _ = kill_process(process, how);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
    Err(Error::new("processes in the namespaces don't end"))
}

fn shell_status(status: ExitStatus) -> u8 {
    let number = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
}
