//! Network namespaces with names, made and removed through `ip` (iproute2).

use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, RawPid};

use super::Refusal;
use crate::{Error, Result};

/// Where `ip netns` keeps its names.
const NAMES: &str = "/run/netns";
/// How often `ip` is run again that a signal ended.
const INTERRUPTED_MAX: usize = 5;

/// A network namespace; dropping it removes it.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes one, with its loopback up.
    pub(crate) fn make(name: String) -> std::result::Result<Self, Refusal> {
        if Path::new(NAMES).join(&name).exists() {
            return Err(Refusal::Failed(Error::new(format!(
                "namespace {name} is left of a run that was killed; `ip netns delete {name}` \
                 removes it"
            ))));
        }
        ip(&["netns", "add", &name], "").map_err(Refusal::NotPermitted)?;
        let namespace = Self { name };
        namespace.configure("link set lo up\n").map_err(Refusal::NotPermitted)?;
        Ok(namespace)
    }

    /// As `ip netns` knows it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What a thread opens to enter it.
    pub(crate) fn path(&self) -> PathBuf {
        Path::new(NAMES).join(&self.name)
    }

    /// Carries out a batch of `ip` commands in it, one a line.
    pub(crate) fn configure(&self, batch: &str) -> Result<()> {
        ip(&["-n", &self.name, "-batch", "-"], batch).map(drop)
    }

    /// The processes in it.
    pub(crate) fn processes(&self) -> Result<Vec<Pid>> {
        let printed = ip(&["netns", "pids", &self.name], "")?;
        let ids = printed.split_whitespace().flat_map(str::parse::<RawPid>);
        Ok(ids.filter_map(Pid::from_raw).collect())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Err(error) = ip(&["netns", "delete", &self.name], "") {
            // Not `eprintln`, which panics where nobody listens any more.
            let _ = writeln!(std::io::stderr(), "playhead-harness: {error}");
        }
    }
}

/// Runs `ip` and gives what it printed; an error has what it complained of.
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

/// Runs `ip` once. A terminal's Ctrl-C is for this program, which still has to remove what it made;
/// so `ip` is in a process group of its own. Until it is, before it has done anything, a Ctrl-C
/// may still end it.
fn run_ip(arguments: &[&str], input: &str) -> Result<Output> {
    let mut child = Command::new("ip")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(Error::doing("run `ip` of iproute2"))?;
    // Ends with this statement, so that `ip` sees the end. One that doesn't read it says why not.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    child.wait_with_output().map_err(Error::doing("wait for `ip`"))
}
