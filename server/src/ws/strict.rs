//! What the WebSocket library doesn't look at in the frames that come in (RFC 6455): a length takes as few bytes
//! as it can and has no highest bit (section 5.2), and 1014 is a registered close code (section 7.4.2).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The code of a gateway that got a bad answer. The library takes it for one that must not be sent.
pub const BAD_GATEWAY: u16 = 1014;
/// The longest head of a frame, in bytes.
const HEAD_BYTES_MAX: usize = 14;
/// The first byte of a close frame that is whole.
const CLOSE: u8 = 0x88;
/// The longest payload of a close frame, in bytes.
const CLOSE_BYTES_MAX: u64 = 125;
const MASK_BYTES: usize = 4;

/// The bytes of a connection after its upgrade. They end before the first frame that the library would judge
/// wrongly.
#[derive(Debug)]
pub struct Strict<S> {
    stream: S,
    frames: Frames,
    stop: Option<Stop>,
}

/// Why nothing more is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Stop {
    /// A length takes more bytes than it needs, or has its highest bit set.
    #[error("a malformed length")]
    BadLength,
    /// A close frame came, with the code 1014.
    #[error("closed by a gateway")]
    BadGateway,
}

impl Stop {
    /// Finds out whether an error of the stream is one of these.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref().and_then(|error| error.downcast_ref::<Self>()).copied()
    }
}

/// Where in its frames the stream is.
#[derive(Debug, Default)]
struct Frames {
    /// The head that is coming in.
    head: [u8; HEAD_BYTES_MAX],
    head_bytes: usize,
    /// How much of the payload is still to come.
    payload_left: u64,
    /// The payload of a close frame, with its mask.
    close: Option<(Vec<u8>, [u8; MASK_BYTES])>,
}

impl<S> Strict<S> {
    /// Reads a stream from the first byte after its upgrade.
    pub fn new(stream: S) -> Self {
        Self { stream, frames: Frames::default(), stop: None }
    }
}

impl Frames {
    /// Takes in the next bytes. Returns where among them the frame begins that ends the reading, if one does.
    fn take(&mut self, bytes: &[u8]) -> Option<(usize, Stop)> {
        let (mut at, mut begins_at) = (0, 0);
        while at < bytes.len() {
            if self.payload_left > 0 {
                let left = usize::try_from(self.payload_left).unwrap_or(usize::MAX);
                let piece = &bytes[at..at + left.min(bytes.len() - at)];
                at += piece.len();
                self.payload_left -= piece.len() as u64;
                if self.closes_as_gateway(piece) {
                    return Some((begins_at, Stop::BadGateway));
                }
                continue;
            }
            if self.head_bytes == 0 {
                begins_at = at;
            }
            self.head[self.head_bytes] = bytes[at];
            self.head_bytes += 1;
            at += 1;
            if self.head_is_whole() && !self.take_head() {
                return Some((begins_at, Stop::BadLength));
            }
        }
        None
    }

    fn head_is_whole(&self) -> bool {
        let mask_bytes = if self.is_masked() { MASK_BYTES } else { 0 };
        self.head_bytes >= 2 && self.head_bytes == 2 + self.length_bytes() + mask_bytes
    }

    /// Begins the payload. Returns whether its length is written as it has to be.
    fn take_head(&mut self) -> bool {
        let length_bytes = self.length_bytes();
        let extended = self.head[2..2 + length_bytes].iter();
        let extended = extended.fold(0, |length, byte| length << 8 | u64::from(*byte));
        let (length, is_minimal) = match length_bytes {
            0 => (u64::from(self.head[1] & 0x7f), true),
            2 => (extended, extended > 125),
            _ => (extended, extended > u64::from(u16::MAX) && extended >> 63 == 0),
        };
        let is_close = self.head[0] == CLOSE && self.is_masked() && length <= CLOSE_BYTES_MAX;
        self.close = is_close.then(|| {
            let mut mask = [0; MASK_BYTES];
            mask.copy_from_slice(&self.head[self.head_bytes - MASK_BYTES..self.head_bytes]);
            (Vec::new(), mask)
        });
        self.head_bytes = 0;
        self.payload_left = length;
        is_minimal
    }

    /// Takes in a piece of a payload. Returns whether it completes a close frame that has the code 1014.
    fn closes_as_gateway(&mut self, piece: &[u8]) -> bool {
        let Some((payload, mask)) = &mut self.close else { return false };
        payload.extend_from_slice(piece);
        if self.payload_left > 0 {
            return false;
        }
        let unmasked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        let unmasked: Vec<u8> = unmasked.collect();
        self.close = None;
        let reason = unmasked.strip_prefix(&BAD_GATEWAY.to_be_bytes());
        reason.is_some_and(|reason| str::from_utf8(reason).is_ok())
    }

    /// How many bytes the length takes beyond the first.
    fn length_bytes(&self) -> usize {
        match self.head[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        }
    }

    fn is_masked(&self) -> bool {
        self.head[1] & 0x80 != 0
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stopped = |stop| Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, stop)));
        if let Some(stop) = self.stop {
            return stopped(stop);
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if let Some((at, stop)) = self.frames.take(&buffer.filled()[before..]) {
            self.stop = Some(stop);
            // What came before is still handled.
            buffer.set_filled(before + at);
            if at == 0 {
                return stopped(stop);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_followed_however_they_are_cut_and_the_first_bad_one_is_found() {
        let good = [
            &[0x81, 0x82, 1, 2, 3, 4, 5, 6][..],
            &[0x89, 0x80, 1, 2, 3, 4],
            &[0x81, 0xfe, 0, 126, 1, 2, 3, 4],
            &[0xff; 126],
        ]
        .concat();
        // Masked by zeros, and by something else.
        let gateway = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xf6];
        let masked = [0x88, 0x83, 9, 8, 7, 6, 0x03 ^ 9, 0xf6 ^ 8, b'x' ^ 7];
        for (frame, stop) in [
            (&[0x81, 0xfe, 0, 125][..], Some(Stop::BadLength)),
            (&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff], Some(Stop::BadLength)),
            (&[0x81, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0], Some(Stop::BadLength)),
            (&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0], None),
            (&gateway, Some(Stop::BadGateway)),
            (&masked, Some(Stop::BadGateway)),
            (&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8], None),
            // A reason that is no UTF-8 is for the library.
            (&[0x88, 0x83, 0, 0, 0, 0, 0x03, 0xf6, 0xff], None),
        ] {
            let is_head = frame[0] == 0x81;
            let mask = if is_head { &[0; 4][..] } else { &[] };
            let all = [&good, frame, mask].concat();
            let whole = Frames::default().take(&all);
            assert_eq!(whole, stop.map(|stop| (good.len(), stop)), "{frame:?}");
            let mut frames = Frames::default();
            let found = all.iter().find_map(|byte| frames.take(&[*byte]));
            assert_eq!(found, stop.map(|stop| (0, stop)), "{frame:?}, byte by byte");
        }
    }
}
