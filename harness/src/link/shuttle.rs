//! The thread that carries the packets of one direction from device to device.

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

/// So many packets are taken in before those that are due are looked for again.
const PACKETS_AT_ONCE: usize = 16;
/// No packet of these devices is larger.
const PACKET_BYTES_MAX: usize = 65_536;
/// The version in a packet's first half byte.
const IPV4: u8 = 4;

/// What one direction's thread works with.
pub(crate) struct Shuttle {
    pub(crate) from: Arc<SyncDevice>,
    pub(crate) to: Arc<SyncDevice>,
    pub(crate) direction: Arc<Direction>,
    pub(crate) schedule: Schedule,
    /// Readable once the thread is to end.
    pub(crate) stop: Arc<OwnedFd>,
}

impl Shuttle {
    /// Carries packets until told to stop; what is on its way then is gone.
    pub(crate) fn run(mut self) -> io::Result<()> {
        go_first();
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
            let [packets, stopped, _] = awaited.map(|one| !one.revents().is_empty());
            if stopped {
                return Ok(());
            }
            if packets {
                self.take_in(&mut queue, &mut buffer)?;
            }
        }
    }

    /// Hands on what has arrived.
    fn deliver(&self, queue: &mut Queue) {
        while let Some((at, packet)) = queue.pop_due(now()) {
            // A device that is down takes nothing, like a cable that ends nowhere.
            match self.to.send(&packet) {
                Ok(_) => self.direction.note_late(now().saturating_sub(at)),
                Err(_) => self.direction.count_lost(),
            }
        }
    }

    /// Takes in what waits at the device, as far as it goes at once.
    fn take_in(&mut self, queue: &mut Queue, buffer: &mut [u8]) -> io::Result<()> {
        for _ in 0..PACKETS_AT_ONCE {
            let size = match self.from.recv(buffer) {
                Ok(size) => size,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let packet = &buffer[..size];
            // The kernel's own talk over IPv6 is none of what is measured.
            if packet.first().is_some_and(|first| first >> 4 == IPV4) {
                self.admit(queue, packet);
            }
        }
        Ok(())
    }

    fn admit(&mut self, queue: &mut Queue, packet: &[u8]) {
        if let Some(impairment) = self.direction.impairment() {
            self.schedule.set(impairment);
        }
        self.direction.count_packet();
        match self.schedule.admit(packet.len(), now()) {
            Fate::Lost => self.direction.count_lost(),
            Fate::Arrives(at) if queue.has_room(packet.len()) => queue.push(at, packet.to_vec()),
            Fate::Arrives(_) | Fate::Overflowed => self.direction.count_overflowed(),
        }
    }
}

/// Puts this thread before all that aren't real-time: who delays packets must not be delayed. Where
/// that isn't permitted the lateness in the statistics shows what it costs.
fn go_first() {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
}

/// Time since the machine started.
fn now() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::try_from(now).expect("the machine didn't start in the future")
}

/// Makes the timer readable at a moment, or never. Unlike a timeout of `poll`, it has no slack.
fn set_timer(timer: &OwnedFd, at: Option<Duration>) -> io::Result<()> {
    // 0 turns the timer off, and no packet arrives as early as that.
    let at = Timespec::try_from(at.unwrap_or_default()).map_err(io::Error::other)?;
    let never = Timespec { tv_sec: 0, tv_nsec: 0 };
    let setting = Itimerspec { it_interval: never, it_value: at };
    timerfd_settime(timer, TimerfdTimerFlags::ABSTIME, &setting)?;
    Ok(())
}
