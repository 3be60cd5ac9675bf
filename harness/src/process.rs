//! What the kernel says about a process.

use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::{Error, Result};

/// Some fields of `/proc/<pid>/stat`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stat {
    /// `R` for running, `T` for stopped, `Z` for ended but not reaped, and so on.
    pub(crate) state: char,
    /// The id of the parent process.
    pub(crate) parent: u32,
    /// The processor time of all threads so far, in user and kernel mode.
    pub(crate) processor_time: Duration,
}

impl Stat {
    /// Reads the fields of a process; `None` if it doesn't exist.
    pub(crate) fn find(pid: u32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The program's name, which may hold spaces and brackets, ends at the last bracket.
        let (_, fields) = text.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks: u64 = fields.get(11..13)?.iter().flat_map(|field| field.parse::<u64>()).sum();
        let seconds = ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
        Some(Self {
            state: fields.first()?.chars().next()?,
            parent: fields.get(1)?.parse().ok()?,
            processor_time: Duration::from_secs_f64(seconds),
        })
    }

    /// Whether the process hasn't ended, even if it is stopped.
    pub(crate) fn is_alive(self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

/// The resident memory, in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<f64> {
    status_kib(pid, "VmRSS:")
}

/// The most resident memory so far, in KiB.
pub(crate) fn peak_kib(pid: u32) -> Result<f64> {
    status_kib(pid, "VmHWM:")
}

fn status_kib(pid: u32, name: &str) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).map_err(Error::doing(format_args!("read {path}")))?;
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix("kB")?.trim().parse().ok())
        .ok_or_else(|| Error::new(format!("{path} has no {name}")))
}

/// The processor time of all threads so far, in user and kernel mode.
pub(crate) fn processor_time(pid: u32) -> Result<Duration> {
    let stat = Stat::find(pid).ok_or_else(|| Error::new(format!("process {pid} has ended")))?;
    Ok(stat.processor_time)
}

/// Sends a signal; does nothing if the process no longer exists.
pub(crate) fn send_signal(pid: u32, signal: Signal) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| Error::new("a process id is out of range"))?;
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(Error::doing("send a signal")(error)),
    }
}

/// Lets this process and its children open as many files as the machine permits.
pub(crate) fn raise_file_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
        .map_err(Error::doing("raise the limit of open files"))
}

/// The cores that this process may use.
pub(crate) fn cores() -> Result<Vec<usize>> {
    let permitted = sched_getaffinity(None).map_err(Error::doing("list the cores"))?;
    Ok((0..CpuSet::MAX_CPU).filter(|core| permitted.is_set(*core)).collect())
}

/// Keeps this thread, and what it starts from now on, on some cores.
pub(crate) fn pin_thread(cores: &[usize]) -> Result<()> {
    let mut permitted = CpuSet::new();
    cores.iter().for_each(|core| permitted.set(*core));
    sched_setaffinity(None, &permitted).map_err(Error::doing("stay on some cores"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn this_process_has_memory_and_uses_processor_time() {
        let pid = std::process::id();
        assert!(resident_kib(pid).unwrap() > 100.0);
        let (before, started) = (processor_time(pid).unwrap(), Instant::now());
        while processor_time(pid).unwrap() == before {
            assert!(started.elapsed() < crate::DEADLINE, "the processor time doesn't increase");
        }
    }

    #[test]
    fn a_process_that_does_not_exist_has_no_stat() {
        assert_eq!(Stat::find(u32::MAX), None);
        let this = Stat::find(std::process::id()).unwrap();
        assert_eq!(this.parent, std::os::unix::process::parent_id());
    }
}
