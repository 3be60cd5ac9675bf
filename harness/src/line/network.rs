//! The server's namespace, the clients' namespaces, and the lines between them.

use std::fmt::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustix::event::{EventfdFlags, eventfd};
use tokio::sync::mpsc;
use tun_rs::SyncDevice;

use super::Refusal;
use super::device::make_device;
use super::direction::Line;
use super::namespace::Namespace;
use super::schedule::Schedule;
use super::shuttle::Shuttle;
use crate::dice::Dice;
use crate::{Error, Result};

/// The most clients that there are addresses for.
pub(crate) const CLIENTS_MAX: usize = 254;
/// The most packets that the kernel queues until a thread takes them.
const KERNEL_QUEUE_PACKETS: usize = 10_000;
/// The largest packet, in bytes, as usual for a tunnel across the internet.
const MTU_BYTES: usize = 1400;

/// A star with the server in the middle. Dropping it removes everything.
#[derive(Debug)]
pub(crate) struct Network {
    lines: Arc<[Line]>,
    threads: Vec<JoinHandle<()>>,
    stop: Arc<OwnedFd>,
    failures: mpsc::Receiver<Error>,
    /// The server's first, then the clients'.
    namespaces: Vec<Namespace>,
}

/// The two ends of a line: the server's and the client's.
type Devices = [Arc<SyncDevice>; 2];

impl Network {
    /// Sets up the network and starts to carry packets, unimpaired.
    pub(crate) fn make(clients: usize, seed: u64) -> std::result::Result<Self, Refusal> {
        let process = std::process::id();
        let server = Namespace::make(format!("ph-{process}-s"))?;
        server.configure("address add 10.77.0.1/32 dev lo\n")?;
        let mut namespaces = vec![server];
        let mut devices = Vec::new();
        for number in 1..=clients {
            namespaces.push(Namespace::make(format!("ph-{process}-{number}"))?);
            devices.push(connect(&namespaces[0], &namespaces[number], number)?);
        }

        let stop = eventfd(0, EventfdFlags::CLOEXEC).map_err(Error::doing("make an event"))?;
        let (failed, failures) = mpsc::channel(2 * clients);
        let lines = (0..clients).map(|_| Line::new()).collect();
        let threads = Vec::new();
        let mut network = Self { lines, threads, stop: Arc::new(stop), failures, namespaces };
        let mut dice = Dice::new(seed);
        for (index, [server, client]) in devices.into_iter().enumerate() {
            let Line { up, down } = &network.lines[index];
            let (up, down) = (Arc::clone(up), Arc::clone(down));
            for (from, to, direction) in [(&client, &server, up), (&server, &client, down)] {
                let (from, to) = (Arc::clone(from), Arc::clone(to));
                let (schedule, stop) = (Schedule::new(dice.split()), Arc::clone(&network.stop));
                let shuttle = Shuttle { from, to, direction, schedule, stop };
                network.threads.push(carry(shuttle, index + 1, failed.clone())?);
            }
        }
        Ok(network)
    }

    /// The lines, in the order of the clients.
    pub(crate) fn lines(&self) -> Arc<[Line]> {
        Arc::clone(&self.lines)
    }

    /// The namespace in which the command runs.
    pub(crate) fn server(&self) -> &Namespace {
        &self.namespaces[0]
    }

    /// All namespaces, the server's first.
    pub(crate) fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    /// The names of the clients' namespaces, separated by commas.
    pub(crate) fn client_names(&self) -> String {
        let names: Vec<&str> = self.namespaces[1..].iter().map(Namespace::name).collect();
        names.join(",")
    }

    /// Waits until a line fails, which normally never happens.
    pub(crate) async fn failed(&mut self) -> Error {
        match self.failures.recv().await {
            Some(error) => error,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = rustix::io::write(&*self.stop, &1_u64.to_ne_bytes());
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Connects the server and a client by a line.
fn connect(
    server: &Namespace,
    client: &Namespace,
    number: usize,
) -> std::result::Result<Devices, Refusal> {
    let name = format!("line{number}");
    let device =
        |namespace| make_device(namespace, &name).map(Arc::new).map_err(Refusal::NotPermitted);
    let devices = [device(server)?, device(client)?];
    let batch = |here, there| {
        format!(
            "address add 10.77.{number}.{here} peer 10.77.{number}.{there} dev {name}\n\
             link set {name} mtu {MTU_BYTES} txqueuelen {KERNEL_QUEUE_PACKETS} up\n"
        )
    };
    server.configure(&batch(1, 2))?;
    let mut batch = batch(2, 1);
    let _ = writeln!(batch, "route add default dev {name}");
    client.configure(&batch)?;
    Ok(devices)
}

/// Starts the thread that carries the packets of one direction of a line.
fn carry(shuttle: Shuttle, number: usize, failed: mpsc::Sender<Error>) -> Result<JoinHandle<()>> {
    let carry = move || {
        if let Err(error) = shuttle.run() {
            let _ = failed.try_send(Error::new(format!("line {number} broke: {error}")));
        }
    };
    thread::Builder::new()
        .name(format!("line {number}"))
        .spawn(carry)
        .map_err(Error::doing("start a thread for a line"))
}
