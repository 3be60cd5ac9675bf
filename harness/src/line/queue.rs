//! The queue of packets in transit.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

/// The most packets in one direction of a line: enough for a second at over 200 Mbit/s.
const PACKETS_MAX: usize = 20_000;
/// The most bytes in one direction of a line.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Packets in the order of their arrival times; those of equal times in the order they were pushed.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: BinaryHeap<Waiting>,
    bytes: usize,
    pushed: u64,
}

#[derive(Debug)]
struct Waiting {
    at: Duration,
    /// Orders packets of equal times.
    number: u64,
    packet: Vec<u8>,
}

impl Queue {
    /// Whether a packet of `bytes` bytes fits.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.waiting.len() < PACKETS_MAX && self.bytes + bytes <= BYTES_MAX
    }

    /// Adds a packet that arrives at `at`.
    pub(crate) fn push(&mut self, at: Duration, packet: Vec<u8>) {
        self.bytes += packet.len();
        self.waiting.push(Waiting { at, number: self.pushed, packet });
        self.pushed += 1;
    }

    /// The arrival time of the next packet.
    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.waiting.peek().map(|waiting| waiting.at)
    }

    /// Removes the next packet if it is due at `now`; returns it with its arrival time.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<(Duration, Vec<u8>)> {
        if self.next_at()? > now {
            return None;
        }
        let waiting = self.waiting.pop()?;
        self.bytes -= waiting.packet.len();
        Some((waiting.at, waiting.packet))
    }
}

impl Ord for Waiting {
    /// The heap returns its greatest item first, which must be the earliest packet.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Waiting {}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_leave_when_due_and_in_order_at_equal_times() {
        let mut queue = Queue::default();
        for packet in 0..100 {
            queue.push(Duration::from_millis([20, 10, 5][packet % 3]), vec![packet as u8]);
        }
        let every_third = |first: u8| -> Vec<u8> { (first..100).step_by(3).collect() };
        assert_eq!(leaving(&mut queue, 4), [0; 0]);
        assert_eq!(queue.next_at(), Some(Duration::from_millis(5)));
        assert_eq!(leaving(&mut queue, 19), [every_third(2), every_third(1)].concat());
        assert_eq!(leaving(&mut queue, 20), every_third(0));
        assert_eq!(queue.next_at(), None);
    }

    #[test]
    fn the_number_of_packets_is_limited() {
        let mut queue = Queue::default();
        for _ in 0..PACKETS_MAX {
            assert!(queue.has_room(1));
            queue.push(Duration::ZERO, vec![0]);
        }
        assert!(!queue.has_room(1));
        assert!(queue.pop_due(Duration::ZERO).is_some());
        assert!(queue.has_room(1));
    }

    #[test]
    fn the_number_of_bytes_is_limited() {
        let mut queue = Queue::default();
        queue.push(Duration::ZERO, vec![0; 1400]);
        assert!(queue.has_room(BYTES_MAX - 1400));
        assert!(!queue.has_room(BYTES_MAX - 1399));
        assert!(queue.pop_due(Duration::ZERO).is_some());
        assert!(queue.has_room(BYTES_MAX));
    }

    fn leaving(queue: &mut Queue, now_ms: u64) -> Vec<u8> {
        let now = Duration::from_millis(now_ms);
        std::iter::from_fn(|| queue.pop_due(now)).map(|(_, packet)| packet[0]).collect()
    }
}
