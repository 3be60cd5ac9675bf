//! The server's namespace, the clients', and the links between them.

use std::fmt::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustix::event::{EventfdFlags, eventfd};
use tokio::sync::mpsc;
use tun_rs::SyncDevice;

use super::Refusal;
use super::device::make_device;
use super::direction::Link;
use super::namespace::Namespace;
use super::schedule::Schedule;
use super::shuttle::Shuttle;
use crate::prove::Dice;
use crate::{Error, Result};

/// How many clients there are addresses for.
pub(crate) const CLIENTS_MAX: usize = 254;
/// How many packets wait in the kernel until a thread takes them.
const KERNEL_QUEUE_PACKETS: usize = 10_000;
/// The largest packet, in bytes: what a tunnel across the internet usually leaves.
const MTU_BYTES: usize = 1400;

/// A star: the server in the middle. Dropping it removes everything.
#[derive(Debug)]
pub(crate) struct Network {
    links: Arc<[Link]>,
    threads: Vec<JoinHandle<()>>,
    stop: Arc<OwnedFd>,
    failures: mpsc::Receiver<Error>,
    /// The server's, then the clients'.
    namespaces: Vec<Namespace>,
}

/// The two ends of a link, server's and client's.
type Devices = [Arc<SyncDevice>; 2];

impl Network {
    /// Makes it, and starts to carry packets unimpaired.
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
        let links = (0..clients).map(|_| Link::new()).collect();
        let threads = Vec::new();
        let mut network = Self { links, threads, stop: Arc::new(stop), failures, namespaces };
        let mut dice = Dice::new(seed);
        for (index, [server, client]) in devices.into_iter().enumerate() {
            let Link { up, down } = &network.links[index];
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

    /// In the order of the clients.
    pub(crate) fn links(&self) -> Arc<[Link]> {
        Arc::clone(&self.links)
    }

    /// Where the command runs.
    pub(crate) fn server(&self) -> &Namespace {
        &self.namespaces[0]
    }

    /// All.
    pub(crate) fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    /// The names of the clients' namespaces, with commas.
    pub(crate) fn client_names(&self) -> String {
        let names: Vec<&str> = self.namespaces[1..].iter().map(Namespace::name).collect();
        names.join(",")
    }

    /// Waits until a link can carry no more, which is not to be expected.
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

/// Puts a link between the server and a client, each at its end.
fn connect(
    server: &Namespace,
    client: &Namespace,
    number: usize,
) -> std::result::Result<Devices, Refusal> {
    let name = format!("link{number}");
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

fn carry(shuttle: Shuttle, number: usize, failed: mpsc::Sender<Error>) -> Result<JoinHandle<()>> {
    let carry = move || {
        if let Err(error) = shuttle.run() {
            let _ = failed.try_send(Error::new(format!("link {number} broke: {error}")));
        }
    };
    thread::Builder::new()
        .name(format!("link {number}"))
        .spawn(carry)
        .map_err(Error::doing("start a thread for a link"))
}
