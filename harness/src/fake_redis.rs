//! A Redis that lies: a [`FaultProxy`] before a real one that understands what passes, answers
//! chosen commands itself and mistreats published messages.

mod conversation;

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use self::conversation::Conversation;
use crate::fault_proxy::FaultProxy;
use crate::fault_proxy::dialogue::Said;
use crate::resp::Reply;
use crate::{Error, Result};

/// A running fake. All faults of a [`FaultProxy`] work too, and `swallow_replies` and `garble`
/// hit the very reply, however many commands are under way.
#[derive(Debug)]
pub struct FakeRedis {
    proxy: FaultProxy,
}

/// What is said instead of carrying a command out.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A proper reply, an error for instance.
    Reply(Reply),
    /// Bytes that needn't be a reply.
    Bytes(Vec<u8>),
    /// A string of 2 GiB that trickles in, about 4 MB per second.
    EndlessBulk,
    /// Arrays in arrays, so many.
    Nested(usize),
    /// The first half of a reply, and then nothing on this connection any more.
    HalfThenSilence(Reply),
    /// The end of the connection.
    Close,
}

/// What happens to messages that a subscriber should get.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PushFault {
    /// Each comes twice.
    Duplicate,
    /// The second comes before the first, the fourth before the third.
    ReorderPairs,
    /// Each comes when so many more were published.
    DelayBy(usize),
    /// The n-th of each n is lost.
    DropEvery(usize),
}

/// What is to be answered, and done to messages.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    answers: Vec<Rule>,
    answered: usize,
    push_fault: Option<PushFault>,
    push_faults: usize,
}

#[derive(Debug)]
struct Rule {
    /// Lower-case words.
    command: Vec<String>,
    answer: Answer,
    left: Option<usize>,
}

impl FakeRedis {
    /// Starts before the Redis at `upstream`; everything passes at first.
    pub async fn start(upstream: SocketAddr) -> Result<Self> {
        let proxy = FaultProxy::start_with(upstream, |shared| {
            Box::new(Conversation::new(Arc::clone(shared)))
        });
        Ok(Self { proxy: proxy.await? })
    }

    /// `redis://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Every command that begins with the words of `command` (`EVALSHA`, `SCRIPT LOAD`) gets
    /// this answer and isn't carried out. The rule set last wins.
    pub fn answer(&self, command: &str, answer: Answer) {
        self.add(command, answer, None);
    }

    /// The same for the next `times` only.
    pub fn answer_times(&self, command: &str, answer: Answer, times: usize) {
        self.add(command, answer, Some(times));
    }

    /// The same with an error, as in `"READONLY You can't write against a read only replica."`.
    pub fn answer_error(&self, command: &str, error: &str) {
        self.answer(command, Answer::Reply(Reply::Error(error.to_owned())));
    }

    /// Takes back every rule.
    pub fn clear_answers(&self) {
        self.replies().redis.answers.clear();
    }

    /// How many commands got such an answer so far.
    pub fn answered(&self) -> usize {
        self.replies().redis.answered
    }

    /// Mistreats messages from now on; `None` stops that, and what was held back comes with the
    /// next message.
    pub fn push_fault(&self, fault: Option<PushFault>) {
        self.replies().redis.push_fault = fault;
    }

    /// How many messages were doubled, swapped, held back or lost so far.
    pub fn push_faults(&self) -> usize {
        self.replies().redis.push_faults
    }

    fn add(&self, command: &str, answer: Answer, left: Option<usize>) {
        let command = command.split_whitespace().map(str::to_lowercase).collect();
        self.replies().redis.answers.push(Rule { command, answer, left });
    }
}

impl Deref for FakeRedis {
    type Target = FaultProxy;

    fn deref(&self) -> &FaultProxy {
        &self.proxy
    }
}

impl Rules {
    /// The answer to a command, if there is a rule for it; counts it.
    fn answer_to(&mut self, command: &Reply) -> Option<Answer> {
        let words = command.items();
        let rule = self.answers.iter_mut().rev().find(|rule| {
            rule.left != Some(0)
                && rule.command.len() <= words.len()
                && rule
                    .command
                    .iter()
                    .zip(words)
                    .all(|(wanted, word)| wanted.eq_ignore_ascii_case(&word.text()))
        })?;
        rule.left = rule.left.map(|left| left - 1);
        self.answered += 1;
        Some(rule.answer.clone())
    }
}

impl Answer {
    fn say(self) -> Said {
        match self {
            Self::Reply(reply) => Said::Bytes(reply.encode()),
            Self::Bytes(bytes) => Said::Bytes(bytes),
            Self::EndlessBulk => Said::Endless(b"$2147483647\r\n".to_vec()),
            Self::Nested(depth) => Said::Bytes(b"*1\r\n".repeat(depth)),
            Self::HalfThenSilence(reply) => {
                let bytes = reply.encode();
                Said::Silence(bytes[..bytes.len() / 2].to_vec())
            }
            Self::Close => Said::Close,
        }
    }
}

/// Words of a Redis that its client isn't asked to understand, for a broken conversation.
fn out_of_step(error: &Error) -> Said {
    eprintln!("the fake Redis closes a connection: {error}");
    Said::Close
}
