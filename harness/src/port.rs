//! A loopback port that stays ours while nobody listens on it.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use crate::{Error, Result};

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A port bound, but not listened on: connecting is refused, nobody else is given it, and a
/// listener of ours (or of a child that sets `SO_REUSEADDR`) may come and go.
#[derive(Debug)]
pub struct ReservedPort {
    address: SocketAddr,
    _bound: TcpSocket,
}

impl ReservedPort {
    /// Takes a free port of the loopback.
    pub fn take() -> Result<Self> {
        let bound = TcpSocket::new_v4().map_err(Error::doing("make a socket"))?;
        bound
            .bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .map_err(Error::doing("take a free port"))?;
        // Only now, so that the port chosen was nobody's.
        bound.set_reuseaddr(true).map_err(Error::doing("share a port with its listener"))?;
        let address = bound.local_addr().map_err(Error::doing("learn the port"))?;
        Ok(Self { address, _bound: bound })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its number.
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
