//! Named network namespaces, created and removed with `ip` (iproute2).

use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, RawPid};

use super::Refusal;
use crate::{Error, Result};

/// The directory in which `ip netns` keeps the names.
const NAMES: &str = "/run/netns";
/// How often `ip` is run again if a signal ended it.
const INTERRUPTED_MAX: usize = 5;

/// A network namespace; dropping it removes it.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    /// Creates a namespace with its loopback device up.
    pub(crate) fn make(name: String) -> std::result::Result<Self, Refusal> {
        if Path::new(NAMES).join(&name).exists() {
            return Err(Refusal::Failed(Error::new(format!(
                "namespace {name} is left over from a run that was killed; `ip netns delete {name}` \
                 removes it"
            ))));
        }
        ip(&["netns", "add", &name], "").map_err(Refusal::NotPermitted)?;
        let namespace = Self { name };
        namespace.configure("link set lo up\n").map_err(Refusal::NotPermitted)?;
        Ok(namespace)
    }

    /// The name, as in `ip netns`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The file that a thread opens to enter the namespace.
    pub(crate) fn path(&self) -> PathBuf {
        Path::new(NAMES).join(&self.name)
    }

    /// Runs a batch of `ip` commands in the namespace, one per line.
    pub(crate) fn configure(&self, batch: &str) -> Result<()> {
        ip(&["-n", &self.name, "-batch", "-"], batch).map(drop)
    }

    /// The processes in the namespace.
    pub(crate) fn processes(&self) -> Result<Vec<Pid>> {
        let printed = ip(&["netns", "pids", &self.name], "")?;
        let ids = printed.split_whitespace().flat_map(str::parse::<RawPid>);
        Ok(ids.filter_map(Pid::from_raw).collect())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Err(error) = ip(&["netns", "delete", &self.name], "") {
            // Not `eprintln`, which panics if standard error is closed.
            let _ = writeln!(std::io::stderr(), "playhead-harness: {error}");
        }
    }
}

/// Runs `ip` and returns its output; the error holds what it wrote to standard error.
fn ip(arguments: &[&str], input: &str) -> Result<String> {
    let what = format!("ip {}", arguments.join(" "));
    let mut output = run_ip(arguments, input)?;
    for _ in 0..INTERRUPTED_MAX {
        if output.status.signal().is_none() {
            break;
        }
        output = run_ip(arguments, input)?;
    }
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let complaint = complaint.split('\n').map(str::trim).filter(|line| !line.is_empty());
        let complaint: Vec<&str> = complaint.collect();
        let (status, complaint) = (output.status, complaint.join("; "));
        return Err(Error::new(format!("{what}: {status}: {complaint}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs `ip` once, in its own process group: Ctrl-C in a terminal must reach this program alone,
/// which still has to remove what it created. A Ctrl-C may end `ip` only before it joins that group,
/// when it hasn't done anything yet.
fn run_ip(arguments: &[&str], input: &str) -> Result<Output> {
    let mut child = Command::new("ip")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(Error::doing("run `ip` of iproute2"))?;
    // Closes the pipe, so that `ip` sees the end of its input. If `ip` doesn't read it, its error
    // says why.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    child.wait_with_output().map_err(Error::doing("wait for `ip`"))
}
