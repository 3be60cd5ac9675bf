//! A loopback port that stays reserved while nothing listens on it.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use crate::{Error, Result};

/// The most connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// A port that is bound, but not listened on: connections are refused, the kernel gives it to no
/// other process, and listeners that set `SO_REUSEADDR`, here or in a child process, may come and go.
#[derive(Debug)]
pub struct ReservedPort {
    address: SocketAddr,
    _bound: TcpSocket,
}

impl ReservedPort {
    /// Reserves a free loopback port.
    pub fn take() -> Result<Self> {
        let bound = TcpSocket::new_v4().map_err(Error::doing("make a socket"))?;
        bound
            .bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .map_err(Error::doing("take a free port"))?;
        // Set only now, so that no shared port is chosen.
        bound.set_reuseaddr(true).map_err(Error::doing("share a port with its listener"))?;
        let address = bound.local_addr().map_err(Error::doing("learn the port"))?;
        Ok(Self { address, _bound: bound })
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port number.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Listens on it.
    pub(crate) fn listen(&self) -> Result<TcpListener> {
        let socket = TcpSocket::new_v4().map_err(Error::doing("make a socket"))?;
        socket.set_reuseaddr(true).map_err(Error::doing("share a port"))?;
        socket.bind(self.address).map_err(Error::doing("take our port again"))?;
        socket.listen(BACKLOG).map_err(Error::doing("listen"))
    }
}
