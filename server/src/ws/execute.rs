//! Executes one command of one connection, and replies with exactly one ack or reject.

use std::sync::Arc;

use contracts::{ClientFrame, ErrorCode, ServerFrame, SyncReport};
use engine::{Command, Envelope, MediaId, Op, ParticipantId, Place, Request};

use crate::access::{Caller, Proof, Validity};
use crate::app::App;
use crate::hub::{Connection, RoomHub};
use crate::limit::Asker;
use crate::net::Client;
use crate::refusal::Refusal;
use crate::rooms::Ack;
use crate::sources::MediaChoice;
use crate::wire::{self, Decoded};

/// Who sends a command, and over which connection.
#[derive(Clone, Debug)]
pub struct Sender {
    /// What the user is in the room.
    pub proof: Arc<Proof>,
    /// The room's connections.
    pub hub: Arc<RoomHub>,
    /// The connection.
    pub connection: Arc<Connection>,
    /// The client at its other end.
    pub client: Arc<Client>,
}

/// The reply to a command.
#[derive(Debug)]
pub struct Reply {
    /// The ack or reject.
    pub frame: ServerFrame,
    /// Whether the participant leaves.
    pub leaves: bool,
    /// When the access token is valid that keeps the connection open from now on, if there is another.
    pub extends_to: Option<Validity>,
    /// Whether the sender asked too often.
    pub excess: bool,
}

enum Action {
    Decide(Command),
    SetMedia(MediaChoice),
    Ready(u64),
    Buffering(bool),
    MediaFailed(MediaId),
    SyncReport(SyncReport),
    Extend(String),
    Leave,
}

/// What the client had been sent when its command arrived, and so what it had seen at best.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The fence.
    pub fence: u64,
    /// The place.
    pub place: Place,
}

/// Executes a command.
pub async fn execute(app: App, sender: Sender, decoded: Decoded, seen: Seen) -> Reply {
    let (id, kind) = (decoded.id.clone(), decoded.frame.type_name());
    let leaves = matches!(decoded.frame, ClientFrame::Leave(_));
    let mut extends_to = None;
    let done = perform(&app, &sender, decoded, seen, &mut extends_to).await;
    Reply { leaves, extends_to, ..reply(id, kind, done) }
}

/// Refuses a command without executing it.
pub fn refuse(decoded: &Decoded, refusal: Refusal) -> Reply {
    reply(decoded.id.clone(), decoded.frame.type_name(), Err(refusal))
}

/// Counts a command that was carried out or refused, and replies to it.
fn reply(id: Option<String>, kind: &'static str, done: Result<Ack, Refusal>) -> Reply {
    let id = id.unwrap_or_default();
    let code = done.as_ref().map_or_else(|refusal| refusal.code().name(), |_| "ok");
    metrics::counter!("playhead_commands_total", "type" => kind, "code" => code).increment(1);
    let excess = code == ErrorCode::RateLimited.name();
    let frame = match done {
        Ok(Ack { place, duplicate }) => wire::ack(id, place, duplicate),
        Err(refusal) => {
            tracing::debug!(command.kind = kind, rejection.code = code, "command refused");
            wire::reject(Some(id), refusal)
        }
    };
    Reply { frame, leaves: false, extends_to: None, excess }
}

async fn perform(
    app: &App,
    sender: &Sender,
    decoded: Decoded,
    seen: Seen,
    extends_to: &mut Option<Validity>,
) -> Result<Ack, Refusal> {
    let Sender { proof, hub, connection, client } = sender;
    app.access.check_admitted(proof)?;
    let (room_id, participant_id) = (proof.room_id(), proof.participant_id());
    let op = decoded.id.map(|id| Op {
        participant_id: participant_id.clone(),
        id,
        payload_hash: decoded.payload_hash,
    });
    let (action, expected_version) = action(decoded.frame)?;
    let envelope = Envelope {
        actor: proof.actor(),
        op,
        expected: expected_version.map(|version| Place { epoch: seen.place.epoch, version }),
        fence: Some(seen.fence),
    };
    match action {
        Action::Decide(command) => {
            let from = Asker { user_id: proof.user_id(), address: client.address };
            return app.rooms.handle(room_id, &Request { envelope, command }, from).await;
        }
        Action::SetMedia(choice) => {
            return app.rooms.set_media(proof, envelope, &choice, client).await;
        }
        Action::Ready(since_version) => app.rooms.ready(hub, connection, since_version),
        Action::Buffering(true) => app.rooms.rebuffer(hub, connection).await?,
        Action::Buffering(false) => {}
        Action::MediaFailed(media_id) => {
            app.rooms.refresh_media(hub, proof, &media_id, client).await?;
        }
        Action::SyncReport(report) => app.rooms.report_sync(hub, connection, report),
        Action::Extend(token) => {
            let Caller { display_name, named_at, validity, .. } =
                app.access.extend(proof, &token)?;
            *extends_to = Some(validity);
            if hub.rename(participant_id, &display_name, named_at.as_millis()) {
                app.hub.mark_presence_changed(room_id);
                app.hub.mark_presence_unsent(room_id);
            }
            // Needs no store: a connection must not end because that is away.
            let place = app.rooms.find(room_id).await.map_or(seen.place, |room| room.place());
            return Ok(Ack { place, duplicate: false });
        }
        Action::Leave => app.rooms.leave(proof, connection.number).await?,
    }
    // Unversioned commands are acknowledged with the current place.
    let place = app.rooms.find(room_id).await?.place();
    Ok(Ack { place, duplicate: false })
}

/// Returns what a frame asks for, with the version that it expects.
fn action(frame: ClientFrame) -> Result<(Action, Option<u64>), Refusal> {
    let decide = |command, expected| Ok((Action::Decide(command), expected));
    match frame {
        ClientFrame::Play(data) => decide(Command::Play, data.expected_version),
        ClientFrame::Pause(data) => decide(Command::Pause, data.expected_version),
        ClientFrame::Seek(data) => {
            decide(Command::Seek { to_ms: data.position_ms }, data.expected_version)
        }
        ClientFrame::SetRate(data) => decide(
            Command::SetRate { rate: wire::rate_from_wire(data.rate)? },
            data.expected_version,
        ),
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
            let media_id = MediaId::new(data.media_id);
            decide(Command::Ended { media_id }, data.expected_version)
        }
        ClientFrame::Measured(data) => {
            decide(Command::Measured(wire::measurement_from_wire(data)?), None)
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
        ClientFrame::MediaFailed(data) => {
            Ok((Action::MediaFailed(MediaId::new(data.media_id)), None))
        }
        ClientFrame::SyncReport(data) => {
            Ok((Action::SyncReport(wire::check_sync_report(data)?), None))
        }
        ClientFrame::AuthRefresh(data) => Ok((Action::Extend(data.access_token), None)),
        ClientFrame::Leave(_) => Ok((Action::Leave, None)),
        ClientFrame::Hello(_) => {
            Err(Refusal::new(ErrorCode::UnexpectedFrame, "hello was sent before"))
        }
        ClientFrame::Ping(_) => {
            Err(Refusal::new(ErrorCode::UnexpectedFrame, "a ping is not a command"))
        }
    }
}
