//! Describes the machine that a benchmark runs on.

use std::fmt::{Display, Formatter};

use serde::Serialize;

/// The properties of a machine. Those that can't be read are empty or zero.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The model of the processor.
    pub cpu: String,
    /// The number of cores that this process may use.
    pub cores: usize,
    /// The total memory.
    pub memory_mib: u64,
    /// The release of the kernel.
    pub kernel: String,
    /// The distribution.
    pub os: String,
    /// The load average of the minute before the benchmark; above 1, other programs disturbed it.
    pub load_average: f64,
}

impl Machine {
    /// Reads the properties of this machine.
    pub fn read() -> Self {
        let value = |path: &str, key: &str, separator: char| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let value = text.lines().find_map(|line| {
                let (name, value) = line.split_once(separator)?;
                (name.trim() == key).then(|| value.trim().trim_matches('"').to_owned())
            });
            value.unwrap_or_default()
        };
        let first_word = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
        let memory_kib = first_word(&value("/proc/meminfo", "MemTotal", ':'));
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cpu: value("/proc/cpuinfo", "model name", ':'),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: memory_kib.parse::<u64>().unwrap_or_default() / 1024,
            kernel: kernel.trim().to_owned(),
            os: value("/etc/os-release", "PRETTY_NAME", '='),
            load_average: first_word(&load).parse().unwrap_or_default(),
        }
    }
}

impl Display for Machine {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { cpu, cores, memory_mib, kernel, os, load_average } = self;
        write!(
            formatter,
            "{cpu}, {cores} cores, {memory_mib} MiB, Linux {kernel}, {os}, load {load_average}"
        )
    }
}
