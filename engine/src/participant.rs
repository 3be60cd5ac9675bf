//! Who sends commands: actors and their roles.

use serde::{Deserialize, Serialize};

use crate::id::ParticipantId;

/// A participant's role, which decides what the participant may do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Commands playback and grants roles. A room has at most one.
    Host,
    /// Commands playback.
    CoHost,
    /// Removes people, except the host, co-hosts and other moderators.
    Moderator,
    /// A user with an account.
    Member,
    /// A user without an account.
    Guest,
    /// Only watches.
    Viewer,
}

impl Role {
    /// Whether the role chooses what is played, commands playback in every room, and sees how well players keep in sync.
    pub fn commands_playback(self) -> bool {
        matches!(self, Self::Host | Self::CoHost)
    }

    /// Whether the role removes people from the room.
    pub fn moderates(self) -> bool {
        matches!(self, Self::Host | Self::CoHost | Self::Moderator)
    }

    /// Whether the role removes people of another role: each only those below it.
    pub fn removes(self, other: Self) -> bool {
        self.moderates() && self < other
    }

    /// Whether the role is held by grant of the room rather than by the kind of account.
    pub fn is_granted(self) -> bool {
        !matches!(self, Self::Member | Self::Guest)
    }
}

/// The sender of a command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Actor {
    /// A participant of the room.
    Participant {
        /// The participant.
        id: ParticipantId,
        /// The role held without one given in the room: `Member` or `Guest`, or the one of a grant of access.
        base: Role,
    },
    /// The server itself, for what committed state already calls for.
    System,
}

impl Actor {
    /// The participant; `None` for the server itself.
    pub fn participant(&self) -> Option<&ParticipantId> {
        match self {
            Self::Participant { id, .. } => Some(id),
            Self::System => None,
        }
    }
}
