//! RFC 6455 frames from a client's side: masked out, unmasked in.

/// Opcodes.
pub mod opcode {
    /// More of the message before.
    pub const CONTINUATION: u8 = 0x0;
    /// UTF-8.
    pub const TEXT: u8 = 0x1;
    /// Bytes.
    pub const BINARY: u8 = 0x2;
    /// The end.
    pub const CLOSE: u8 = 0x8;
    /// Asks for a pong.
    pub const PING: u8 = 0x9;
    /// Answers a ping.
    pub const PONG: u8 = 0xA;
}

/// Any key will do: it hides nothing, it only keeps caches from being fooled.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// No server frame is nearly as long; a longer one means that the stream is out of step.
const PAYLOAD_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// One frame of a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServerFrame<'a> {
    /// One of [`opcode`].
    pub opcode: u8,
    /// Whether the message ends here.
    pub fin: bool,
    /// What it carries.
    pub payload: &'a [u8],
    /// How many bytes the whole frame takes.
    pub length: usize,
}

/// A whole, masked frame.
pub fn encode_client(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(0x80 | opcode);
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// The frame at the start of `bytes`; `None` while it isn't whole.
pub fn decode_server(bytes: &[u8]) -> Result<Option<ServerFrame<'_>>, &'static str> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err("the server set a reserved bit");
    }
    if second & 0x80 != 0 {
        return Err("the server masked a frame");
    }
    let (payload_length, header) = match second & 0x7f {
        126 => match rest.first_chunk() {
            Some(length) => (u64::from(u16::from_be_bytes(*length)), 4),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(length) => (u64::from_be_bytes(*length), 10),
            None => return Ok(None),
        },
        length => (u64::from(length), 2),
    };
    if payload_length > PAYLOAD_BYTES_MAX {
        return Err("the server announced a frame of more than 16 MiB");
    }
    let length = header + payload_length as usize;
    let Some(payload) = bytes.get(header..length) else { return Ok(None) };
    Ok(Some(ServerFrame { opcode: first & 0x0f, fin: first & 0x80 != 0, payload, length }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_whatever_its_length_and_only_when_whole() {
        for length in [0usize, 1, 125, 126, 127, 65_535, 65_536] {
            let bytes = server_frame(length);
            let frame = decode_server(&bytes).unwrap().expect("the frame is whole");
            assert_eq!((frame.opcode, frame.fin, frame.length), (opcode::TEXT, true, bytes.len()));
            assert_eq!(frame.payload.len(), length);
            for cut in [0, 1, 2, 3, 4, 9, 10, bytes.len() - 1] {
                let part = &bytes[..cut.min(bytes.len() - 1)];
                assert_eq!(decode_server(part), Ok(None), "{length} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_masked_or_reserved_or_endless_frame_is_an_error() {
        assert!(decode_server(&encode_client(opcode::TEXT, b"x")).is_err());
        assert!(decode_server(&[0xc1, 0]).is_err());
        assert!(decode_server(&[0x81, 127, 0xff, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }

    fn server_frame(length: usize) -> Vec<u8> {
        let mut bytes = encode_client(opcode::TEXT, &vec![b'a'; length]);
        let header = bytes.len() - length - MASK.len();
        bytes.drain(header..header + MASK.len());
        bytes[1] &= 0x7f;
        bytes
    }
}
