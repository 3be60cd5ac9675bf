//! Remembered commands: a repeat gets the first answer, and has no second effect.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::ParticipantId;

/// How many commits a room remembers.
pub const OPS_MAX: usize = 1024;

/// Names one command of one participant.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Op {
    /// Who sent it.
    pub participant_id: ParticipantId,
    /// The sender's name for it.
    pub id: String,
    /// A hash of its type and data, so that another command under the same name is noticed.
    pub payload_hash: u64,
}

/// Where a remembered command was committed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CommittedOp {
    /// The command.
    pub op: Op,
    /// The epoch of its commit.
    pub epoch: u64,
    /// The version of its commit.
    pub version: u64,
}

/// The last `OPS_MAX` committed commands of a room.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Ops(VecDeque<Arc<CommittedOp>>);

impl Ops {
    /// The commit of a command of this name, whatever its payload.
    pub fn find(&self, op: &Op) -> Option<&CommittedOp> {
        let same = |known: &&Arc<CommittedOp>| {
            known.op.id == op.id && known.op.participant_id == op.participant_id
        };
        self.0.iter().rev().find(same).map(AsRef::as_ref)
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &CommittedOp> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The newest.
    pub fn last(&self) -> Option<&CommittedOp> {
        self.0.back().map(AsRef::as_ref)
    }

    pub(crate) fn remember(&mut self, op: CommittedOp) {
        if self.0.len() == OPS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Arc::new(op));
    }
}

impl FromIterator<CommittedOp> for Ops {
    /// Remembers commands in the order given, the newest last.
    fn from_iter<I: IntoIterator<Item = CommittedOp>>(committed: I) -> Self {
        let mut ops = Self::default();
        for op in committed {
            ops.remember(op);
        }
        ops
    }
}
