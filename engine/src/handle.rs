//! One command, at most one commit: remembered? allowed? expected? decided.

use crate::command::{Command, Facts};
use crate::decide::{authorize, decide};
use crate::event::{Commit, Event};
use crate::op::{CommittedOp, Op};
use crate::participant::{Actor, Role};
use crate::rejection::Rejection;
use crate::room::Room;

/// A command with everything that decides its fate.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub actor: Actor,
    /// What for.
    pub command: Command,
    /// The sender's name for it.
    pub op: Option<Op>,
    /// The only version at which it is meant.
    pub expected_version: Option<u64>,
    /// The epoch that the sender last heard of: that of the version it expects.
    pub seen_epoch: Option<u64>,
    /// The fence that the sender last heard of.
    pub fence: Option<u64>,
}

/// What became of a request that wasn't refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It was committed before, there.
    Duplicate {
        /// The epoch of its commit.
        epoch: u64,
        /// The version of its commit.
        version: u64,
    },
    /// It is already so.
    Unchanged,
    /// Commit this.
    Commit(Box<Commit>),
}

impl Room {
    /// Decides a request. Changes nothing: the commit takes effect by `apply`, once stored.
    pub fn handle(&self, request: &Request, facts: &Facts) -> Result<Answer, Rejection> {
        if let Some(known) = self.recall(request.op.as_ref())? {
            return Ok(Answer::Duplicate { epoch: known.epoch, version: known.version });
        }
        self.admit(request)?;
        let facts = Facts { now: facts.now.max(self.at), ..facts.clone() };
        let Some(event) = decide(self, &request.actor, &request.command, &facts)? else {
            return Ok(Answer::Unchanged);
        };
        let epoch = match (&event, &request.command) {
            (Event::Rebased { .. }, Command::Rebase { epoch, .. }) => *epoch,
            _ => self.epoch,
        };
        let commit = Commit {
            epoch,
            version: self.version + 1,
            at: facts.now,
            event,
            op: request.op.clone(),
        };
        Ok(Answer::Commit(Box::new(commit)))
    }

    /// The commit of a command that was answered before.
    pub fn recall(&self, op: Option<&Op>) -> Result<Option<&CommittedOp>, Rejection> {
        let Some((op, known)) = op.and_then(|op| Some((op, self.ops.find(op)?))) else {
            return Ok(None);
        };
        if known.op.payload_hash == op.payload_hash {
            Ok(Some(known))
        } else {
            Err(Rejection::IdReused)
        }
    }

    /// Checks role, fence and expected version, in this order, before anything costly is done.
    pub fn admit(&self, request: &Request) -> Result<(), Rejection> {
        authorize(self, &request.actor, &request.command)?;
        let is_host = self.role_of(&request.actor) == Some(Role::Host);
        if let Some(fence) = request.fence
            && is_host
            && fence != self.fence
        {
            return Err(Rejection::StaleFence { fence: self.fence });
        }
        match request.expected_version {
            Some(expected)
                if expected != self.version
                    || request.seen_epoch.is_some_and(|seen| seen != self.epoch) =>
            {
                Err(Rejection::VersionConflict { version: self.version })
            }
            _ => Ok(()),
        }
    }
}
