//! What the kernel says about a process.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{Error, Result};

/// Resident memory, in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).map_err(Error::doing(format_args!("read {path}")))?;
    text.lines()
        .find_map(|line| {
            line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse().ok()
        })
        .ok_or_else(|| Error::new(format!("{path} tells no VmRSS")))
}

/// Processor time so far, of all its threads, in user and kernel.
pub(crate) fn processor_time(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).map_err(Error::doing(format_args!("read {path}")))?;
    // The name before the last bracket may hold spaces; the state is the first field after it.
    let fields = text.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).flat_map(str::parse::<u64>).sum();
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// Lets this process and those it starts open as many files as the machine permits.
pub(crate) fn raise_file_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
        .map_err(Error::doing("raise the limit of open files"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn this_process_has_memory_and_burns_time() {
        let pid = std::process::id();
        assert!(resident_kib(pid).unwrap() > 100.0);
        let (before, started) = (processor_time(pid).unwrap(), Instant::now());
        while processor_time(pid).unwrap() == before {
            assert!(started.elapsed() < crate::DEADLINE, "the time stands");
        }
    }
}
