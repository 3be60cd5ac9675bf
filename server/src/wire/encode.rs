//! Rooms, playback and roles, from the engine to the wire.

use contracts as wire;
use engine::{
    Entry, HostLoss, LifecycleState, Place, PlaybackControl, Role, Room, Status, Timestamp,
};

/// How many participants are connected to a room, and the peak.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Viewers {
    /// The number of connected participants.
    pub count: u64,
    /// The largest number that were ever connected at once.
    pub peak: u64,
}

/// Encodes a room.
pub fn room(room: &Room, viewers: Viewers) -> wire::Room {
    let profile = &room.profile;
    wire::Room {
        room_id: room.room_id.to_string(),
        code: room.code.clone(),
        name: profile.name.clone(),
        is_public: profile.is_public,
        language: profile.language.clone(),
        tags: profile.tags.clone(),
        state: lifecycle_state(room.lifecycle.state),
        deadline_ms: room.lifecycle.deadline.map(Timestamp::as_millis),
        host_id: room.host_id.as_ref().map(ToString::to_string),
        settings: settings(profile),
        chat: chat(profile.chat),
        media: room.media.as_deref().map(super::media),
        playback: playback(&room.playback),
        queue: Vec::new(),
        viewer_count: viewers.count,
        peak_viewers: viewers.peak,
    }
}

/// Encodes a room in a list.
pub fn room_summary(room: &Room, viewer_count: u64) -> wire::RoomSummary {
    let source = room.media.as_ref().map(|media| &media.source);
    wire::RoomSummary {
        room_id: room.room_id.to_string(),
        code: room.code.clone(),
        name: room.profile.name.clone(),
        media_title: source.map(|source| source.title.clone()),
        provider: source.map(|source| source.provider.clone()),
        poster: source.and_then(|source| source.poster.clone()),
        language: room.profile.language.clone(),
        tags: room.profile.tags.clone(),
        entry: entry(room.profile.settings.entry),
        viewer_count,
    }
}

/// Encodes a room with its place, as read at `now`.
pub fn room_state(of: &Room, viewers: Viewers, now: Timestamp) -> wire::RoomState {
    let Place { epoch, version } = of.place();
    wire::RoomState { epoch, version, at_ms: now.as_millis(), room: room(of, viewers) }
}

/// Encodes playback.
pub fn playback(playback: &engine::Playback) -> wire::Playback {
    wire::Playback {
        media_id: playback.media_id.as_ref().map(ToString::to_string),
        status: match playback.status {
            Status::Playing => wire::Status::Playing,
            Status::Paused => wire::Status::Paused,
            Status::Waiting => wire::Status::Waiting,
            Status::Ended => wire::Status::Ended,
        },
        position_ms: playback.position.as_millis(),
        anchor_at_ms: playback.anchor_at.as_millis(),
        rate: f64::from(playback.rate.as_milli()) / 1000.0,
        rendition: playback.rendition.clone().unwrap_or_else(|| "auto".to_owned()),
        text_track: playback.text_track.clone(),
        audio_track: playback.audio_track.clone(),
        waiting: playback.waiting.as_ref().map(|barrier| wire::Waiting {
            since_version: barrier.since_version,
            deadline_ms: barrier.deadline.as_millis(),
            waiting_for: wire::WaitingFor {
                count: barrier.count,
                participant_ids: barrier.names.iter().map(ToString::to_string).collect(),
            },
        }),
    }
}

/// Encodes a room's settings.
pub(super) fn settings(profile: &engine::Profile) -> wire::Settings {
    wire::Settings {
        host_loss: host_loss(profile.settings.host_loss),
        host_grace_ms: profile.settings.host_grace_ms,
        host_lease_ms: profile.settings.host_lease_ms,
        rebuffer_barrier: profile.settings.rebuffer_barrier,
        playback_control: playback_control(profile.settings.playback_control),
        entry: entry(profile.settings.entry),
        capacity: profile.settings.capacity.map(u64::from),
    }
}

fn playback_control(control: PlaybackControl) -> wire::PlaybackControl {
    match control {
        PlaybackControl::Hosts => wire::PlaybackControl::Hosts,
        PlaybackControl::Everyone => wire::PlaybackControl::Everyone,
    }
}

fn entry(entry: Entry) -> wire::Entry {
    match entry {
        Entry::Open => wire::Entry::Open,
        Entry::Password => wire::Entry::Password,
        Entry::Knock => wire::Entry::Knock,
        Entry::Invite => wire::Entry::Invite,
    }
}

/// Encodes the settings of a room's chat.
pub fn chat(chat: engine::ChatSettings) -> wire::Chat {
    wire::Chat { enabled: chat.enabled, slow_mode_ms: chat.slow_mode_ms }
}

/// Encodes what happens when the host stays away.
pub fn host_loss(host_loss: HostLoss) -> wire::HostLoss {
    match host_loss {
        HostLoss::Expire => wire::HostLoss::Expire,
        HostLoss::Promote => wire::HostLoss::Promote,
        HostLoss::Hold => wire::HostLoss::Hold,
        HostLoss::Pause => wire::HostLoss::Pause,
    }
}

/// Encodes a role.
pub fn role(role: Role) -> wire::Role {
    match role {
        Role::Host => wire::Role::Host,
        Role::CoHost => wire::Role::CoHost,
        Role::Moderator => wire::Role::Moderator,
        Role::Member => wire::Role::Member,
        Role::Guest => wire::Role::Guest,
        Role::Viewer => wire::Role::Viewer,
    }
}

/// Encodes a lifecycle state.
pub(super) fn lifecycle_state(state: LifecycleState) -> wire::LifecycleState {
    match state {
        LifecycleState::Created => wire::LifecycleState::Created,
        LifecycleState::Live => wire::LifecycleState::Live,
        LifecycleState::Grace => wire::LifecycleState::Grace,
        LifecycleState::Expired => wire::LifecycleState::Expired,
        LifecycleState::Deleted => wire::LifecycleState::Deleted,
    }
}
