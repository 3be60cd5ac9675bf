//! Hello and welcome: from a socket to a session in a room.

use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use contracts::{CAPABILITY_READY, CloseCode, ErrorCode, Hello, Welcome};
use engine::{Place, Room, RoomId};
use tokio::time::timeout;

use super::command::Sender;
use super::early::Early;
use super::hello;
use super::session::Session;
use super::socket::{Broken, Socket, WRITE_TIMEOUT};
use crate::App;
use crate::auth::Ticket;
use crate::hub::{AttachError, Attached, NewConnection, RoomHub};
use crate::limit::FrameLimiter;
use crate::refusal::Refusal;
use crate::wire;

/// What clients are told: send something at least this often …
const HEARTBEAT_MS: u64 = 5_000;
/// … and take a server that is silent for this long for gone.
const DEAD_AFTER_MS: u64 = 15_000;

/// A socket that said hello, with all that belongs to it.
pub struct Open {
    /// The socket.
    pub socket: Socket,
    /// How much it may send.
    pub limiter: FrameLimiter,
    /// Its place in the room.
    pub session: Session,
    /// What came before the welcome was written.
    pub early: Early,
}

/// Hello and welcome. `None`: the socket was closed, in words if it could be.
pub async fn open(app: App, mut socket: Socket, ticket: Ticket) -> Option<Box<Open>> {
    let limiter = FrameLimiter::default();
    let (id, hello) = tokio::select! {
        hello = hello::receive(&mut socket, &limiter, &app.clock) => hello?,
        () = app.draining.cancelled() => return None,
    };
    let mut early = Early::default();
    let entered = early.read_during(&mut socket, enter(&app, ticket, &id, &hello)).await;
    match entered {
        Ok((session, frames)) => {
            write(&mut socket, frames).await;
            Some(Box::new(Open { socket, limiter, session, early }))
        }
        Err(refusal) => {
            let close = match refusal.code() {
                ErrorCode::RoomNotFound => CloseCode::ROOM_NOT_FOUND,
                ErrorCode::RoomClosed => CloseCode::ROOM_CLOSED,
                ErrorCode::LimitReached => CloseCode::RATE_LIMITED,
                _ => CloseCode::INTERNAL,
            };
            let _ = socket.reject(Some(id), refusal).await;
            socket.close(close, 0).await;
            None
        }
    }
}

/// Writes the first frames. A socket that breaks or stands here is noticed by the session's own
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

/// Joins the room's connections; the session, and what is to be written first.
async fn enter(
    app: &App,
    ticket: Ticket,
    id: &str,
    hello: &Hello,
) -> Result<(Session, Vec<Utf8Bytes>), Refusal> {
    let Ticket { room_id, caller, .. } = ticket;
    let participant_id = caller.participant_id(&room_id);
    let kept = hello.resume.as_ref().map(|resume| &resume.session_id);
    let kept = kept.filter(|id| app.tokens.sessions.knows(id, &room_id, &participant_id));
    let resumed = kept.is_some();
    let issue = || app.tokens.sessions.issue(&room_id, &participant_id);
    let new = NewConnection {
        session_id: kept.cloned().unwrap_or_else(issue),
        participant_id,
        user_id: caller.user_id.clone(),
        display_name: caller.display_name.clone(),
        base: caller.base(),
        ready_capable: hello.capabilities.iter().any(|name| name == CAPABILITY_READY),
    };
    // Attached before the room is followed and read, so that no commit falls between.
    let (hub, Attached { connection, is_first }) = attach(app, &room_id, &new)?;
    let sender = Sender { caller: Arc::new(caller), hub, connection };
    let mut session = Session::new(app.clone(), sender.clone());
    if app.draining.is_cancelled() {
        // It came after everybody was told to go.
        sender.connection.outbox.close(CloseCode::DRAINING);
    }
    if !app.hub.is_reachable() {
        let away = wire::text(&wire::authority_changed(false));
        sender.connection.outbox.set_authority(&away);
    }
    app.rooms.follow(&sender.hub).await?;
    let seen = hello.resume.as_ref();
    let seen = seen.map(|resume| Place { epoch: resume.epoch, version: resume.version });
    let mut room = arrive(app, &sender).await?;
    if seen.is_some_and(|seen| seen > room.place()) {
        // Another node told it more than this one knows yet.
        room = app.rooms.find_newest(&room_id).await?;
    }
    if resumed {
        app.rooms.tell_session(&room_id, &sender.connection.session_id).await;
    }
    let welcome = welcome(&sender, &room, resumed);
    session.start_from(&room);
    let welcome = wire::welcome(id.to_owned(), &room, app.clock.now(), welcome);
    let mut frames = vec![wire::text(&welcome)];
    frames.extend(seen.and_then(|seen| rebased_since(&room, seen)));
    tracing::debug!(room.id = %room_id, client = %hello.client.name, "connected");
    if is_first {
        app.hub.mark_presence_changed(&room_id);
    }
    app.hub.mark_presence_unsent(&room_id);
    Ok((session, frames))
}

/// Adds a connection to the room's.
fn attach(
    app: &App,
    room_id: &RoomId,
    new: &NewConnection,
) -> Result<(Arc<RoomHub>, Attached), Refusal> {
    let max = app.config.limits.connections_per_participant;
    loop {
        let now = app.clock.now();
        let hub = app.hub.find_or_create(room_id, now);
        match hub.attach(new.clone(), max, now) {
            Ok(attached) => return Ok((hub, attached)),
            Err(AttachError::TooMany) => {
                return Err(Refusal::new(
                    ErrorCode::LimitReached,
                    "you have too many connections here",
                ));
            }
            // It was forgotten just now; the next one is new.
            Err(AttachError::Retired) => {}
        }
    }
}

/// The room as it is once its host, if it is the host who comes, is there.
async fn arrive(app: &App, sender: &Sender) -> Result<Arc<Room>, Refusal> {
    let (room_id, participant_id) = (&sender.hub.room_id, &sender.connection.participant_id);
    let room = app.rooms.find(room_id).await?;
    if !room.lifecycle.state.is_open() {
        return Err(Refusal::new(ErrorCode::RoomClosed, "the party is over"));
    }
    let is_host = room.host_id.as_ref() == Some(participant_id);
    if !is_host && room.former_host_id.as_ref() != Some(participant_id) {
        return Ok(room);
    }
    app.rooms.host_alive(room_id, participant_id).await?;
    app.rooms.find(room_id).await
}

fn welcome(sender: &Sender, room: &Room, resumed: bool) -> Welcome {
    let connection = &sender.connection;
    let role = room.role_of_participant(&connection.participant_id, connection.base);
    Welcome {
        session_id: connection.session_id.clone(),
        participant_id: connection.participant_id.to_string(),
        role: wire::role(role),
        fence: room.fence,
        resumed,
        heartbeat_ms: HEARTBEAT_MS,
        dead_after_ms: DEAD_AFTER_MS,
        room: wire::room(room, sender.hub.viewers()),
    }
}

/// What a client must be told that saw the room at `seen`, if that was an earlier epoch. One
/// that saw more than was kept proves a loss, whatever the store believes.
pub(super) fn rebased_since(room: &Room, seen: Place) -> Option<Utf8Bytes> {
    let rebased = room.rebased.filter(|_| seen.epoch < room.epoch)?;
    let lost = rebased.is_lost_since(seen);
    Some(wire::text(&wire::rebased(room, engine::Rebased { lost, ..rebased })))
}
