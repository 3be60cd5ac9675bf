//! The properties of a room that its host may change.

use serde::{Deserialize, Serialize};

/// The properties of a room that its host may change.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Profile {
    /// The room's name.
    pub name: String,
    /// Whether the room appears in the public list.
    pub is_public: bool,
    /// How the room behaves.
    pub settings: Settings,
    /// How its chat behaves.
    pub chat: ChatSettings,
}

/// How a room behaves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Settings {
    /// What happens when the host stays away.
    pub host_loss: HostLoss,
    /// How long the host may stay away, in milliseconds.
    pub host_grace_ms: u64,
    /// How long a host counts as present after a sign of life, in milliseconds.
    pub host_lease_ms: u64,
    /// Whether playback waits for participants whose players re-buffer.
    pub rebuffer_barrier: bool,
}

/// What happens at the end of the host's grace period.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostLoss {
    /// The room expires.
    Expire,
    /// The co-host who has been connected longest becomes host; without one, as `Hold`.
    Promote,
    /// The room continues without a host.
    Hold,
    /// The room continues without a host, paused.
    Pause,
}

/// How a room's chat behaves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ChatSettings {
    /// Whether messages are accepted.
    pub enabled: bool,
    /// The minimum time between two messages of one participant, in milliseconds.
    pub slow_mode_ms: u64,
}

/// Changes to a room's profile. `None` leaves a property as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoomPatch {
    /// The room's name.
    pub name: Option<String>,
    /// Whether the room appears in the public list.
    pub is_public: Option<bool>,
    /// Whether chat messages are accepted.
    pub chat_enabled: Option<bool>,
    /// The minimum time between two messages of one participant, in milliseconds.
    pub slow_mode_ms: Option<u64>,
    /// What happens when the host stays away.
    pub host_loss: Option<HostLoss>,
    /// How long the host may stay away, in milliseconds.
    pub host_grace_ms: Option<u64>,
    /// Whether playback waits for participants whose players re-buffer.
    pub rebuffer_barrier: Option<bool>,
}

impl Profile {
    /// Returns the profile with `patch` applied.
    pub(crate) fn patched(&self, patch: &RoomPatch) -> Self {
        let Self { name, is_public, settings, chat } = self;
        Self {
            name: patch.name.clone().unwrap_or_else(|| name.clone()),
            is_public: patch.is_public.unwrap_or(*is_public),
            settings: Settings {
                host_loss: patch.host_loss.unwrap_or(settings.host_loss),
                host_grace_ms: patch.host_grace_ms.unwrap_or(settings.host_grace_ms),
                host_lease_ms: settings.host_lease_ms,
                rebuffer_barrier: patch.rebuffer_barrier.unwrap_or(settings.rebuffer_barrier),
            },
            chat: ChatSettings {
                enabled: patch.chat_enabled.unwrap_or(chat.enabled),
                slow_mode_ms: patch.slow_mode_ms.unwrap_or(chat.slow_mode_ms),
            },
        }
    }
}
