//! The thread that carries the packets of one direction from one device to the other.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};
use tun_rs::SyncDevice;

use super::direction::Direction;
use super::queue::Queue;
use super::schedule::{Fate, Schedule};

/// The most packets read before due packets are delivered again.
const PACKETS_AT_ONCE: usize = 16;
/// The size of the largest packet of a TUN device.
const PACKET_BYTES_MAX: usize = 65_536;
/// The value of the version field of an IPv4 packet.
const IPV4: u8 = 4;

/// Everything that the thread of one direction needs.
pub(crate) struct Shuttle {
    pub(crate) from: Arc<SyncDevice>,
    pub(crate) to: Arc<SyncDevice>,
    pub(crate) direction: Arc<Direction>,
    pub(crate) schedule: Schedule,
    /// Becomes readable when the thread must end.
    pub(crate) stop: Arc<OwnedFd>,
}

impl Shuttle {
    /// Carries packets until `stop`; packets then in transit are lost.
    pub(crate) fn run(mut self) -> io::Result<()> {
        prioritise_thread();
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
        let mut queue = Queue::default();
        let mut buffer = vec![0; PACKET_BYTES_MAX];
        loop {
            self.deliver(&mut queue);
            set_timer(&timer, queue.next_at())?;
            let mut awaited = [
                PollFd::new(&*self.from, PollFlags::IN),
                PollFd::new(&*self.stop, PollFlags::IN),
                PollFd::new(&timer, PollFlags::IN),
            ];
            match poll(&mut awaited, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let [packets, stopped, _] = awaited.map(|event| !event.revents().is_empty());
            if stopped {
                return Ok(());
            }
            if packets {
                self.read(&mut queue, &mut buffer)?;
            }
        }
    }

    /// Delivers the packets that are due.
    fn deliver(&self, queue: &mut Queue) {
        while let Some((at, packet)) = queue.pop_due(now()) {
            // A device that is down accepts no packets, like an unplugged cable.
            match self.to.send(&packet) {
                Ok(_) => self.direction.note_late(now().saturating_sub(at)),
                Err(_) => self.direction.count_lost(),
            }
        }
    }

    /// Reads packets that wait at the device, up to a limit.
    fn read(&mut self, queue: &mut Queue, buffer: &mut [u8]) -> io::Result<()> {
        for _ in 0..PACKETS_AT_ONCE {
            let size = match self.from.recv(buffer) {
                Ok(size) => size,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let packet = &buffer[..size];
            // The kernel's own IPv6 traffic doesn't belong to the measurement.
            if packet.first().is_some_and(|first| first >> 4 == IPV4) {
                self.enqueue(queue, packet);
            }
        }
        Ok(())
    }

    fn enqueue(&mut self, queue: &mut Queue, packet: &[u8]) {
        if let Some(impairment) = self.direction.impairment() {
            self.schedule.set(impairment);
        }
        self.direction.count_packet();
        match self.schedule.decide(packet.len(), now()) {
            Fate::Lost => self.direction.count_lost(),
            Fate::Arrives(at) if queue.has_room(packet.len()) => queue.push(at, packet.to_vec()),
            Fate::Arrives(_) | Fate::Overflowed => self.direction.count_overflowed(),
        }
    }
}

/// Gives this thread real-time priority, since the emulation must not be delayed itself. If that
/// isn't permitted, the lateness in the statistics shows the effect.
fn prioritise_thread() {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
}

/// The time since the machine started.
fn now() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::try_from(now).expect("the monotonic clock is never negative")
}

/// Makes the timer readable at `at`, or never. Unlike a timeout of `poll`, it has no slack.
fn set_timer(timer: &OwnedFd, at: Option<Duration>) -> io::Result<()> {
    // 0 disarms the timer; no packet has that arrival time.
    let at = Timespec::try_from(at.unwrap_or_default()).map_err(io::Error::other)?;
    let never = Timespec { tv_sec: 0, tv_nsec: 0 };
    let setting = Itimerspec { it_interval: never, it_value: at };
    timerfd_settime(timer, TimerfdTimerFlags::ABSTIME, &setting)?;
    Ok(())
}
