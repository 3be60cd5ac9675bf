//! Input that arrives before the welcome is written. It is read at once, so that pings are stamped when
//! they arrive, and handled afterwards.

use std::collections::VecDeque;
use std::time::Instant;

use super::socket::{Input, Socket};

/// How many inputs are read ahead. The rest waits in the socket.
const EARLY_MAX: usize = 32;

/// Inputs that wait, each with the time at which it was read.
#[derive(Debug, Default)]
pub struct Early(VecDeque<(Input, Instant)>);

impl Early {
    /// Runs `work` to its end, and reads the socket meanwhile.
    pub async fn read_during<T>(
        &mut self,
        socket: &mut Socket,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            let reads_on = self.reads_on();
            tokio::select! {
                biased;
                done = work.as_mut() => return done,
                input = socket.next(), if reads_on => self.0.push_back((input, socket.read_at())),
            }
        }
    }

    /// Takes the oldest input.
    pub fn pop(&mut self) -> Option<(Input, Instant)> {
        let input = self.0.pop_front();
        if self.0.is_empty() {
            // An idle connection keeps no buffer.
            self.0 = VecDeque::new();
        }
        input
    }

    /// Whether to read on: after anything but frames and signs of life the connection ends.
    fn reads_on(&self) -> bool {
        let last = self.0.back().map(|(input, _)| input);
        let goes_on = matches!(last, None | Some(Input::Text(_) | Input::Ping | Input::Pong));
        goes_on && self.0.len() < EARLY_MAX
    }
}
