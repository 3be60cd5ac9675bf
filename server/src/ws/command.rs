//! One command of one connection: exactly one ack or reject.

use std::sync::Arc;

use contracts::{
    ClientFrame, DRIFT_MS_MAX, ErrorCode, ServerFrame, SyncReport, UNCERTAINTY_MS_MAX,
};
use engine::{
    Actor, Command, CommandKind, Envelope, Op, ParticipantId, Place, Rate, Request, RoomId, Status,
};

use crate::App;
use crate::auth::Caller;
use crate::hub::{Connection, RoomHub};
use crate::refusal::Refusal;
use crate::rooms::{Done, MediaChoice};
use crate::wire::{self, Decoded};

/// Whose command it is.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The user.
    pub caller: Arc<Caller>,
    /// The room.
    pub hub: Arc<RoomHub>,
    /// The connection.
    pub connection: Arc<Connection>,
}

/// What a command came to.
#[derive(Debug)]
pub struct Reply {
    /// The ack or reject.
    pub frame: ServerFrame,
    /// Whether the participant leaves.
    pub leaves: bool,
}

enum Action {
    Decide(Command),
    SetMedia(MediaChoice),
    Ready(u64),
    Buffering(bool),
    SyncReport(SyncReport),
    Leave,
}

/// What the socket was last told: what its next command was sent in the light of.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The fence.
    pub fence: u64,
    /// The epoch.
    pub epoch: u64,
}

/// Carries a command out.
pub async fn execute(app: App, sender: Sender, decoded: Decoded, told: Told) -> Reply {
    let id = decoded.id.clone().unwrap_or_default();
    let kind = frame_kind(&decoded.frame);
    let leaves = matches!(decoded.frame, ClientFrame::Leave(_));
    let done = perform(&app, &sender, decoded, told).await;
    let code = done.as_ref().map_or_else(|refusal| refusal.code().name(), |_| "ok");
    metrics::counter!("playhead_commands_total", "type" => kind, "code" => code).increment(1);
    let frame = match done {
        Ok(Done { epoch, version, duplicate }) => wire::ack(id, epoch, version, duplicate),
        Err(refusal) => {
            tracing::debug!(command.kind = kind, rejection.code = code, "command refused");
            wire::reject(Some(id), refusal)
        }
    };
    Reply { frame, leaves }
}

async fn perform(
    app: &App,
    sender: &Sender,
    decoded: Decoded,
    told: Told,
) -> Result<Done, Refusal> {
    let room_id = &sender.hub.room_id;
    let participant_id = &sender.connection.participant_id;
    let op = decoded.id.map(|id| Op {
        participant_id: participant_id.clone(),
        id,
        payload_hash: decoded.payload_hash,
    });
    let (action, expected_version) = action(decoded.frame)?;
    let envelope = Envelope {
        actor: Actor::Participant { id: participant_id.clone(), base: sender.connection.base },
        op,
        expected: expected_version.map(|version| Place { epoch: told.epoch, version }),
        fence: Some(told.fence),
    };
    match action {
        Action::Decide(command) => {
            if let Command::HostTransfer { to } = &command {
                // The role comes first: who is here is not everybody's to know.
                if let Some(done) = app.rooms.admit(room_id, command.kind(), &envelope).await? {
                    return Ok(done);
                }
                check_member(app, room_id, to).await?;
            }
            app.rooms.handle(room_id, &Request { envelope, command }).await
        }
        Action::SetMedia(choice) => {
            if let Some(done) = app.rooms.admit(room_id, CommandKind::SetMedia, &envelope).await? {
                return Ok(done);
            }
            app.limiters.check_resolve(&sender.caller.user_id)?;
            app.rooms.set_media(room_id, envelope, &choice).await
        }
        Action::Ready(since_version) => {
            let step = sender.hub.ready(&sender.connection, since_version);
            app.rooms.take_step(room_id, step);
            current(app, room_id).await
        }
        Action::Buffering(on) => {
            let room = app.rooms.find(room_id).await?;
            // Where nothing would come of it, the room's turn isn't used up.
            let playing = room.playback.status == Status::Playing;
            let wanted = on && playing && room.profile.settings.rebuffer_barrier;
            if wanted && sender.hub.may_rebuffer(app.clock.now()) {
                app.rooms.handle_system(room_id, Command::Rebuffer).await;
            }
            current(app, room_id).await
        }
        Action::SyncReport(report) => {
            app.rooms.report_sync(&sender.hub, &sender.connection, report);
            current(app, room_id).await
        }
        Action::Leave => {
            if let Err(error) = app.rooms.host_left(room_id, participant_id).await {
                return Err(error.into());
            }
            current(app, room_id).await
        }
    }
}

/// What a frame asks for, with the version at which it is meant.
fn action(frame: ClientFrame) -> Result<(Action, Option<u64>), Refusal> {
    let decide = |command, expected| Ok((Action::Decide(command), expected));
    match frame {
        ClientFrame::Play(data) => decide(Command::Play, data.expected_version),
        ClientFrame::Pause(data) => decide(Command::Pause, data.expected_version),
        ClientFrame::Seek(data) => {
            decide(Command::Seek { to_ms: data.position_ms }, data.expected_version)
        }
        ClientFrame::SetRate(data) => {
            decide(Command::SetRate { rate: rate(data.rate)? }, data.expected_version)
        }
        ClientFrame::ChangeQuality(data) => {
            let rendition = Some(data.rendition).filter(|rendition| rendition != "auto");
            decide(Command::ChangeQuality { rendition }, data.expected_version)
        }
        ClientFrame::ChangeSubtitle(data) => {
            decide(Command::ChangeSubtitle { track: data.track }, data.expected_version)
        }
        ClientFrame::ChangeAudio(data) => {
            decide(Command::ChangeAudio { track: data.track }, data.expected_version)
        }
        ClientFrame::Ended(data) => {
            let media_id = engine::MediaId::new(data.media_id);
            decide(Command::Ended { media_id }, data.expected_version)
        }
        ClientFrame::HostTransfer(data) => {
            let to = ParticipantId::new(data.participant_id);
            decide(Command::HostTransfer { to }, data.expected_version)
        }
        ClientFrame::SetMedia(data) => {
            let expected_version = data.expected_version;
            Ok((Action::SetMedia(MediaChoice::from_wire(data)?), expected_version))
        }
        ClientFrame::Ready(data) => Ok((Action::Ready(data.version), None)),
        ClientFrame::Buffering(data) => Ok((Action::Buffering(data.on), None)),
        ClientFrame::SyncReport(data) => Ok((Action::SyncReport(sync_report(data)?), None)),
        ClientFrame::Leave(_) => Ok((Action::Leave, None)),
        ClientFrame::Hello(_) => {
            Err(Refusal::new(ErrorCode::UnexpectedFrame, "hello was said before"))
        }
        ClientFrame::Ping(_) => {
            Err(Refusal::new(ErrorCode::UnexpectedFrame, "a ping is no command"))
        }
    }
}

/// A rate in thousandths, if it is one.
fn rate(rate: f64) -> Result<Rate, Refusal> {
    let in_range = (0.25..=4.0).contains(&rate);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    let milli = if in_range { (rate * 1000.0).round() as u16 } else { 0 };
    Rate::from_milli(milli).ok_or_else(|| {
        Refusal::new(ErrorCode::InvalidRequest, "`rate` must lie between 0.25 and 4")
    })
}

/// A report, if it can be one.
fn sync_report(report: SyncReport) -> Result<SyncReport, Refusal> {
    if !(-DRIFT_MS_MAX..=DRIFT_MS_MAX).contains(&report.drift_ms) {
        let detail = format!("`drift_ms` must lie between -{DRIFT_MS_MAX} and {DRIFT_MS_MAX}");
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    }
    if !(0.0..=UNCERTAINTY_MS_MAX).contains(&report.uncertainty_ms) {
        let detail = format!("`uncertainty_ms` must lie between 0 and {UNCERTAINTY_MS_MAX}");
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    }
    Ok(report)
}

/// Unversioned commands are acknowledged with the current version.
async fn current(app: &App, room_id: &RoomId) -> Result<Done, Refusal> {
    let room = app.rooms.find(room_id).await?;
    Ok(Done { epoch: room.epoch, version: room.version, duplicate: false })
}

async fn check_member(app: &App, room_id: &RoomId, id: &ParticipantId) -> Result<(), Refusal> {
    let member = app.store.find_member(room_id, id).await?;
    member.map(|_| ()).ok_or_else(|| {
        Refusal::new(ErrorCode::ParticipantNotFound, "nobody of this id has joined the room")
    })
}

fn frame_kind(frame: &ClientFrame) -> &'static str {
    match frame {
        ClientFrame::Hello(_) => "hello",
        ClientFrame::Ping(_) => "ping",
        ClientFrame::Play(_) => "play",
        ClientFrame::Pause(_) => "pause",
        ClientFrame::Seek(_) => "seek",
        ClientFrame::SetRate(_) => "set_rate",
        ClientFrame::ChangeQuality(_) => "change_quality",
        ClientFrame::ChangeSubtitle(_) => "change_subtitle",
        ClientFrame::ChangeAudio(_) => "change_audio",
        ClientFrame::SetMedia(_) => "set_media",
        ClientFrame::Ended(_) => "ended",
        ClientFrame::Ready(_) => "ready",
        ClientFrame::Buffering(_) => "buffering",
        ClientFrame::SyncReport(_) => "sync_report",
        ClientFrame::HostTransfer(_) => "host_transfer",
        ClientFrame::Leave(_) => "leave",
    }
}
