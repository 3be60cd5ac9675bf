//! Members of rooms, and tickets on their way to become connections.

use async_trait::async_trait;
use engine::{ParticipantId, Role, RoomId, Timestamp};
use serde::{Deserialize, Serialize};

use super::StoreError;

/// How long a ticket is valid, in milliseconds.
pub const TICKET_MS: u64 = 30_000;

/// A participant who joined a room.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Member {
    /// The participant.
    pub participant_id: ParticipantId,
    /// The user behind the participant.
    pub user_id: String,
    /// The user's display name.
    pub display_name: String,
    /// The role held without a grant of the room.
    pub base: Role,
}

/// What a ticket opens: one room's WebSocket, once, for one user. Only the store and the holder know
/// its secret.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ticket {
    /// The room.
    pub room_id: RoomId,
    /// The user's id.
    pub user_id: String,
    /// The user's display name.
    pub display_name: String,
    /// When the user was given the display name, in milliseconds of the wall clock.
    #[serde(default)]
    pub named_at_ms: u64,
    /// Whether the user has no account.
    pub guest: bool,
    /// The family of refresh tokens that the user's access token was issued with.
    #[serde(default)]
    pub family_id: Option<String>,
    /// When the user's access token was issued, in milliseconds since the Unix epoch, on the wall clock.
    #[serde(default)]
    pub token_issued_at_ms: u64,
    /// When the user's access token expires, in milliseconds since the Unix epoch, on the wall clock.
    pub token_expires_at_ms: u64,
    /// The number of the change that granted the user access; 0 if there is none.
    #[serde(default)]
    pub grant_number: u64,
    /// When the ticket expires, on the room clock.
    pub expires_at: Timestamp,
}

impl Ticket {
    /// Makes a ticket that is valid from `now` on, for a user whose token is valid between two times.
    pub fn new(
        room_id: RoomId,
        user_id: String,
        (display_name, named_at_ms): (String, u64),
        guest: bool,
        family_id: Option<String>,
        (token_issued_at_ms, token_expires_at_ms): (u64, u64),
        now: Timestamp,
    ) -> Self {
        Self {
            room_id,
            user_id,
            display_name,
            named_at_ms,
            guest,
            family_id,
            token_issued_at_ms,
            token_expires_at_ms,
            grant_number: 0,
            expires_at: now.plus_millis(TICKET_MS),
        }
    }
}

/// Stores members and tickets. Only removals are durable at once, as commits are: after a crash somebody may have to join
/// again, but nobody who left or was removed is back.
#[async_trait]
pub trait MemberStore: std::fmt::Debug + Send + Sync + 'static {
    /// Adds a member.
    ///
    /// # Behavior
    /// - The same participant again replaces the entry.
    /// - Beyond `max`, the oldest entries that `is_present` denies make way. Returns `false` if none
    ///   does.
    async fn add_member(
        &self,
        room_id: &RoomId,
        member: Member,
        max: usize,
        is_present: &(dyn for<'a> Fn(&'a ParticipantId) -> bool + Send + Sync),
    ) -> Result<bool, StoreError>;

    /// Finds a member of a room.
    async fn find_member(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<Option<Member>, StoreError>;

    /// Removes a member of a room, if there is such a member. As durable as a commit when this returns. A failure may or may not have
    /// removed it.
    async fn remove_member(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<(), StoreError>;

    /// Keeps a ticket under its secret until it expires.
    async fn keep_ticket(&self, secret: &str, ticket: Ticket) -> Result<(), StoreError>;

    /// Takes a ticket to a room out. An expired one, and one to another room, is `None`.
    async fn redeem_ticket(
        &self,
        room_id: &RoomId,
        secret: &str,
    ) -> Result<Option<Ticket>, StoreError>;
}
