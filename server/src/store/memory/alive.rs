//! The last sign of life: a file with the time of the room clock. The next start knows from it for how
//! long no server was running, whatever the machine's clock has done meanwhile.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::RoomClock;

/// The name of the file in the data directory.
const FILE: &str = "alive";
/// How often it is written. It isn't synced: a power cut makes an outage seem longer by what the system
/// had not written yet.
const EVERY: Duration = Duration::from_secs(1);

/// The open file.
#[derive(Debug)]
pub(super) struct Alive(Arc<File>);

impl Alive {
    /// Opens the file of a data directory, which is created if it is missing, and returns the last sign
    /// of life in it.
    pub(super) fn open(data_dir: &Path) -> io::Result<(Self, Option<Timestamp>)> {
        let path = data_dir.join(FILE);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .read(true)
            .mode(0o600)
            .open(path)?;
        let mut text = [0; LINE_BYTES];
        let last = file.read_exact_at(&mut text, 0).ok().and_then(|()| parse(&text));
        Ok((Self(Arc::new(file)), last))
    }

    /// Writes the time until the store is closed, and then once more.
    pub(super) async fn keep(self, clock: RoomClock, stop: CancellationToken) {
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        while !stop.is_cancelled() {
            tokio::select! {
                _ = tick.tick() => {}
                () = stop.cancelled() => {}
            }
            let (file, line) = (self.0.clone(), line(clock.now()));
            let written = spawn_blocking(move || file.write_all_at(&line, 0)).await;
            let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
            if let Err(error) = &written
                && !failing
            {
                let error: &dyn std::error::Error = error;
                tracing::warn!(error, "the sign of life can't be written");
            }
            failing = written.is_err();
        }
    }
}

/// The time twice, so that half a line isn't taken for a time.
const LINE_BYTES: usize = 42;

fn line(now: Timestamp) -> Vec<u8> {
    let ms = now.as_millis();
    format!("{ms:020} {ms:020}\n").into_bytes()
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let (one, other) = std::str::from_utf8(text).ok()?.trim_end().split_once(' ')?;
    (one == other).then(|| one.parse().ok().map(Timestamp::from_millis)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_line_is_a_sign_of_life() {
        let line = line(Timestamp::from_millis(1_764_442_800_123));
        assert_eq!(line.len(), LINE_BYTES);
        assert_eq!(parse(&line), Some(Timestamp::from_millis(1_764_442_800_123)));
        let mut torn = line.clone();
        torn[18] = b'7';
        for text in [&b""[..], b"nonsense", &torn, &[0; LINE_BYTES]] {
            assert_eq!(parse(text), None);
        }
    }
}
