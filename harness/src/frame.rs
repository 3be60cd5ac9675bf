//! WebSocket frames (RFC 6455) as a client sends and receives them.

/// The opcodes of frames.
pub mod opcode {
    /// Continues a message.
    pub const CONTINUATION: u8 = 0x0;
    /// A UTF-8 message.
    pub const TEXT: u8 = 0x1;
    /// A binary message.
    pub const BINARY: u8 = 0x2;
    /// Closes the connection.
    pub const CLOSE: u8 = 0x8;
    /// Requests a pong.
    pub const PING: u8 = 0x9;
    /// Responds to a ping.
    pub const PONG: u8 = 0xA;
}

/// The masking key. Any will do, since masking only protects proxies' caches.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// The longest payload; a longer one means that the stream is being decoded wrongly.
const PAYLOAD_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A frame that a server sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ServerFrame<'a> {
    /// One of [`opcode`].
    pub opcode: u8,
    /// Whether it is the last frame of its message.
    pub fin: bool,
    /// The payload.
    pub payload: &'a [u8],
    /// The length of the whole frame in bytes.
    pub length: usize,
}

/// A complete frame of a client, masked.
pub fn encode_client(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = encode_header(opcode, payload.len(), 0x80);
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A complete frame of a server, unmasked.
pub(crate) fn encode_server(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = encode_header(opcode, payload.len(), 0);
    frame.extend_from_slice(payload);
    frame
}

fn encode_header(opcode: u8, length: usize, mask_bit: u8) -> Vec<u8> {
    let mut header = Vec::with_capacity(length + 14);
    header.push(0x80 | opcode);
    match length {
        0..=125 => header.push(mask_bit | length as u8),
        126..=0xffff => {
            header.push(mask_bit | 126);
            header.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            header.push(mask_bit | 127);
            header.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    header
}

/// Decodes the frame at the start of `bytes`; `None` while it is incomplete.
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
    fn a_frame_of_any_length_is_decoded_when_complete() {
        for length in [0usize, 1, 125, 126, 127, 65_535, 65_536] {
            let bytes = encode_server(opcode::TEXT, &vec![b'a'; length]);
            let frame = decode_server(&bytes).unwrap().expect("the frame is complete");
            assert_eq!((frame.opcode, frame.fin, frame.length), (opcode::TEXT, true, bytes.len()));
            assert_eq!(frame.payload.len(), length);
            for cut in [0, 1, 2, 3, 4, 9, 10, bytes.len() - 1] {
                let part = &bytes[..cut.min(bytes.len() - 1)];
                assert_eq!(decode_server(part), Ok(None), "{length} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_masked_reserved_or_endless_frame_is_an_error() {
        assert!(decode_server(&encode_client(opcode::TEXT, b"x")).is_err());
        assert!(decode_server(&[0xc1, 0]).is_err());
        assert!(decode_server(&[0x81, 127, 0xff, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }
}
