//! Reads thousands of WebSockets on one thread, in one or two microseconds per frame.
//!
//! Frames of a server are unmasked, so a text is a slice of one shared buffer. No JSON is parsed.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream as StdTcpStream;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::frame::{self, opcode};
use crate::{Error, Result};

const BUFFER_BYTES: usize = 256 * 1024;
const EVENTS_PER_POLL: usize = 1024;

/// Many connections, with the incomplete frames of each.
#[derive(Debug)]
pub struct Reader {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
}

/// What a connection received.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Incoming<'a> {
    /// A complete text message.
    Text(&'a [u8]),
    /// The end of the connection, with the reason. Nothing follows it.
    Closed(&'a str),
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// The start of an incomplete frame.
    carry: Vec<u8>,
    open: bool,
}

impl Reader {
    /// A reader without connections.
    pub fn new() -> Result<Self> {
        Ok(Self {
            poll: Poll::new().map_err(Error::doing("open an event queue"))?,
            events: Events::with_capacity(EVENTS_PER_POLL),
            connections: Vec::new(),
            buffer: vec![0; BUFFER_BYTES],
        })
    }

    /// Takes over a connection after its upgrade, and the bytes `unread` that were read from it;
    /// returns its number, from 0.
    pub fn add(&mut self, stream: StdTcpStream, unread: Vec<u8>) -> Result<usize> {
        let failed = || Error::doing::<std::io::Error>("take over a connection");
        stream.set_nonblocking(true).map_err(failed())?;
        let mut stream = TcpStream::from_std(stream);
        let number = self.connections.len();
        self.poll
            .registry()
            .register(&mut stream, Token(number), Interest::READABLE)
            .map_err(failed())?;
        self.connections.push(Connection { stream, carry: unread, open: true });
        Ok(number)
    }

    /// Waits at most `timeout`, and calls `receive` for everything that arrived, with the number of the
    /// connection and the time it was read. Responds to pings.
    pub fn poll(
        &mut self,
        timeout: Duration,
        mut receive: impl FnMut(usize, Instant, Incoming<'_>),
    ) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            result => result.map_err(Error::doing("wait for events"))?,
        }
        for event in &self.events {
            let Token(number) = event.token();
            let connection = &mut self.connections[number];
            let receive = |at: Instant, incoming: Incoming<'_>| receive(number, at, incoming);
            connection.read(&mut self.buffer, receive);
        }
        Ok(())
    }

    /// Sends a text message; fails if the socket doesn't accept it at once.
    pub fn send_text(&mut self, number: usize, text: &[u8]) -> Result<()> {
        self.connections[number].send(opcode::TEXT, text)
    }

    /// Closes every connection.
    pub fn clear(&mut self) {
        self.connections.clear();
    }
}

impl Connection {
    fn read(&mut self, buffer: &mut [u8], mut receive: impl FnMut(Instant, Incoming<'_>)) {
        while self.open {
            let ended = match self.stream.read(buffer) {
                Ok(0) => "the connection ended without a close frame".to_owned(),
                Ok(length) => {
                    let at = Instant::now();
                    let mut receive = |incoming: Incoming<'_>| receive(at, incoming);
                    match self.take_bytes(&buffer[..length], &mut receive) {
                        Err(ended) => ended,
                        // A short read has read everything; further bytes raise another event.
                        Ok(()) if length < buffer.len() => return,
                        Ok(()) => continue,
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => error.to_string(),
            };
            self.open = false;
            receive(Instant::now(), Incoming::Closed(&ended));
        }
    }

    /// Passes on every complete frame and keeps the rest; the error is the reason why the connection
    /// has ended.
    fn take_bytes(
        &mut self,
        bytes: &[u8],
        receive: &mut impl FnMut(Incoming<'_>),
    ) -> std::result::Result<(), String> {
        let mut carry = std::mem::take(&mut self.carry);
        let all = if carry.is_empty() {
            bytes
        } else {
            carry.extend_from_slice(bytes);
            &carry
        };
        let mut rest = all;
        while let Some(frame) = frame::decode_server(rest)? {
            rest = &rest[frame.length..];
            match frame.opcode {
                opcode::TEXT if frame.fin => receive(Incoming::Text(frame.payload)),
                opcode::PING => {
                    self.send(opcode::PONG, frame.payload).map_err(|error| error.to_string())?;
                }
                opcode::PONG => {}
                opcode::CLOSE => return Err(closed(frame.payload)),
                other => return Err(format!("received a frame of opcode {other}, or a fragment")),
            }
        }
        self.carry = rest.to_vec();
        Ok(())
    }

    fn send(&mut self, opcode: u8, payload: &[u8]) -> Result<()> {
        let frame = frame::encode_client(opcode, payload);
        match self.stream.write(&frame) {
            Ok(written) if written == frame.len() => Ok(()),
            Ok(_) => Err(Error::new("a socket accepted only a part of a frame")),
            Err(error) => Err(Error::doing("send a frame")(error)),
        }
    }
}

fn closed(payload: &[u8]) -> String {
    match payload {
        [high, low, reason @ ..] => {
            let close_code = u16::from_be_bytes([*high, *low]);
            format!("{close_code} {}", String::from_utf8_lossy(reason))
        }
        _ => "closed without a code".to_owned(),
    }
}
