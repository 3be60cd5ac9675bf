//! What the numbers were measured on.

use std::fmt::{Display, Formatter};

use serde::Serialize;

/// The facts of a machine. What can't be read is empty or zero.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's model.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// All memory.
    pub memory_mib: u64,
    /// The kernel's release.
    pub kernel: String,
    /// The distribution.
    pub os: String,
    /// Load over the last minute when the bench began: above 1 others were measured too.
    pub load_average: f64,
}

impl Machine {
    /// This one, now.
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
