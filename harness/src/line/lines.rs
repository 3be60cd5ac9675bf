//! Sets up the namespaces and lines, runs a command behind them, and removes everything again.

use std::ffi::OsString;

use tempfile::TempDir;

use super::command::{Interrupts, RunningCommand, end_leftovers};
use super::control::Control;
use super::network::{CLIENTS_MAX, Network};
use crate::{Error, Result};

/// The exit status of `lines` if this machine or this user can't have lines.
pub const REFUSED_STATUS: u8 = 77;

/// The lines to set up, and the command to run.
#[derive(Clone, Debug)]
pub struct Lines {
    /// The number of clients; each has its own namespace and line.
    pub clients: usize,
    /// Decides which packets are lost and how late the others are.
    pub seed: u64,
    /// The command to run in the server's namespace, with its arguments.
    pub command: Vec<OsString>,
}

/// Why the command wasn't run, or not to its end.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// Namespaces or TUN devices are unavailable on this machine or to this user.
    NotPermitted(Error),
    /// Any other failure.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Lines {
    /// Sets up the lines, runs the command, removes everything again, and returns the exit status:
    /// the command's, or 128 plus the number of the signal that ended it or this program.
    pub async fn run(&self) -> std::result::Result<u8, Refusal> {
        if !(1..=CLIENTS_MAX).contains(&self.clients) {
            let clients = self.clients;
            let message = format!("{clients} clients; there can be 1 to {CLIENTS_MAX}");
            return Err(Error::new(message).into());
        }
        // From here on, signals are queued until `interrupts` is polled.
        let mut interrupts = Interrupts::watch()?;
        let mut network = Network::make(self.clients, self.seed)?;
        let status = self.run_within(&mut network, &mut interrupts).await;
        end_leftovers(network.namespaces()).await?;
        Ok(status?)
    }

    async fn run_within(&self, network: &mut Network, interrupts: &mut Interrupts) -> Result<u8> {
        let directory = TempDir::with_prefix("playhead-lines-")
            .map_err(Error::doing("make a directory for the socket"))?;
        let socket = directory.path().join("socket");
        let _control = Control::listen(&socket, network.lines())?;
        let environment = [
            ("PLAYHEAD_LINKS_SOCKET", socket.into_os_string()),
            ("PLAYHEAD_LINKS_NAMESPACES", network.client_names().into()),
        ];
        let mut command = RunningCommand::start(network.server(), &self.command, environment)?;
        let status = tokio::select! {
            ended = command.ended() => return ended,
            signal = interrupts.next() => Ok(128 + signal),
            error = network.failed() => Err(error),
        };
        command.end().await?;
        status
    }
}
