//! One socket's life: hello, welcome, then a loop over a closed set of inputs.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::{Utf8Bytes, WebSocket};
use contracts::{CAPABILITY_READY, ClientFrame, CloseCode, Hello, ServerFrame, Welcome};
use engine::{ParticipantId, Room};
use tokio::time::{Instant, sleep_until, timeout};

use super::command::{self, Reply, Sender};
use super::hello;
use super::socket::{Broken, Input, Socket};
use crate::App;
use crate::auth::Ticket;
use crate::connections::Place;
use crate::hub::{NewConnection, Outgoing};
use crate::limit::FrameLimiter;
use crate::refusal::Refusal;
use crate::wire::{self, Decoded};

/// How often a host is pinged and its lease renewed.
const HOST_BEAT: Duration = Duration::from_secs(5);
/// How often others are pinged.
const BEAT: Duration = Duration::from_secs(20);
/// A connection that shows no sign of life for this long is gone.
const DEAD_AFTER: Duration = Duration::from_secs(45);
/// What clients are told: send something at least this often …
const HEARTBEAT_MS: u64 = 5_000;
/// … and take a server that is silent for this long for gone.
const DEAD_AFTER_MS: u64 = 15_000;
/// How many commands of one connection wait for their turn before it isn't read any further.
const WAITING_MAX: usize = 32;
/// How long a client waits before it comes back to a server that goes away.
const DRAIN_SPREAD_MS: u64 = 200;

/// How long a write may stand before the connection counts as too slow.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the reason is offered to a connection that doesn't read.
const SLOW_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

type Running = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// Runs a socket to its end. What a connection holds while it idles decides how many there can be,
/// so every step that is rare or short is boxed and gone when it is over.
pub fn run(
    app: App,
    socket: WebSocket,
    ticket: Ticket,
    place: Place,
) -> impl Future<Output = ()> + Send {
    let began = Box::pin(begin(app.clone(), Socket::new(socket), ticket));
    async move {
        let _place = place;
        let Some(mut open) = began.await else { return };
        metrics::gauge!("playhead_connections").increment(1);
        let end = open.session.run(&app, &mut open.socket, &open.limiter).await;
        metrics::gauge!("playhead_connections").decrement(1);
        // Presence must not wait for the other side's answer to the close.
        open.session.detach(&app, matches!(end, End::Close(CloseCode::LEFT)));
        Box::pin(end.close(&mut open.socket)).await;
    }
}

/// A socket that said hello, with all that belongs to it.
struct Open {
    socket: Socket,
    limiter: FrameLimiter,
    session: Session,
}

/// Hello and welcome. `None`: the socket was closed, in words if it could be.
async fn begin(app: App, mut socket: Socket, ticket: Ticket) -> Option<Box<Open>> {
    let limiter = FrameLimiter::default();
    let (id, hello) = tokio::select! {
        hello = hello::receive(&mut socket, &limiter, &app.clock) => hello?,
        () = app.draining.cancelled() => return None,
    };
    let session = attach(&app, &mut socket, ticket, id, hello).await?;
    Some(Box::new(Open { socket, limiter, session }))
}

/// A socket that said hello.
struct Session {
    sender: Sender,
    /// The last place in the room's order that was written.
    written: (u64, u64),
    /// The last fence that was written.
    fence: u64,
    running: Option<Running>,
    waiting: VecDeque<Decoded>,
    heard: Instant,
    beat_at: Instant,
    pinged: Option<Instant>,
}

/// How a session ends.
enum End {
    Gone,
    BadUtf8,
    Slow,
    Close(CloseCode),
}

impl End {
    async fn close(self, socket: &mut Socket) {
        match self {
            Self::Gone => {}
            Self::BadUtf8 => socket.close_bad_utf8().await,
            // It didn't take what was written; it hardly takes the reason.
            Self::Slow => {
                let close = socket.close(CloseCode::SLOW_CONSUMER, 0);
                let _ = timeout(SLOW_CLOSE_TIMEOUT, close).await;
            }
            Self::Close(code) => {
                let draining = code == CloseCode::DRAINING;
                socket.close(code, if draining { DRAIN_SPREAD_MS } else { 0 }).await;
            }
        }
    }
}

/// Joins the room's connections and writes the welcome. `None`: refused in words.
async fn attach(
    app: &App,
    socket: &mut Socket,
    ticket: Ticket,
    id: String,
    hello: Hello,
) -> Option<Session> {
    let Ticket { room_id, caller, .. } = ticket;
    let now = app.clock.now();
    let hub = app.hub.room(&room_id, now);
    let new = NewConnection {
        participant_id: caller.participant_id(&room_id),
        display_name: caller.display_name.clone(),
        base: caller.base(),
        resume: hello.resume.as_ref().map(|resume| resume.session_id.clone()),
        ready_capable: hello.capabilities.iter().any(|name| name == CAPABILITY_READY),
    };
    // Attached before the room is read, so that no commit falls between the two.
    let attached = hub.attach(new, app.config.limits.connections_per_participant);
    let Some((connection, resumed, first)) = attached else {
        let refusal = Refusal::new("limit_reached", "you have too many connections here");
        let _ = socket.reject(Some(id), refusal).await;
        socket.close(CloseCode::FORBIDDEN, 0).await;
        return None;
    };
    let sender = Sender { caller: Arc::new(caller), hub, connection };
    let began = Instant::now();
    let mut session = Session {
        sender,
        written: (0, 0),
        fence: 0,
        running: None,
        waiting: VecDeque::new(),
        heard: began,
        beat_at: began,
        pinged: None,
    };
    match session.welcome(app, socket, id.clone(), &hello, resumed).await {
        Ok(()) => {
            tracing::debug!(room.id = %room_id, client = %hello.client.name, "connected");
            if first {
                app.hub.stir(&room_id);
            }
            Some(session)
        }
        Err(refusal) => {
            let close = match refusal.code() {
                "room_not_found" => CloseCode::ROOM_NOT_FOUND,
                "room_closed" => CloseCode::ROOM_CLOSED,
                _ => CloseCode::INTERNAL,
            };
            session.detach(app, false);
            let _ = socket.reject(Some(id), refusal).await;
            socket.close(close, 0).await;
            None
        }
    }
}

impl Session {
    async fn welcome(
        &mut self,
        app: &App,
        socket: &mut Socket,
        id: String,
        hello: &Hello,
        resumed: bool,
    ) -> Result<(), Refusal> {
        let Sender { hub, connection, .. } = &self.sender;
        let mut room = app.rooms.find(&hub.room_id).await?;
        if !room.lifecycle.state.is_open() {
            return Err(Refusal::new("room_closed", "the party is over"));
        }
        if room.host_id.as_ref() == Some(&connection.participant_id)
            || room.former_host_id.as_ref() == Some(&connection.participant_id)
        {
            app.rooms.host_alive(&hub.room_id, &connection.participant_id).await?;
            room = app.rooms.find(&hub.room_id).await?;
        }
        let role = room.role_of_participant(&connection.participant_id, connection.base);
        let data = Welcome {
            session_id: connection.session_id.clone(),
            participant_id: connection.participant_id.to_string(),
            role: wire::participant_role(role),
            fence: room.fence,
            resumed,
            heartbeat_ms: HEARTBEAT_MS,
            dead_after_ms: DEAD_AFTER_MS,
            room: wire::room(&room, hub.viewers()),
        };
        self.written = (room.epoch, room.version);
        self.fence = room.fence;
        let welcome = wire::text(&wire::welcome(id, &room, app.clock.now(), data));
        // A socket that breaks here is noticed by the loop.
        let _ = socket.feed(welcome).await;
        if let Some(rebased) = rebased_since(&room, hello) {
            let _ = socket.feed(rebased).await;
        }
        let _ = socket.flush().await;
        Ok(())
    }

    async fn run(&mut self, app: &App, socket: &mut Socket, limiter: &FrameLimiter) -> End {
        loop {
            let connection = self.sender.connection.clone();
            if connection.outbox.has_waiting() {
                match Box::pin(timeout(WRITE_TIMEOUT, self.write_waiting(app, socket))).await {
                    Ok(Ok(None)) => {}
                    Ok(Ok(Some(end))) => return end,
                    Ok(Err(Broken)) | Err(_) => return End::Slow,
                }
            }
            let listening = self.waiting.len() < WAITING_MAX;
            let step = tokio::select! {
                biased;
                () = connection.outbox.wake.notified() => Ok(None),
                reply = running(&mut self.running) => {
                    Box::pin(self.answer(app, socket, reply)).await
                }
                input = socket.next(), if listening => {
                    Box::pin(self.take(app, socket, limiter, input)).await
                }
                () = sleep_until(self.beat_at) => Box::pin(self.beat(app, socket)).await,
                () = app.draining.cancelled() => Ok(Some(End::Close(CloseCode::DRAINING))),
            };
            match step {
                Ok(None) => {}
                Ok(Some(end)) => return end,
                Err(Broken) => return End::Gone,
            }
        }
    }

    /// Writes everything that waits, in one flush.
    async fn write_waiting(
        &mut self,
        app: &App,
        socket: &mut Socket,
    ) -> Result<Option<End>, Broken> {
        let mut fed = false;
        let mut published = None;
        let mut end = None;
        while let Some(outgoing) = self.sender.connection.outbox.pop() {
            fed = true;
            match outgoing {
                // Already in the welcome.
                Outgoing::Ordered(frame) if frame.position <= self.written => {}
                Outgoing::Ordered(frame) => {
                    self.written = frame.position;
                    self.fence = frame.fence.unwrap_or(self.fence);
                    self.notice_host(frame.host_id.as_ref());
                    published = published.or(Some(frame.published));
                    socket.feed(frame.text).await?;
                }
                Outgoing::Moment(text) => socket.feed(text).await?,
                Outgoing::Resync => Box::pin(self.resync(app, socket)).await?,
                Outgoing::Close(code) => {
                    end = Some(End::Close(code));
                    break;
                }
            }
        }
        if fed {
            socket.flush().await?;
        }
        if let Some(published) = published {
            app.fanout_seconds.record(published.elapsed());
        }
        Ok(end)
    }

    /// The newest state instead of the steps that were dropped.
    async fn resync(&mut self, app: &App, socket: &mut Socket) -> Result<(), Broken> {
        metrics::counter!("playhead_resyncs_total").increment(1);
        let hub = self.sender.hub.clone();
        let Ok(room) = app.rooms.find(&hub.room_id).await else { return Ok(()) };
        self.written = (room.epoch, room.version);
        self.fence = room.fence;
        self.notice_host(room.host_id.as_ref());
        let snapshot = wire::room_snapshot(&room, hub.viewers(), app.clock.now());
        socket.feed(wire::text(&snapshot)).await
    }

    /// A host's lease is shorter than others' beats: whoever becomes host begins with one at once.
    fn notice_host(&mut self, host_id: Option<&ParticipantId>) {
        if host_id == Some(&self.sender.connection.participant_id) {
            self.beat_at = Instant::now();
        }
    }

    async fn take(
        &mut self,
        app: &App,
        socket: &mut Socket,
        limiter: &FrameLimiter,
        input: Input,
    ) -> Result<Option<End>, Broken> {
        let t1_us = app.clock.now_us();
        self.heard = Instant::now();
        let text = match input {
            Input::Text(text) => text,
            Input::Ping => return Ok(None),
            Input::Pong => {
                if let Some(pinged) = self.pinged.take() {
                    let rtt_ms = u64::try_from(pinged.elapsed().as_millis()).unwrap_or(u64::MAX);
                    self.sender.connection.rtt_ms.store(rtt_ms, Ordering::Relaxed);
                }
                return Ok(None);
            }
            Input::Gone => return Ok(Some(End::Gone)),
            Input::Binary => return Ok(Some(End::Close(CloseCode::BAD_FRAME))),
            Input::TooLarge => return Ok(Some(End::Close(CloseCode::FRAME_TOO_LARGE))),
            Input::BadUtf8 => return Ok(Some(End::BadUtf8)),
        };
        let allowed = limiter.check_frame();
        match wire::decode(&text) {
            Err((id, refusal)) => {
                let refusal = allowed.err().unwrap_or(refusal);
                let unusable = id.is_none();
                metrics::counter!("playhead_commands_total", "type" => "unusable",
                    "code" => refusal.code())
                .increment(1);
                socket.reject(id, refusal).await?;
                let tired = unusable && !limiter.check_bad_frame();
                Ok(tired.then_some(End::Close(CloseCode::BAD_FRAME)))
            }
            Ok(Decoded { id, .. }) if allowed.is_err() => {
                let refusal = allowed.err().unwrap_or_else(|| Refusal::rate_limited(1));
                socket.reject(id, refusal).await?;
                Ok(None)
            }
            Ok(Decoded { frame: ClientFrame::Ping(ping), .. }) => {
                let pong = wire::pong(ping.t0, t1_us, app.clock.now_us());
                socket.send(wire::text(&pong)).await?;
                Ok(None)
            }
            Ok(decoded) => {
                self.waiting.push_back(decoded);
                self.start_next(app);
                Ok(None)
            }
        }
    }

    /// Commands of one connection take effect in the order in which they came.
    fn start_next(&mut self, app: &App) {
        if self.running.is_none()
            && let Some(decoded) = self.waiting.pop_front()
        {
            let (app, sender) = (app.clone(), self.sender.clone());
            self.running = Some(Box::pin(command::execute(app, sender, decoded, self.fence)));
        }
        if self.waiting.is_empty() {
            // An idle connection keeps no buffer.
            self.waiting = VecDeque::new();
        }
    }

    async fn answer(
        &mut self,
        app: &App,
        socket: &mut Socket,
        reply: Reply,
    ) -> Result<Option<End>, Broken> {
        self.running = None;
        let done = reply.leaves && matches!(reply.frame, ServerFrame::Ack { .. });
        socket.send(wire::text(&reply.frame)).await?;
        self.start_next(app);
        Ok(done.then_some(End::Close(CloseCode::LEFT)))
    }

    /// Pings, renews the host's lease, and notices the dead.
    async fn beat(&mut self, app: &App, socket: &mut Socket) -> Result<Option<End>, Broken> {
        if self.heard.elapsed() >= DEAD_AFTER {
            return Ok(Some(End::Close(CloseCode::HEARTBEAT_TIMEOUT)));
        }
        let Sender { caller, hub, connection } = &self.sender;
        if caller.expires_at_ms <= app.clock.now().as_millis() {
            return Ok(Some(End::Close(CloseCode::AUTH_EXPIRED)));
        }
        let room = app.rooms.find(&hub.room_id).await.ok();
        let hosted = room.filter(|room| room.host_id.as_ref() == Some(&connection.participant_id));
        let lease_ms = hosted.map(|room| room.profile.settings.host_lease_ms);
        // A room's own lease may be shorter than the usual beat.
        let beat = lease_ms.map_or(BEAT, |ms| HOST_BEAT.min(Duration::from_millis(ms) / 3));
        if lease_ms.is_some()
            && self.heard.elapsed() < beat * 2
            && let Err(error) = app.rooms.host_alive(&hub.room_id, &connection.participant_id).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "lease not renewed");
        }
        self.pinged = Some(Instant::now());
        self.beat_at = Instant::now() + beat;
        socket.ping(bytes::Bytes::new()).await?;
        Ok(None)
    }

    fn detach(&mut self, app: &App, left: bool) {
        let Sender { hub, connection, .. } = &self.sender;
        let everybody = hub.detach(connection, left, app.clock.now());
        if let Some(since_version) = everybody {
            app.rooms.start_ready(hub.room_id.clone(), since_version);
        }
        if left {
            hub.close_participant(&connection.participant_id, connection.number, CloseCode::LEFT);
        }
        app.hub.stir(&hub.room_id);
    }
}

/// What a client that saw an earlier epoch must be told.
fn rebased_since(room: &Room, hello: &Hello) -> Option<Utf8Bytes> {
    let resume = hello.resume.as_ref()?;
    let rebased = room.rebased.as_ref().filter(|_| resume.epoch < room.epoch)?;
    Some(wire::text(&wire::rebased(room, rebased)))
}

async fn running(running: &mut Option<Running>) -> Reply {
    match running {
        Some(running) => running.await,
        None => std::future::pending().await,
    }
}
