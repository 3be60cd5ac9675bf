//! The properties of a room that its host may change.

use serde::{Deserialize, Serialize};

use crate::participant::Role;

/// The properties of a room that its host may change.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Profile {
    /// The room's name.
    pub name: String,
    /// Whether the room appears in the public list.
    pub is_public: bool,
    /// The language that is spoken in the room, a BCP 47 tag, if its host named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the room is about, in the host's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
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
    /// Who commands playback.
    #[serde(default, skip_serializing_if = "PlaybackControl::is_hosts")]
    pub playback_control: PlaybackControl,
    /// Who may enter.
    #[serde(default, skip_serializing_if = "Entry::is_open")]
    pub entry: Entry,
    /// How many people it takes; `None` if as many as the server does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
}

/// Who may enter a room for the first time, beside those whom it names and those who hold a grant.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Everybody who knows its id or code.
    #[default]
    Open,
    /// Those who know its password.
    Password,
    /// Those whom somebody who moderates it lets in when they ask.
    Knock,
    /// Those who were invited.
    Invite,
}

impl Entry {
    /// Whether it is the default, which rooms from before this setting have.
    fn is_open(&self) -> bool {
        *self == Self::Open
    }
}

/// Who plays, pauses and seeks, and chooses the rate and the tracks.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaybackControl {
    /// The host and the co-hosts.
    #[default]
    Hosts,
    /// Everybody but viewers.
    Everyone,
}

impl PlaybackControl {
    /// Whether a role commands playback.
    pub fn includes(self, role: Role) -> bool {
        match self {
            Self::Hosts => role.commands_playback(),
            Self::Everyone => role != Role::Viewer,
        }
    }

    /// Whether it is the default, which rooms from before this setting have.
    fn is_hosts(&self) -> bool {
        *self == Self::Hosts
    }
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
    /// The language that is spoken in the room; an inner `None` names none.
    pub language: Option<Option<String>>,
    /// What the room is about.
    pub tags: Option<Vec<String>>,
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
    /// Who commands playback.
    pub playback_control: Option<PlaybackControl>,
    /// Who may enter.
    pub entry: Option<Entry>,
    /// How many people it takes; an inner `None` leaves that to the server.
    pub capacity: Option<Option<u32>>,
}

impl Profile {
    /// Returns the profile with `patch` applied.
    pub(crate) fn patched(&self, patch: &RoomPatch) -> Self {
        let Self { name, is_public, language, tags, settings, chat } = self;
        Self {
            name: patch.name.clone().unwrap_or_else(|| name.clone()),
            is_public: patch.is_public.unwrap_or(*is_public),
            language: patch.language.clone().unwrap_or_else(|| language.clone()),
            tags: patch.tags.clone().unwrap_or_else(|| tags.clone()),
            settings: Settings {
                host_loss: patch.host_loss.unwrap_or(settings.host_loss),
                host_grace_ms: patch.host_grace_ms.unwrap_or(settings.host_grace_ms),
                host_lease_ms: settings.host_lease_ms,
                rebuffer_barrier: patch.rebuffer_barrier.unwrap_or(settings.rebuffer_barrier),
                playback_control: patch.playback_control.unwrap_or(settings.playback_control),
                entry: patch.entry.unwrap_or(settings.entry),
                capacity: patch.capacity.unwrap_or(settings.capacity),
            },
            chat: ChatSettings {
                enabled: patch.chat_enabled.unwrap_or(chat.enabled),
                slow_mode_ms: patch.slow_mode_ms.unwrap_or(chat.slow_mode_ms),
            },
        }
    }
}
