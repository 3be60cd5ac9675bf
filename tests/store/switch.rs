//! An address that leads to one server, and after a failover to another.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running switch. It stops when it is dropped.
pub struct Switch {
    address: SocketAddr,
    upstream: watch::Sender<SocketAddr>,
    task: JoinHandle<()>,
}

impl Switch {
    /// Starts a switch that leads to `upstream`.
    pub async fn to(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let upstream = watch::Sender::new(upstream);
        let leads_to = upstream.subscribe();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, leads_to.clone()));
            }
        });
        Self { address, upstream, task }
    }

    /// Its address as a URL, `redis://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Leads to another server from now on, and closes the connections to the one before.
    pub fn turn(&self, upstream: SocketAddr) {
        self.upstream.send_replace(upstream);
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(mut client: TcpStream, mut leads_to: watch::Receiver<SocketAddr>) {
    let address = *leads_to.borrow_and_update();
    let Ok(mut server) = TcpStream::connect(address).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = leads_to.changed() => {}
    }
}
