//! Idempotency: a repeated command gets the first answer and has no second effect.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::ParticipantId;
use crate::place::Place;

/// The number of commits that a room remembers.
pub const OPS_MAX: usize = 1024;

/// The idempotency key of a command.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Op {
    /// The participant who sent the command.
    pub participant_id: ParticipantId,
    /// The id that the participant gave the command.
    pub id: String,
    /// A hash of the command's type and data, which reveals another command under the same id.
    pub payload_hash: u64,
}

/// A remembered command and where it was committed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CommittedOp {
    /// The command.
    pub op: Op,
    /// The epoch of its commit.
    pub epoch: u64,
    /// The version of its commit.
    pub version: u64,
}

impl CommittedOp {
    /// The place of the command's commit.
    pub fn place(&self) -> Place {
        Place { epoch: self.epoch, version: self.version }
    }
}

/// The last `OPS_MAX` committed commands of a room.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Ops(VecDeque<Arc<CommittedOp>>);

impl Ops {
    /// Finds the commit of a command with the same sender and id, whatever its payload.
    pub fn find(&self, op: &Op) -> Option<&CommittedOp> {
        let same = |known: &&Arc<CommittedOp>| {
            known.op.id == op.id && known.op.participant_id == op.participant_id
        };
        self.0.iter().rev().find(same).map(AsRef::as_ref)
    }

    /// Iterates over all of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &CommittedOp> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The newest.
    pub fn last(&self) -> Option<&CommittedOp> {
        self.0.back().map(AsRef::as_ref)
    }

    /// Adds a command, and forgets the oldest if there are too many.
    pub(crate) fn remember(&mut self, op: CommittedOp) {
        if self.0.len() == OPS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Arc::new(op));
    }
}

impl FromIterator<CommittedOp> for Ops {
    /// Remembers commands in the given order, the newest last.
    fn from_iter<I: IntoIterator<Item = CommittedOp>>(committed: I) -> Self {
        let mut ops = Self::default();
        for op in committed {
            ops.remember(op);
        }
        ops
    }
}
