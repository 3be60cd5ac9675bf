//! Idempotency: a repeated command gets the first answer and has no second effect.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

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
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(from = "Vec<CommittedOp>")]
pub struct Ops {
    committed: VecDeque<Arc<CommittedOp>>,
    /// A hash of each one's sender and id, so that a search reads little memory.
    keys: VecDeque<u64>,
}

impl Ops {
    /// Finds the commit of a command with the same sender and id, whatever its payload.
    pub fn find(&self, op: &Op) -> Option<&CommittedOp> {
        let key = key(op);
        let is_same = |known: &Op| known.id == op.id && known.participant_id == op.participant_id;
        let numbered = self.keys.iter().enumerate().rev();
        let alike = numbered.filter(|(_, known)| **known == key);
        let mut committed = alike.filter_map(|(index, _)| self.committed.get(index));
        committed.find(|known| is_same(&known.op)).map(AsRef::as_ref)
    }

    /// Iterates over all of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &CommittedOp> {
        self.committed.iter().map(AsRef::as_ref)
    }

    /// The newest.
    pub fn last(&self) -> Option<&CommittedOp> {
        self.committed.back().map(AsRef::as_ref)
    }

    /// Adds a command, and forgets the oldest if there are too many.
    pub(crate) fn remember(&mut self, op: CommittedOp) {
        if self.committed.len() == OPS_MAX {
            self.committed.pop_front();
            self.keys.pop_front();
        }
        self.keys.push_back(key(&op.op));
        self.committed.push_back(Arc::new(op));
    }
}

impl Serialize for Ops {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.committed.serialize(serializer)
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

impl From<Vec<CommittedOp>> for Ops {
    fn from(committed: Vec<CommittedOp>) -> Self {
        committed.into_iter().collect()
    }
}

/// A hash that is the same for the same sender and id, in this process alone.
fn key(op: &Op) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&op.participant_id, &op.id).hash(&mut hasher);
    hasher.finish()
}
