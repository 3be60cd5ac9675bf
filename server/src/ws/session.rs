//! One socket's life after its welcome: a loop over a closed set of inputs.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use contracts::{ClientFrame, CloseCode, ErrorCode, ServerFrame};
use engine::{ParticipantId, Place, Room};
use tokio::time::{Instant, sleep_until, timeout};

use super::attach;
use super::command::{self, Reply, Sender, Told};
use super::early::Early;
use super::lease::{BEAT, renew};
use super::socket::{Broken, Input, Socket, WRITE_TIMEOUT};
use crate::App;
use crate::auth::Ticket;
use crate::connections;
use crate::hub::Outgoing;
use crate::id;
use crate::limit::FrameLimiter;
use crate::refusal::Refusal;
use crate::rooms;
use crate::wire::{self, Decoded};

/// A connection that shows no sign of life for this long is gone.
const DEAD_AFTER: Duration = Duration::from_secs(45);
/// How many commands of one connection wait for their turn before it isn't read any further.
const WAITING_MAX: usize = 32;

/// How long the reason is offered to a connection that doesn't read.
const SLOW_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

type Running = Pin<Box<dyn Future<Output = Reply> + Send>>;
type Renewing = Pin<Box<dyn Future<Output = Instant> + Send>>;

/// Runs a socket to its end. What a connection holds while it idles decides how many there can be,
/// so every step that is rare or short is boxed and gone when it is over.
pub fn run(
    app: App,
    socket: Socket,
    ticket: Ticket,
    place: connections::Place,
) -> impl Future<Output = ()> + Send {
    let opening = Box::pin(attach::open(app, socket, ticket));
    async move {
        let _place = place;
        let Some(mut open) = opening.await else { return };
        let end = open.session.run(&mut open.socket, &open.limiter, &mut open.early).await;
        if !matches!(end, End::Gone | End::Slow) {
            Box::pin(open.session.settle(&mut open.socket, open.early)).await;
        }
        // Presence must not wait for the other side's answer to the close.
        open.session.detach(matches!(end, End::Close(CloseCode::LEFT)));
        let spread_ms = open.session.app.hub.drain_spread_ms();
        Box::pin(end.close(&mut open.socket, spread_ms)).await;
    }
}

/// A socket that said hello. Its connection leaves the room when this is dropped, however it ends.
pub(super) struct Session {
    app: App,
    sender: Sender,
    attached: bool,
    /// The last place in the room's order that was written.
    written: Place,
    /// The last fence that was written.
    fence: u64,
    running: Option<Running>,
    /// Commands that wait for their turn, each with what was written before it was read.
    waiting: VecDeque<(Decoded, Told)>,
    heard: Instant,
    beat_at: Instant,
    pinged: Option<Instant>,
    /// The host's lease on its way, and when the next beat is to be.
    renewing: Option<Renewing>,
}

/// How a session ends.
enum End {
    Gone,
    BadUtf8,
    BadProtocol,
    Slow,
    Close(CloseCode),
}

impl End {
    async fn close(self, socket: &mut Socket, drain_spread_ms: u64) {
        match self {
            Self::Gone => {}
            Self::BadUtf8 => socket.close_bad_utf8().await,
            Self::BadProtocol => socket.close_bad_protocol().await,
            // It didn't take what was written; it hardly takes the reason.
            Self::Slow => {
                let close = socket.close(CloseCode::SLOW_CONSUMER, 0);
                let _ = timeout(SLOW_CLOSE_TIMEOUT, close).await;
            }
            Self::Close(code) => {
                let draining = code == CloseCode::DRAINING;
                let after_ms = if draining { id::random_up_to(drain_spread_ms) } else { 0 };
                socket.close(code, after_ms).await;
            }
        }
    }
}

impl Session {
    /// A session of a connection that is in the room's.
    pub(super) fn new(app: App, sender: Sender) -> Self {
        metrics::gauge!("playhead_connections").increment(1);
        let began = Instant::now();
        Self {
            app,
            sender,
            attached: true,
            written: Place { epoch: 0, version: 0 },
            fence: 0,
            running: None,
            waiting: VecDeque::new(),
            heard: began,
            beat_at: began,
            pinged: None,
            renewing: None,
        }
    }

    /// Takes note of a whole state that is written: what came before it is not.
    pub(super) fn start_from(&mut self, room: &Room) {
        self.written = room.place();
        self.fence = room.fence;
        self.notice_host(room.host_id.as_ref());
    }

    async fn run(&mut self, socket: &mut Socket, limiter: &FrameLimiter, early: &mut Early) -> End {
        let app = self.app.clone();
        let app = &app;
        // One timer for the session's life: making one for each frame would take a lock of the
        // whole runtime each time.
        let mut beat = std::pin::pin!(sleep_until(self.beat_at));
        loop {
            let connection = self.sender.connection.clone();
            if connection.outbox.has_waiting() {
                match Box::pin(timeout(WRITE_TIMEOUT, self.write_waiting(app, socket))).await {
                    Ok(Ok(None)) => {}
                    Ok(Ok(Some(end))) => return end,
                    Ok(Err(Broken)) | Err(_) => return End::Slow,
                }
            }
            if beat.deadline() != self.beat_at {
                beat.as_mut().reset(self.beat_at);
            }
            let listening = self.waiting.len() < WAITING_MAX;
            let step = tokio::select! {
                // Input comes last, so that a flood of it keeps nothing else waiting. Nothing that
                // waits for others is awaited inside a step: a ping would wait for it too.
                biased;
                () = connection.outbox.wake.notified() => Ok(None),
                () = beat.as_mut() => Box::pin(self.beat(app, socket)).await,
                beat_at = renewing(&mut self.renewing) => {
                    self.renewing = None;
                    self.beat_at = self.beat_at.min(beat_at);
                    Ok(None)
                }
                reply = running(&mut self.running) => {
                    Box::pin(self.answer(app, socket, reply)).await
                }
                (input, read_at) = next(early, socket), if listening => {
                    Box::pin(self.take(app, socket, limiter, input, read_at)).await
                }
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
                Outgoing::Ordered(frame) if frame.place <= self.written => {}
                Outgoing::Ordered(frame) => {
                    self.written = frame.place;
                    self.fence = frame.fence.unwrap_or(self.fence);
                    self.notice_host(frame.host_id.as_ref());
                    published = published.or(Some(frame.published));
                    socket.feed(frame.text).await?;
                }
                Outgoing::Ephemeral(text) => socket.feed(text).await?,
                Outgoing::Resync => {
                    end = Box::pin(self.resync(app, socket)).await?;
                    if end.is_some() {
                        break;
                    }
                }
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

    /// The newest state instead of the steps that were dropped; the end, if it can't be had.
    async fn resync(&mut self, app: &App, socket: &mut Socket) -> Result<Option<End>, Broken> {
        metrics::counter!("playhead_resyncs_total").increment(1);
        let hub = self.sender.hub.clone();
        let Ok(room) = app.rooms.find(&hub.room_id).await else {
            return Ok(Some(End::Close(CloseCode::INTERNAL)));
        };
        // The frame that told of it may be among those that were dropped.
        if let Some(rebased) = attach::rebased_since(&room, self.written) {
            socket.feed(rebased).await?;
        }
        self.start_from(&room);
        let snapshot = wire::room_snapshot(&room, hub.viewers(), app.clock.now());
        socket.feed(wire::text(&snapshot)).await?;
        Ok(None)
    }

    /// A host's lease is shorter than others' beats: whoever becomes host begins with one at once.
    fn notice_host(&mut self, host_id: Option<&ParticipantId>) {
        if host_id == Some(&self.sender.connection.participant_id) {
            self.beat_at = Instant::now();
            // It began before.
            self.renewing = None;
        }
    }

    async fn take(
        &mut self,
        app: &App,
        socket: &mut Socket,
        limiter: &FrameLimiter,
        input: Input,
        read_at: std::time::Instant,
    ) -> Result<Option<End>, Broken> {
        self.heard = Instant::now();
        let text = match input {
            Input::Text(text) => text,
            Input::Ping => {
                let calm = limiter.check_frame().is_ok() || limiter.check_excess();
                return Ok((!calm).then_some(End::Close(CloseCode::RATE_LIMITED)));
            }
            Input::Pong => {
                if let Some(pinged) = self.pinged.take() {
                    let rtt = read_at.saturating_duration_since(pinged.into_std());
                    let rtt_ms = u64::try_from(rtt.as_millis()).unwrap_or(u64::MAX);
                    let Sender { hub, connection, .. } = &self.sender;
                    if hub.record_rtt(connection, rtt_ms) {
                        app.hub.mark_presence_unsent(&hub.room_id);
                    }
                }
                return Ok(None);
            }
            Input::Gone => return Ok(Some(End::Gone)),
            Input::Binary => return Ok(Some(End::Close(CloseCode::BAD_FRAME))),
            Input::TooLarge => return Ok(Some(End::Close(CloseCode::FRAME_TOO_LARGE))),
            Input::BadUtf8 => return Ok(Some(End::BadUtf8)),
            Input::BadProtocol => return Ok(Some(End::BadProtocol)),
        };
        let allowed = limiter.check_frame();
        if allowed.is_err() && !limiter.check_excess() {
            return Ok(Some(End::Close(CloseCode::RATE_LIMITED)));
        }
        match wire::decode(&text) {
            Err((id, refusal)) => {
                let refusal = allowed.err().unwrap_or(refusal);
                let unusable = id.is_none();
                metrics::counter!("playhead_commands_total", "type" => "unusable",
                    "code" => refusal.code().name())
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
                // Stamped last: whatever this took is part of nobody's way.
                let (now_us, read_us) = app.clock.since_us(read_at);
                socket.send(wire::text(&wire::pong(ping.t0, read_us, now_us))).await?;
                Ok(None)
            }
            Ok(decoded) => {
                let told = Told { fence: self.fence, epoch: self.written.epoch };
                self.waiting.push_back((decoded, told));
                self.start_next(app);
                Ok(None)
            }
        }
    }

    /// Commands of one connection take effect in the order in which they came.
    fn start_next(&mut self, app: &App) {
        if self.running.is_none()
            && let Some((decoded, told)) = self.waiting.pop_front()
        {
            let (app, sender) = (app.clone(), self.sender.clone());
            self.running = Some(Box::pin(command::execute(app, sender, decoded, told)));
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

    /// Answers what was received before the end: the command that is being carried out as it comes
    /// out, those that waited for it with a refusal.
    async fn settle(&mut self, socket: &mut Socket, mut early: Early) {
        if let Some(running) = self.running.take() {
            let frame = running.await.frame;
            let _ = socket.send(wire::text(&frame)).await;
        }
        let closed = || Refusal::new(ErrorCode::UnexpectedFrame, "the connection is being closed");
        let waited = std::mem::take(&mut self.waiting).into_iter();
        let mut refused: Vec<_> = waited.map(|(decoded, _)| (decoded.id, closed())).collect();
        while let Some((Input::Text(text), _)) = early.pop() {
            match wire::decode(&text) {
                Ok(Decoded { frame: ClientFrame::Ping(_), .. }) => {}
                Ok(decoded) => refused.push((decoded.id, closed())),
                Err(unusable) => refused.push(unusable),
            }
        }
        for (id, refusal) in refused {
            if socket.reject(id, refusal).await.is_err() {
                return;
            }
        }
    }

    /// Pings, renews the host's lease, and notices the dead.
    async fn beat(&mut self, app: &App, socket: &mut Socket) -> Result<Option<End>, Broken> {
        if self.heard.elapsed() >= DEAD_AFTER {
            return Ok(Some(End::Close(CloseCode::HEARTBEAT_TIMEOUT)));
        }
        if self.sender.caller.expires_at_ms <= app.clock.now().as_millis() {
            return Ok(Some(End::Close(CloseCode::AUTH_EXPIRED)));
        }
        let now = Instant::now();
        if self.renewing.is_none() {
            let renew = renew(app.clone(), self.sender.clone(), self.heard.elapsed());
            self.renewing = Some(Box::pin(async move { now + renew.await }));
        }
        self.pinged = Some(now);
        self.beat_at = now + BEAT;
        socket.ping(bytes::Bytes::new()).await?;
        Ok(None)
    }

    /// Takes the connection out of the room's; once.
    pub(super) fn detach(&mut self, left: bool) {
        if !std::mem::take(&mut self.attached) {
            return;
        }
        metrics::gauge!("playhead_connections").decrement(1);
        let Sender { hub, connection, .. } = &self.sender;
        let step = hub.detach(connection, self.app.clock.now());
        self.app.rooms.take_step(&hub.room_id, step);
        if left {
            hub.close_participant(&connection.participant_id, connection.number, CloseCode::LEFT);
        }
        self.app.hub.mark_presence_changed(&hub.room_id);
        self.app.hub.mark_presence_unsent(&hub.room_id);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if std::thread::panicking() {
            rooms::count_panic();
        }
        self.detach(false);
    }
}

/// What came early first.
async fn next(early: &mut Early, socket: &mut Socket) -> (Input, std::time::Instant) {
    if let Some(input) = early.pop() {
        return input;
    }
    let input = socket.next().await;
    (input, socket.read_at())
}

async fn renewing(renewing: &mut Option<Renewing>) -> Instant {
    match renewing {
        Some(renewing) => renewing.await,
        None => std::future::pending().await,
    }
}

async fn running(running: &mut Option<Running>) -> Reply {
    match running {
        Some(running) => running.await,
        None => std::future::pending().await,
    }
}
