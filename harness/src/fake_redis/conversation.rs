//! Matches the replies of one connection to its commands, in order.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex};

use super::{PushFault, Response, Rules, close_undecodable, lock};
use crate::fault_proxy::Shared;
use crate::fault_proxy::dialogue::{Dialogue, Passed, Piece};
use crate::resp::{Reply, decode};

#[derive(Debug)]
pub(super) struct Conversation {
    shared: Arc<Shared>,
    rules: Arc<Mutex<Rules>>,
    unread_commands: Vec<u8>,
    unread_replies: Vec<u8>,
    /// One for each command whose reply hasn't been passed on, oldest first.
    awaited: VecDeque<Awaited>,
    subscribed: bool,
    pushes: Pushes,
}

#[derive(Debug)]
enum Awaited {
    Reply,
    Swallowed,
    /// A response of the fake's own.
    Own(Response),
}

/// The messages that are held back.
#[derive(Debug, Default)]
struct Pushes {
    held: VecDeque<Vec<u8>>,
    seen: usize,
}

impl Conversation {
    pub(super) fn new(shared: Arc<Shared>, rules: Arc<Mutex<Rules>>) -> Self {
        Self {
            shared,
            rules,
            unread_commands: Vec::new(),
            unread_replies: Vec::new(),
            awaited: VecDeque::new(),
            subscribed: false,
            pushes: Pushes::default(),
        }
    }

    fn on_command(&mut self, command: &Reply, bytes: &[u8], passed: &mut Passed) {
        let name = command.items().first().map(Reply::text).unwrap_or_default().to_lowercase();
        let mut replies = self.shared.replies();
        let awaited = match lock(&self.rules).response_to(command) {
            Some(response) => Some(Awaited::Own(response)),
            // Their replies are pushes, one for each channel.
            None if name.ends_with("subscribe") => {
                self.subscribed = true;
                None
            }
            None if replies.takes_reply_of(bytes) => Some(Awaited::Swallowed),
            None => Some(Awaited::Reply),
        };
        if !matches!(awaited, Some(Awaited::Own(_))) {
            passed.to_upstream.extend_from_slice(bytes);
        }
        self.awaited.extend(awaited);
    }

    fn on_reply(&mut self, reply: &Reply, bytes: &[u8], passed: &mut Passed) {
        let mut replies = self.shared.replies();
        let kind = reply.items().first().map(Reply::text).unwrap_or_default();
        if matches!(reply, Reply::Push(_)) || self.subscribed && is_push(&kind) {
            let messages = if kind.ends_with("message") {
                self.pushes.pass(bytes.to_vec(), &mut lock(&self.rules))
            } else {
                vec![bytes.to_vec()]
            };
            passed.to_client.extend(messages.into_iter().map(Piece::Bytes));
            return;
        }
        passed.to_client.push(match self.awaited.pop_front() {
            Some(Awaited::Swallowed) => {
                replies.count_swallowed();
                Piece::Close
            }
            _ => Piece::Bytes(replies.take_garbage().unwrap_or_else(|| bytes.to_vec())),
        });
    }

    /// Passes on the fake's own responses whose turn has come.
    fn pass_own(&mut self, passed: &mut Passed) {
        while let Some(Awaited::Own(_)) = self.awaited.front() {
            if let Some(Awaited::Own(response)) = self.awaited.pop_front() {
                passed.to_client.push(response.into_piece());
            }
        }
    }
}

impl Dialogue for Conversation {
    fn on_client(&mut self, chunk: &[u8]) -> Passed {
        let mut passed = Passed::default();
        self.unread_commands.extend_from_slice(chunk);
        let unread = mem::take(&mut self.unread_commands);
        let mut rest = &unread[..];
        loop {
            match decode(rest) {
                Ok(Some((command, length))) => {
                    self.on_command(&command, &rest[..length], &mut passed);
                    rest = &rest[length..];
                }
                Ok(None) => break,
                Err(error) => {
                    passed.to_client.push(close_undecodable(&error));
                    return passed;
                }
            }
        }
        self.unread_commands = rest.to_vec();
        self.pass_own(&mut passed);
        passed
    }

    fn on_upstream(&mut self, chunk: &[u8]) -> Passed {
        let mut passed = Passed::default();
        self.unread_replies.extend_from_slice(chunk);
        let unread = mem::take(&mut self.unread_replies);
        let mut rest = &unread[..];
        loop {
            match decode(rest) {
                Ok(Some((reply, length))) => {
                    self.on_reply(&reply, &rest[..length], &mut passed);
                    self.pass_own(&mut passed);
                    rest = &rest[length..];
                }
                Ok(None) => break,
                Err(error) => {
                    passed.to_client.push(close_undecodable(&error));
                    return passed;
                }
            }
        }
        self.unread_replies = rest.to_vec();
        passed
    }
}

impl Pushes {
    /// The messages to deliver when `message` arrives.
    fn pass(&mut self, message: Vec<u8>, rules: &mut Rules) -> Vec<Vec<u8>> {
        self.seen += 1;
        self.held.push_back(message);
        let held = self.held.len();
        let Some(fault) = rules.push_fault else { return self.held.drain(..).collect() };
        let is_struck = match fault {
            PushFault::DropEvery(every) => self.seen.is_multiple_of(every.max(1)),
            PushFault::Duplicate | PushFault::ReorderPairs | PushFault::DelayBy(_) => true,
        };
        rules.push_faults += usize::from(is_struck);
        match fault {
            PushFault::Duplicate => {
                let each = self.held.drain(..);
                each.flat_map(|message| [message.clone(), message]).collect()
            }
            PushFault::ReorderPairs if held < 2 => Vec::new(),
            PushFault::ReorderPairs => self.held.drain(..).rev().collect(),
            PushFault::DelayBy(by) => self.held.drain(..held.saturating_sub(by)).collect(),
            PushFault::DropEvery(_) => {
                if is_struck {
                    self.held.pop_back();
                }
                self.held.drain(..).collect()
            }
        }
    }
}

/// Whether an array of this kind is what RESP3 sends as a push.
fn is_push(kind: &str) -> bool {
    let kinds = ["subscribe", "unsubscribe", "message"];
    kinds.iter().any(|plain| {
        kind == *plain || kind.strip_prefix(['p', 's']).is_some_and(|rest| rest == *plain)
    })
}
