//! Server frames, encoded once for all connections that receive them.

use contracts::{
    AckData, AuthorityChanged, CloseCode, Closing, HostChanged, Knock, KnocksChanged,
    LifecycleChanged, MediaChanged, Participant, PlaybackChanged, Pong, PresenceChanged, Previous,
    Rebased, RoleChanged, RoomChanged, RoomSnapshot, ServerFrame, SyncChanged, TokenExpiring,
    ViewerCountChanged, Welcome,
};
use engine::{
    Commit, Event, HostCause, LifecycleCause, MediaCause, Place, PlaybackCause, Timestamp,
};
use tungstenite::Utf8Bytes;

use super::encode::{self, Viewers};
use crate::refusal::Refusal;

/// Returns the JSON text of a frame.
pub fn text(frame: &ServerFrame) -> Utf8Bytes {
    serde_json::to_string(frame).expect("a frame always serializes").into()
}

/// Returns the event that announces a commit.
pub fn event(commit: &Commit) -> ServerFrame {
    let (epoch, version, at_ms) = (commit.epoch, commit.version, commit.at.as_millis());
    match &commit.event {
        Event::PlaybackChanged { cause, by, playback } => {
            let cause = playback_cause(*cause).to_owned();
            let by = by.as_ref().map(ToString::to_string);
            let data = PlaybackChanged { cause, by, playback: encode::playback(playback) };
            ServerFrame::PlaybackChanged { epoch, version, at_ms, data }
        }
        Event::MediaChanged { cause, by, media, playback } => {
            let data = Box::new(MediaChanged {
                cause: media_cause(*cause).to_owned(),
                by: by.as_ref().map(ToString::to_string),
                media: super::media(media),
                playback: encode::playback(playback),
            });
            ServerFrame::MediaChanged { epoch, version, at_ms, data }
        }
        Event::HostChanged { cause, host_id, fence } => {
            let cause = match cause {
                HostCause::Transfer => "transfer",
                HostCause::Return => "return",
            };
            let host_id = host_id.as_ref().map(ToString::to_string);
            let data = HostChanged { host_id, fence: *fence, cause: cause.to_owned() };
            ServerFrame::HostChanged { epoch, version, at_ms, data }
        }
        Event::RoleChanged { participant_id, role, by } => {
            let data = RoleChanged {
                participant_id: participant_id.to_string(),
                role: encode::role(*role),
                by: by.as_ref().map(ToString::to_string),
            };
            ServerFrame::RoleChanged { epoch, version, at_ms, data }
        }
        Event::RoomChanged { profile } => {
            let data = RoomChanged {
                name: profile.name.clone(),
                is_public: profile.is_public,
                language: profile.language.clone(),
                tags: profile.tags.clone(),
                settings: encode::settings(profile),
                chat: encode::chat(profile.chat),
            };
            ServerFrame::RoomChanged { epoch, version, at_ms, data }
        }
        Event::LifecycleChanged { cause, lifecycle, host_id, fence, playback } => {
            let data = LifecycleChanged {
                state: encode::lifecycle_state(lifecycle.state),
                cause: lifecycle_cause(*cause).to_owned(),
                host_id: host_id.as_ref().map(ToString::to_string),
                fence: *fence,
                deadline_ms: lifecycle.deadline.map(Timestamp::as_millis),
                playback: encode::playback(playback),
            };
            ServerFrame::LifecycleChanged { epoch, version, at_ms, data }
        }
        Event::Rebased { previous_epoch, previous_version, lost, .. } => {
            let previous = Previous { epoch: *previous_epoch, version: *previous_version };
            let data = Rebased { previous, lost: *lost };
            ServerFrame::Rebased { epoch, version, at_ms, data }
        }
    }
}

/// Returns the answer to `hello`.
pub fn welcome(id: String, room: &engine::Room, now: Timestamp, data: Welcome) -> ServerFrame {
    let Place { epoch, version } = room.place();
    ServerFrame::Welcome { id, epoch, version, at_ms: now.as_millis(), data: Box::new(data) }
}

/// Returns the current state of a room, in place of frames that were dropped.
pub fn room_snapshot(room: &engine::Room, viewers: Viewers, now: Timestamp) -> ServerFrame {
    let Place { epoch, version } = room.place();
    let data = Box::new(RoomSnapshot { room: encode::room(room, viewers), fence: room.fence });
    ServerFrame::RoomState { epoch, version, at_ms: now.as_millis(), data }
}

/// Returns the event of a room's last rebuild, for a client that last saw an earlier epoch.
pub fn rebased(room: &engine::Room, rebased: engine::Rebased) -> ServerFrame {
    let previous = Previous { epoch: rebased.previous_epoch, version: rebased.previous_version };
    let data = Rebased { previous, lost: rebased.lost };
    let (epoch, version, at_ms) = (room.epoch, room.version, room.at.as_millis());
    ServerFrame::Rebased { epoch, version, at_ms, data }
}

/// Returns the acknowledgement of a command that took effect at `place`.
pub fn ack(id: String, place: Place, duplicate: bool) -> ServerFrame {
    let Place { epoch, version } = place;
    ServerFrame::Ack { id, epoch, version, data: AckData { duplicate } }
}

/// Returns the rejection of a frame.
pub fn reject(id: Option<String>, refusal: Refusal) -> ServerFrame {
    ServerFrame::Reject { id, error: refusal.into_wire() }
}

/// Returns the answer to `ping`.
pub fn pong(t0: f64, t1_us: u64, t2_us: u64) -> ServerFrame {
    ServerFrame::Pong { data: Pong { t0, t1_us, t2_us } }
}

/// Returns who is connected.
pub fn presence(participants: Vec<Participant>, total: u64) -> ServerFrame {
    ServerFrame::PresenceChanged { data: PresenceChanged { participants, total } }
}

/// Returns how many participants are connected.
pub fn viewer_count(viewers: Viewers) -> ServerFrame {
    let Viewers { count: viewer_count, peak: peak_viewers } = viewers;
    ServerFrame::ViewerCountChanged { data: ViewerCountChanged { viewer_count, peak_viewers } }
}

/// Returns how far apart a room's players are.
pub fn sync_changed(spread: SyncChanged) -> ServerFrame {
    ServerFrame::SyncChanged { data: spread }
}

/// Returns who asks to join.
pub fn knocks_changed(knocks: Vec<Knock>) -> ServerFrame {
    ServerFrame::KnocksChanged { data: KnocksChanged { knocks } }
}

/// Returns whether commands can be stored.
pub fn authority_changed(reachable: bool) -> ServerFrame {
    ServerFrame::AuthorityChanged { data: AuthorityChanged { reachable } }
}

/// Returns how much time is left until a connection closes because its token ends.
pub fn token_expiring(expires_in_ms: u64) -> ServerFrame {
    ServerFrame::TokenExpiring { data: TokenExpiring { expires_in_ms } }
}

/// Returns the frame that precedes a close frame.
pub fn closing(close: CloseCode, after_ms: u64) -> ServerFrame {
    let CloseCode { close_code, code, retry } = close;
    ServerFrame::Closing { data: Closing { close_code, code: code.to_owned(), retry, after_ms } }
}

fn media_cause(cause: MediaCause) -> &'static str {
    match cause {
        MediaCause::SetMedia => "set_media",
        MediaCause::Measured => "measured",
        MediaCause::Refreshed => "refreshed",
        MediaCause::EdgeMoved => "edge_moved",
        MediaCause::Finished => "finished",
    }
}

fn playback_cause(cause: PlaybackCause) -> &'static str {
    match cause {
        PlaybackCause::Play => "play",
        PlaybackCause::Pause => "pause",
        PlaybackCause::Seek => "seek",
        PlaybackCause::SetRate => "set_rate",
        PlaybackCause::ChangeQuality => "change_quality",
        PlaybackCause::ChangeSubtitle => "change_subtitle",
        PlaybackCause::ChangeAudio => "change_audio",
        PlaybackCause::Ended => "ended",
        PlaybackCause::Ready => "ready",
        PlaybackCause::Deadline => "deadline",
        PlaybackCause::Rebuffer => "rebuffer",
        PlaybackCause::WindowEnd => "window_end",
    }
}

fn lifecycle_cause(cause: LifecycleCause) -> &'static str {
    match cause {
        LifecycleCause::HostConnected => "host_connected",
        LifecycleCause::HostLost => "host_lost",
        LifecycleCause::GraceEnded => "grace_ended",
        LifecycleCause::NeverStarted => "never_started",
        LifecycleCause::Idle => "idle",
        LifecycleCause::Deleted => "deleted",
        LifecycleCause::Retention => "retention",
    }
}
