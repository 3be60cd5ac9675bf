//! Who acts: roles and actors.

use serde::{Deserialize, Serialize};

use crate::id::ParticipantId;

/// What a participant may do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Commands playback and gives roles. At most one.
    Host,
    /// Commands playback.
    CoHost,
    /// Keeps the chat in order.
    Moderator,
    /// A registered user.
    Member,
    /// A user without an account.
    Guest,
    /// Only watches.
    Viewer,
}

impl Role {
    /// Whether the role commands playback and the queue.
    pub fn commands_playback(self) -> bool {
        matches!(self, Self::Host | Self::CoHost)
    }
}

/// Who sends a command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Actor {
    /// Somebody in the room.
    Participant {
        /// Who.
        id: ParticipantId,
        /// The role held without any grant of the room: `Member` or `Guest`.
        base: Role,
    },
    /// The server itself, for what committed state already names.
    System,
}

impl Actor {
    /// The participant, unless it is the server.
    pub fn participant(&self) -> Option<&ParticipantId> {
        match self {
            Self::Participant { id, .. } => Some(id),
            Self::System => None,
        }
    }
}
