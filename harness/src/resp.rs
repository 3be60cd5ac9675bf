//! The Redis protocol, as far as needed to inspect a server and to imitate one: decodes RESP2 and
//! RESP3, encodes RESP2, and has a client for one command at a time.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Error, Result, within};

/// The deepest nesting of a valid reply.
const DEPTH_MAX: usize = 32;
/// The longest reply; a longer one means that the stream is being decoded wrongly.
pub(crate) const REPLY_BYTES_MAX: usize = 64 * 1024 * 1024;
const READ_BYTES: usize = 16 * 1024;

/// A reply of Redis. Types that exist only in RESP3 become the nearest of RESP2, except pushes.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// `+OK`.
    Simple(String),
    /// `-ERR …`, including the first word.
    Error(String),
    /// `:7`.
    Integer(i64),
    /// `$3`: bytes.
    Bulk(Vec<u8>),
    /// No value.
    Null,
    /// `*2`; a map is an array of alternating keys and values.
    Array(Vec<Reply>),
    /// `>3`, only in RESP3: a message that isn't a reply to a command.
    Push(Vec<Reply>),
}

impl Reply {
    /// The text of a simple, bulk or error reply or of a number; empty for anything else.
    pub fn text(&self) -> String {
        match self {
            Self::Simple(text) | Self::Error(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Null | Self::Array(_) | Self::Push(_) => String::new(),
        }
    }

    /// The number, as an integer or as text.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            other => other.text().parse().ok(),
        }
    }

    /// The items of an array or a push; empty for anything else.
    pub fn items(&self) -> &[Reply] {
        match self {
            Self::Array(items) | Self::Push(items) => items,
            _ => &[],
        }
    }

    /// The text of each item.
    pub fn texts(&self) -> Vec<String> {
        self.items().iter().map(Self::text).collect()
    }

    /// Encodes it in RESP2; a push in RESP3.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encode_into(&mut bytes);
        bytes
    }

    fn encode_into(&self, bytes: &mut Vec<u8>) {
        let mut line = |line: String| bytes.extend_from_slice(line.as_bytes());
        match self {
            Self::Simple(text) => line(format!("+{text}\r\n")),
            Self::Error(text) => line(format!("-{text}\r\n")),
            Self::Integer(number) => line(format!(":{number}\r\n")),
            Self::Null => line("$-1\r\n".to_owned()),
            Self::Bulk(content) => {
                line(format!("${}\r\n", content.len()));
                bytes.extend_from_slice(content);
                bytes.extend_from_slice(b"\r\n");
            }
            Self::Array(items) | Self::Push(items) => {
                let mark = if matches!(self, Self::Push(_)) { '>' } else { '*' };
                line(format!("{mark}{}\r\n", items.len()));
                for item in items {
                    item.encode_into(bytes);
                }
            }
        }
    }
}

/// Encodes a command.
pub fn encode_command(words: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let words = words.iter().map(|word| Reply::Bulk(word.as_ref().to_vec())).collect();
    Reply::Array(words).encode()
}

/// Decodes the reply or command at the start of `bytes`, and returns its length; `None` while it is
/// incomplete.
pub fn decode(bytes: &[u8]) -> Result<Option<(Reply, usize)>> {
    let mut rest = bytes;
    match take(&mut rest, 0)? {
        Some(reply) => Ok(Some((reply, bytes.len() - rest.len()))),
        None if bytes.len() > REPLY_BYTES_MAX => Err(Error::new("a reply never ends")),
        None => Ok(None),
    }
}

fn take(rest: &mut &[u8], depth: usize) -> Result<Option<Reply>> {
    if depth > DEPTH_MAX {
        return Err(Error::new("a reply is nested too deeply"));
    }
    let Some(end) = memchr::memmem::find(rest, b"\r\n") else { return Ok(None) };
    let (line, after) = (&rest[..end], &rest[end + 2..]);
    let Some((mark, value)) = line.split_first() else {
        return Err(Error::new("a reply starts with an empty line"));
    };
    *rest = after;
    let text = || String::from_utf8_lossy(value).into_owned();
    Ok(Some(match mark {
        b'+' | b',' | b'(' => Reply::Simple(text()),
        b'-' => Reply::Error(text()),
        b':' => Reply::Integer(number(value)?),
        b'#' => Reply::Integer(i64::from(value == b"t")),
        b'_' => Reply::Null,
        b'$' | b'=' | b'!' => {
            let Ok(length) = usize::try_from(number(value)?) else { return Ok(Some(Reply::Null)) };
            let whole = length.saturating_add(2);
            if rest.len() < whole {
                return Ok(None);
            }
            let content = rest[..length].to_vec();
            *rest = &rest[whole..];
            match mark {
                b'!' => Reply::Error(String::from_utf8_lossy(&content).into_owned()),
                _ => Reply::Bulk(content),
            }
        }
        b'*' | b'~' | b'>' | b'%' => {
            let Ok(count) = usize::try_from(number(value)?) else { return Ok(Some(Reply::Null)) };
            let count = if *mark == b'%' { count.saturating_mul(2) } else { count };
            let mut items = Vec::new();
            for _ in 0..count {
                let Some(item) = take(rest, depth + 1)? else { return Ok(None) };
                items.push(item);
            }
            if *mark == b'>' { Reply::Push(items) } else { Reply::Array(items) }
        }
        _ => {
            let line = String::from_utf8_lossy(line);
            return Err(Error::new(format!("not a reply of Redis: {line:.80}")));
        }
    }))
}

fn number(value: &[u8]) -> Result<i64> {
    let text = String::from_utf8_lossy(value);
    text.parse().map_err(Error::doing(format_args!("read the number {text:.40}")))
}

/// A connection that sends one command at a time.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    /// Opens a connection.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = within(format!("a connection to {address}"), async {
            TcpStream::connect(address).await.map_err(Error::doing(format!("connect to {address}")))
        })
        .await?;
        stream.set_nodelay(true).map_err(Error::doing("set a connection up"))?;
        Ok(Self { stream, unread: Vec::new() })
    }

    /// Sends a command and returns its reply; an error reply is an error.
    pub async fn command(&mut self, words: &[impl AsRef<[u8]>]) -> Result<Reply> {
        match self.request(words).await? {
            Reply::Error(text) => Err(Error::new(format!("{}: {text}", first_words(words)))),
            reply => Ok(reply),
        }
    }

    /// Sends a command and returns its reply, even an error reply.
    pub async fn request(&mut self, words: &[impl AsRef<[u8]>]) -> Result<Reply> {
        self.send(&encode_command(words)).await?;
        within(format!("a reply to {}", first_words(words)), self.receive()).await
    }

    /// Sends raw bytes.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let stream = &mut self.stream;
        within("Redis to accept bytes", async {
            stream.write_all(bytes).await.map_err(Error::doing("send a command"))
        })
        .await
    }

    /// Waits, without a deadline, for a reply or a push.
    pub async fn receive(&mut self) -> Result<Reply> {
        loop {
            if let Some((reply, length)) = decode(&self.unread)? {
                self.unread.drain(..length);
                return Ok(reply);
            }
            let mut chunk = [0; READ_BYTES];
            let length =
                self.stream.read(&mut chunk).await.map_err(Error::doing("read a reply"))?;
            if length == 0 {
                return Err(Error::new("the connection ended before a reply arrived"));
            }
            self.unread.extend_from_slice(&chunk[..length]);
        }
    }
}

fn first_words(words: &[impl AsRef<[u8]>]) -> String {
    let words = words.iter().take(3).map(|word| String::from_utf8_lossy(word.as_ref()));
    let words: Vec<String> = words.map(|word| format!("{word:.40}")).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resp2_reply_is_decoded_as_it_was_encoded() {
        let reply = Reply::Array(vec![
            Reply::Simple("OK".to_owned()),
            Reply::Error("ERR no".to_owned()),
            Reply::Integer(-7),
            Reply::Bulk(b"a\r\nb".to_vec()),
            Reply::Null,
            Reply::Array(vec![]),
        ]);
        let bytes = reply.encode();
        assert_eq!(decode(&bytes).unwrap(), Some((reply, bytes.len())));
    }

    #[test]
    fn a_reply_is_decoded_only_when_complete() {
        let bytes = encode_command(&["SET", "key", "value"]);
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]).unwrap(), None, "after {length} bytes");
        }
        assert_eq!(decode(&bytes).unwrap().unwrap().0.texts(), ["SET", "key", "value"]);
    }

    #[test]
    fn types_that_only_resp3_has_are_decoded() {
        let bytes = b">2\r\n%1\r\n+k\r\n#t\r\n~2\r\n_\r\n,1.5\r\n+next\r\n";
        let pairs = Reply::Array(vec![Reply::Simple("k".to_owned()), Reply::Integer(1)]);
        let set = Reply::Array(vec![Reply::Null, Reply::Simple("1.5".to_owned())]);
        let push = Reply::Push(vec![pairs, set]);
        assert_eq!(decode(bytes).unwrap(), Some((push, bytes.len() - 7)));
    }

    #[test]
    fn bytes_that_are_not_a_reply_are_an_error() {
        for bytes in [&b"HTTP/1.1 400\r\n"[..], b"\r\n", b":seven\r\n", &b"*1\r\n".repeat(100)] {
            assert!(decode(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
