//! From hello to welcome: a socket becomes a connection of its room, with a session.

use std::sync::Arc;

use contracts::{CAPABILITY_READY, CloseCode, ErrorCode, Hello, Welcome};
use engine::{Place, Room};
use tokio::time::timeout;
use tungstenite::Utf8Bytes;

use super::early::Early;
use super::end::End;
use super::execute::Sender;
use super::hello;
use super::session::Session;
use super::socket::{Broken, Socket, WRITE_TIMEOUT};
use crate::access::Proof;
use crate::app::App;
use crate::hub::{AttachError, Connection, NewConnection, RoomHub};
use crate::limit::FrameLimiter;
use crate::net::Client;
use crate::refusal::Refusal;
use crate::wire;

/// How often a client should send something, in milliseconds.
const HEARTBEAT_MS: u64 = 5_000;
/// After how long a silence of the server a client should consider it gone, in milliseconds.
const SERVER_SILENT_MS: u64 = 15_000;

/// A socket that has been welcomed, with everything that belongs to it.
pub struct Open {
    /// The socket.
    pub socket: Socket,
    /// The limits on what it may send.
    pub limiter: FrameLimiter,
    /// Its session in the room.
    pub session: Session,
    /// Input that arrived before the welcome was written.
    pub early: Early,
}

/// Waits for hello and answers with welcome. Returns `None` if the socket was closed instead, with a
/// reason if that could be sent.
pub async fn open(
    app: App,
    mut socket: Socket,
    proof: Proof,
    client: Arc<Client>,
) -> Option<Box<Open>> {
    let limiter = FrameLimiter::default();
    let received = tokio::select! {
        hello = hello::receive(&mut socket, &limiter, &app.clock) => hello,
        () = app.draining.cancelled() => Err(End::Close(CloseCode::DRAINING)),
    };
    let (id, hello) = match received {
        Ok(hello) => hello,
        Err(end) => {
            end.close(&mut socket, app.hub.drain_spread_ms()).await;
            return None;
        }
    };
    let mut early = Early::default();
    let entered = early.read_during(&mut socket, enter(&app, proof, client, &id, &hello)).await;
    match entered {
        Ok((session, frames)) => {
            write(&mut socket, frames).await;
            Some(Box::new(Open { socket, limiter, session, early }))
        }
        Err(refusal) => {
            let close = match refusal.code() {
                ErrorCode::RoomNotFound => CloseCode::ROOM_NOT_FOUND,
                ErrorCode::RoomClosed => CloseCode::ROOM_CLOSED,
                ErrorCode::LimitReached | ErrorCode::RoomFull => CloseCode::RATE_LIMITED,
                ErrorCode::Banned => CloseCode::BANNED,
                ErrorCode::GrantEnded => CloseCode::GRANT_ENDED,
                _ => CloseCode::INTERNAL,
            };
            let _ = socket.reject(Some(id), refusal).await;
            End::Close(close).close(&mut socket, app.hub.drain_spread_ms()).await;
            None
        }
    }
}

/// Writes the first frames. A socket that breaks or blocks here is noticed by the session's own
/// writes.
async fn write(socket: &mut Socket, frames: Vec<Utf8Bytes>) {
    let write = async {
        for frame in frames {
            socket.feed(frame).await?;
        }
        socket.flush().await
    };
    let _: Result<Result<(), Broken>, _> = timeout(WRITE_TIMEOUT, write).await;
}

/// Attaches the connection to its room. Returns the session and the first frames to write.
async fn enter(
    app: &App,
    proof: Proof,
    client: Arc<Client>,
    id: &str,
    hello: &Hello,
) -> Result<(Session, Vec<Utf8Bytes>), Refusal> {
    let room_id = proof.room_id().clone();
    let resume = hello.resume.as_ref();
    let kept = resume.map(|resume| &resume.session_id);
    let kept = kept.filter(|session_id| app.access.knows_session_id(session_id, &proof));
    let new = NewConnection {
        session_id: kept.cloned().unwrap_or_else(|| app.access.issue_session_id(&proof)),
        participant_id: proof.participant_id().clone(),
        user_id: proof.user_id().to_owned(),
        display_name: proof.display_name().to_owned(),
        named_at_ms: proof.named_at().as_millis(),
        base: proof.base(),
        family_id: proof.family_id().map(Box::from),
        ready_capable: hello.capabilities.iter().any(|name| name == CAPABILITY_READY),
    };
    // Attached before the room is followed and read, so that no commit falls between.
    let (hub, connection) = attach(app, &proof, &new)?;
    let sender = Sender { proof: Arc::new(proof), hub, connection, client };
    let mut session = Session::new(app.clone(), sender.clone());
    if app.draining.is_cancelled() {
        // It came after everybody was sent away.
        sender.connection.outbox.close(CloseCode::DRAINING);
    }
    let family_id = sender.connection.family_id.as_deref();
    if family_id.is_some_and(|family_id| app.access.is_revoked(family_id)) {
        // That happened since the ticket was redeemed.
        sender.connection.outbox.close(CloseCode::TOKEN_EXPIRED);
    }
    // Asked again now that a ban closes the connection: it may have come since the ticket was redeemed.
    app.access.check_admitted(&sender.proof)?;
    if !app.hub.is_reachable(&room_id) {
        let away = wire::text(&wire::authority_changed(false));
        sender.connection.outbox.set_authority(&away);
    }
    app.rooms.follow(&sender.hub).await?;
    // Somebody who was banned in the meantime must not become host again.
    app.access.check_admitted(&sender.proof)?;
    let seen = resume.map(|resume| Place { epoch: resume.epoch, version: resume.version });
    let mut room = app.rooms.arrive(&room_id, &sender.connection.participant_id).await?;
    if seen.is_some_and(|seen| seen > room.place()) {
        // Another node sent the client more than this one knows yet.
        room = app.rooms.find_newest(&room_id).await?;
    }
    app.members.take_place(&sender.proof, &room).await?;
    let resumed = kept.is_some();
    if resumed {
        app.rooms.tell_session_taken(&room_id, &sender.connection.session_id).await;
    }
    let welcome = welcome(&sender, &room, resumed);
    session.start_from(&room);
    let welcome = wire::welcome(id.to_owned(), &room, app.clock.now(), welcome);
    let mut frames = vec![wire::text(&welcome)];
    let rebased = seen.and_then(|seen| room.rebased_since(seen));
    frames.extend(rebased.map(|rebased| wire::text(&wire::rebased(&room, rebased))));
    tracing::debug!(room.id = %room_id, client = %hello.client.name, "connected");
    // Also for the second connection of a participant, which has to hear who is there.
    app.hub.mark_presence_changed(&room_id);
    app.hub.mark_presence_unsent(&room_id);
    Ok((session, frames))
}

/// Adds a connection to the room's.
fn attach(
    app: &App,
    proof: &Proof,
    new: &NewConnection,
) -> Result<(Arc<RoomHub>, Arc<Connection>), Refusal> {
    let max = app.config.limits.connections_per_participant;
    loop {
        let now = app.clock.now();
        let hub = app.hub.find_or_create(proof.room_id(), now);
        match hub.attach(new.clone(), max, now) {
            Ok(connection) => return Ok((hub, connection)),
            Err(AttachError::TooMany) => {
                let detail = "you have too many connections here";
                return Err(Refusal::new(ErrorCode::LimitReached, detail));
            }
            // It was forgotten just now; the next one is new.
            Err(AttachError::Retired) => {}
        }
    }
}

fn welcome(sender: &Sender, room: &Room, resumed: bool) -> Welcome {
    let connection = &sender.connection;
    Welcome {
        session_id: connection.session_id.clone(),
        participant_id: connection.participant_id.to_string(),
        role: wire::role(sender.proof.role_in(room)),
        fence: room.fence,
        resumed,
        heartbeat_ms: HEARTBEAT_MS,
        dead_after_ms: SERVER_SILENT_MS,
        room: wire::room(room, sender.hub.viewers()),
    }
}
