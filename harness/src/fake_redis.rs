//! A Redis that misbehaves: a [`FaultProxy`] in front of a real one, which responds to chosen commands
//! itself and duplicates, reorders, delays or drops published messages.

mod conversation;

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::conversation::Conversation;
use crate::fault_proxy::FaultProxy;
use crate::fault_proxy::dialogue::Piece;
use crate::resp::Reply;
use crate::{Error, Result};

/// A running fake. It has all faults of a [`FaultProxy`] too; its `swallow_replies` and `garble` hit
/// exactly the right reply, however many commands are in progress.
#[derive(Debug)]
pub struct FakeRedis {
    proxy: FaultProxy,
    rules: Arc<Mutex<Rules>>,
}

/// What a command gets instead of being carried out.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// A valid reply, such as an error.
    Reply(Reply),
    /// Any bytes, which needn't be a valid reply.
    Bytes(Vec<u8>),
    /// A string of 2 GiB at about 4 MB per second.
    EndlessBulk,
    /// Arrays nested to this depth.
    Nested(usize),
    /// The first half of a reply, and then nothing more on this connection.
    HalfThenSilence(Reply),
    /// The end of the connection.
    Close,
}

/// A fault in the delivery of published messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PushFault {
    /// Each message arrives twice.
    Duplicate,
    /// The second message arrives before the first, the fourth before the third.
    ReorderPairs,
    /// Each message arrives when this many more have been published.
    DelayBy(usize),
    /// Every n-th message is lost.
    DropEvery(usize),
}

/// The responses to commands and the fault of messages.
#[derive(Debug, Default)]
struct Rules {
    responses: Vec<Rule>,
    responded: usize,
    push_fault: Option<PushFault>,
    push_faults: usize,
}

#[derive(Debug)]
struct Rule {
    /// The first words of the command, in lower case.
    command: Vec<String>,
    response: Response,
    /// How often it still applies; `None` means always.
    left: Option<usize>,
}

impl FakeRedis {
    /// Starts in front of the Redis at `upstream`; at first, everything passes.
    pub async fn start(upstream: SocketAddr) -> Result<Self> {
        let rules = Arc::new(Mutex::new(Rules::default()));
        let same = Arc::clone(&rules);
        let proxy = FaultProxy::start_with(upstream, move |shared| {
            Box::new(Conversation::new(Arc::clone(shared), Arc::clone(&same)))
        });
        Ok(Self { proxy: proxy.await?, rules })
    }

    /// `redis://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Gives this response to every command that starts with the words of `command` (`EVALSHA`,
    /// `SCRIPT LOAD`) instead of carrying it out. The last rule that applies wins.
    pub fn respond(&self, command: &str, response: Response) {
        self.add(command, response, None);
    }

    /// Does the same for the next `times` commands only.
    pub fn respond_times(&self, command: &str, response: Response, times: usize) {
        self.add(command, response, Some(times));
    }

    /// Does the same with an error such as `"READONLY You can't write against a read only replica."`.
    pub fn respond_error(&self, command: &str, error: &str) {
        self.respond(command, Response::Reply(Reply::Error(error.to_owned())));
    }

    /// Removes every rule.
    pub fn clear_responses(&self) {
        self.rules().responses.clear();
    }

    /// The number of commands that a rule has applied to so far.
    pub fn responded(&self) -> usize {
        self.rules().responded
    }

    /// Sets the fault of messages from now on; after `None`, the messages held back arrive with the
    /// next one.
    pub fn push_fault(&self, fault: Option<PushFault>) {
        self.rules().push_fault = fault;
    }

    /// The number of messages that a fault has affected so far.
    pub fn push_faults(&self) -> usize {
        self.rules().push_faults
    }

    fn add(&self, command: &str, response: Response, left: Option<usize>) {
        let command = command.split_whitespace().map(str::to_lowercase).collect();
        self.rules().responses.push(Rule { command, response, left });
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        lock(&self.rules)
    }
}

impl Deref for FakeRedis {
    type Target = FaultProxy;

    fn deref(&self) -> &FaultProxy {
        &self.proxy
    }
}

impl Rules {
    /// The response to a command, if a rule applies; counts it.
    fn response_to(&mut self, command: &Reply) -> Option<Response> {
        let words = command.items();
        let rule = self.responses.iter_mut().rev().find(|rule| {
            rule.left != Some(0)
                && rule.command.len() <= words.len()
                && rule
                    .command
                    .iter()
                    .zip(words)
                    .all(|(wanted, word)| wanted.eq_ignore_ascii_case(&word.text()))
        })?;
        rule.left = rule.left.map(|left| left - 1);
        self.responded += 1;
        Some(rule.response.clone())
    }
}

fn lock(rules: &Mutex<Rules>) -> MutexGuard<'_, Rules> {
    rules.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Response {
    fn into_piece(self) -> Piece {
        match self {
            Self::Reply(reply) => Piece::Bytes(reply.encode()),
            Self::Bytes(bytes) => Piece::Bytes(bytes),
            Self::EndlessBulk => Piece::Endless(b"$2147483647\r\n".to_vec()),
            Self::Nested(depth) => Piece::Bytes(b"*1\r\n".repeat(depth)),
            Self::HalfThenSilence(reply) => {
                let bytes = reply.encode();
                Piece::Silence(bytes[..bytes.len() / 2].to_vec())
            }
            Self::Close => Piece::Close,
        }
    }
}

/// Closes a connection whose bytes can't be decoded.
fn close_undecodable(error: &Error) -> Piece {
    eprintln!("the fake Redis closes a connection: {error}");
    Piece::Close
}
