//! Bodies of joining a room and of `/rooms/{room_id}/participants`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::rest::rooms::RoomState;
use crate::room::{Participant, Role};

/// A request to join a room. Asking to join a room whose `entry` is `knock` is a knock: it is answered with
/// `approval_pending`, and repeated after `retry_after_ms` until the answer is another one.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct JoinRequest {
    /// An invite, which opens the room whatever its `entry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    pub invite: Option<String>,
    /// The room's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 256)]
    pub password: Option<String>,
}

impl std::fmt::Debug for JoinRequest {
    /// Omits the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JoinRequest").finish_non_exhaustive()
    }
}

/// The caller's participant in a room, and what it needs to open the WebSocket.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Joined {
    /// The id of the caller's participant: the same whenever the same user joins this room.
    pub participant_id: String,
    /// The participant's role.
    pub role: Role,
    /// The address of the WebSocket, and a ticket to open it.
    pub ws: WsTicket,
    /// The current state of the room, so that the player can load while the WebSocket opens.
    pub state: RoomState,
}

/// The address of a room's WebSocket, and a ticket to open it once.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct WsTicket {
    /// The absolute URL, without the ticket. Append `?ticket=` and the ticket.
    pub url: String,
    /// The ticket, valid once and only for this room and user.
    pub ticket: String,
    /// The WebSocket subprotocol to request.
    pub protocol: String,
    /// How long the ticket is valid, in milliseconds.
    pub expires_in_ms: u64,
    /// When the ticket expires, in milliseconds since the Unix epoch. For display only: the clock of a
    /// client may be wrong.
    pub expires_at_ms: u64,
}

/// A page of connected participants.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ParticipantPage {
    /// The participants on this page, the host first, then the longest connected.
    pub items: Vec<Participant>,
    /// The number of connected participants on all pages.
    pub total: u64,
    /// The token of the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_page_token: Option<String>,
}

/// Changes to a participant. Absent fields keep their value.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PatchParticipant {
    /// The new role: any except `host`, which `host_transfer` moves. A granted role is taken back by
    /// `guest`, or by `member` from a user with an account; the other one of the two is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false)]
    pub role: Option<Role>,
}
