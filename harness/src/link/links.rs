//! Namespaces, links and a command among them, from the first to the last.

use std::ffi::OsString;

use tempfile::TempDir;

use super::command::{Interrupts, RunningCommand, end_leftovers};
use super::control::Control;
use super::network::{CLIENTS_MAX, Network};
use crate::{Error, Result};

/// What `links` exits with where links can't be made.
pub const REFUSED_STATUS: u8 = 77;

/// What to make and to run.
#[derive(Clone, Debug)]
pub struct Links {
    /// How many clients, each with a namespace and a link.
    pub clients: usize,
    /// Chooses what is lost and how late the rest is.
    pub seed: u64,
    /// What runs in the server's namespace, with its arguments.
    pub command: Vec<OsString>,
}

/// Why nothing was run, or not to its end.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// This machine or this user can't have namespaces or TUN devices.
    NotPermitted(Error),
    /// Something else.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Links {
    /// Makes the links, runs the command, removes everything again, and returns the status to exit
    /// with: the command's, or 128 and the number of the signal that ended it or us.
    pub async fn run(&self) -> std::result::Result<u8, Refusal> {
        if !(1..=CLIENTS_MAX).contains(&self.clients) {
            let clients = self.clients;
            let message = format!("{clients} clients; there can be 1 to {CLIENTS_MAX}");
            return Err(Error::new(message).into());
        }
        // From here on a signal waits until somebody asks for it.
        let mut interrupts = Interrupts::watch()?;
        let mut network = Network::make(self.clients, self.seed)?;
        let status = self.run_within(&mut network, &mut interrupts).await;
        end_leftovers(network.namespaces()).await?;
        Ok(status?)
    }

    async fn run_within(&self, network: &mut Network, interrupts: &mut Interrupts) -> Result<u8> {
        let directory = TempDir::with_prefix("playhead-links-")
            .map_err(Error::doing("make a directory for the socket"))?;
        let socket = directory.path().join("socket");
        let _control = Control::listen(&socket, network.links())?;
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
