//! The signals that ask a node to end, and those that must not.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT ask for the end. SIGHUP, SIGUSR1 and SIGUSR2 ask servers to read their configuration or
/// to open their log again; here there is neither. While this exists, none of them ends the process by itself.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    user_1: Signal,
    user_2: Signal,
}

impl Signals {
    /// Begins to receive them.
    pub fn receive() -> Result<Self, String> {
        let receive = |kind| signal(kind).map_err(|error| format!("no signals: {error}"));
        Ok(Self {
            terminate: receive(SignalKind::terminate())?,
            interrupt: receive(SignalKind::interrupt())?,
            hang_up: receive(SignalKind::hangup())?,
            user_1: receive(SignalKind::user_defined1())?,
            user_2: receive(SignalKind::user_defined2())?,
        })
    }

    /// Waits for the next one that asks for the end.
    pub async fn next(&mut self) {
        loop {
            let ignored = tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => "SIGHUP",
                _ = self.user_1.recv() => "SIGUSR1",
                _ = self.user_2.recv() => "SIGUSR2",
            };
            tracing::info!(
                "{ignored} is ignored: there is no configuration file to read again; restart to change settings"
            );
        }
    }
}
