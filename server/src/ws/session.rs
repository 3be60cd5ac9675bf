//! A session: one welcomed socket, and the loop over its inputs, outputs and timers.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use contracts::CloseCode;
use engine::{ParticipantId, Place, Room};
use tokio::time::{Instant, sleep_until, timeout};

use super::early::Early;
use super::end::End;
use super::execute::{Reply, Seen, Sender};
use super::expiry::{Due, Expiry};
use super::lease::{BEAT, renew};
use super::socket::{Broken, Input, Socket, WRITE_TIMEOUT};
use crate::app::App;
use crate::clock::WallTime;
use crate::limit::FrameLimiter;
use crate::rooms;
use crate::wire::{self, Decoded};

/// How long a client may be silent before its connection counts as dead.
const CLIENT_SILENT_MAX: Duration = Duration::from_secs(45);
/// How many commands of one connection may queue before its socket isn't read any further.
const QUEUED_MAX: usize = 32;

/// Which frames are answered when a command and a look end.
#[derive(Default)]
pub(super) struct Ids {
    pub(super) running: Option<String>,
    pub(super) looking: Option<String>,
}

type Running = Pin<Box<dyn Future<Output = Reply> + Send>>;
type Renewing = Pin<Box<dyn Future<Output = Instant> + Send>>;

/// A welcomed socket. Its connection leaves the room when this is dropped, however it ends.
pub(super) struct Session {
    pub(super) app: App,
    pub(super) sender: Sender,
    attached: bool,
    /// The place of the last state or event that was written.
    pub(super) written: Place,
    /// The last fence that was written.
    pub(super) fence: u64,
    /// The command that is being executed.
    pub(super) running: Option<Running>,
    /// A look at media that a player couldn't load, beside the commands behind it: it may take seconds.
    pub(super) looking: Option<Running>,
    /// The ids of the command that is being executed last and of the last look.
    pub(super) ids: Ids,
    /// Commands that wait for their turn, each with what the client had seen when it sent it.
    pub(super) queued: VecDeque<(Decoded, Seen)>,
    /// The end of the access token.
    pub(super) expiry: Expiry,
    /// When the socket was last heard.
    pub(super) heard: Instant,
    pub(super) beat_at: Instant,
    /// When the last ping was sent, until its pong arrives.
    pub(super) pinged: Option<Instant>,
    /// A renewal of the host's lease under way. It returns when the next beat is due.
    pub(super) renewing: Option<Renewing>,
    /// Whether the participant is leaving, so that nothing renews the lease any more.
    pub(super) leaving: bool,
}

impl Session {
    /// Makes the session of a connection that has been attached to its room.
    pub(super) fn new(app: App, sender: Sender) -> Self {
        metrics::gauge!("playhead_connections").increment(1);
        let began = Instant::now();
        let expiry = Expiry::new(sender.proof.validity(), WallTime::now());
        Self {
            app,
            sender,
            attached: true,
            written: Place { epoch: 0, version: 0 },
            fence: 0,
            running: None,
            looking: None,
            ids: Ids::default(),
            queued: VecDeque::new(),
            expiry,
            heard: began,
            beat_at: began,
            pinged: None,
            renewing: None,
            leaving: false,
        }
    }

    /// Starts from a whole state that is written now: events before it won't be.
    pub(super) fn start_from(&mut self, room: &Room) {
        self.written = room.place();
        self.fence = room.fence;
        self.note_host(room.host_id.as_ref());
    }

    /// Runs until the session ends.
    pub(super) async fn run(
        &mut self,
        socket: &mut Socket,
        limiter: &FrameLimiter,
        early: &mut Early,
    ) -> End {
        // One timer for the whole session: creating one per frame would take a lock of the whole runtime
        // each time.
        let mut beat = std::pin::pin!(sleep_until(self.beat_at));
        loop {
            let connection = self.sender.connection.clone();
            if connection.outbox.has_waiting() {
                match Box::pin(timeout(WRITE_TIMEOUT, self.write_waiting(socket))).await {
                    Ok(Ok(None)) => {}
                    Ok(Ok(Some(end))) => return end,
                    Ok(Err(Broken)) | Err(_) => return End::Slow,
                }
            }
            if beat.deadline() != self.beat_at {
                beat.as_mut().reset(self.beat_at);
            }
            let reads = self.queued.len() < QUEUED_MAX;
            let step = tokio::select! {
                // Input comes last, so that a flood of it delays nothing else. No step awaits anything
                // that depends on others: a ping would have to wait for it too.
                biased;
                () = connection.outbox.wake.notified() => Ok(None),
                () = beat.as_mut() => Box::pin(self.beat(socket)).await,
                beat_at = pending_or(&mut self.renewing) => {
                    self.renewing = None;
                    self.beat_at = self.beat_at.min(beat_at);
                    Ok(None)
                }
                reply = pending_or(&mut self.running) => {
                    self.running = None;
                    Box::pin(self.answer(socket, limiter, reply)).await
                }
                reply = pending_or(&mut self.looking) => {
                    self.looking = None;
                    Box::pin(self.answer(socket, limiter, reply)).await
                }
                (input, read_at) = next_input(early, socket), if reads => {
                    Box::pin(self.take(socket, limiter, input, read_at)).await
                }
            };
            match step {
                Ok(None) => {}
                Ok(Some(end)) => return end,
                Err(Broken) => return End::Gone,
            }
        }
    }

    /// Notes who is host. A host's lease is shorter than the beat of others, so a new host begins with
    /// a beat at once.
    pub(super) fn note_host(&mut self, host_id: Option<&ParticipantId>) {
        if host_id == Some(&self.sender.connection.participant_id) {
            self.beat_at = Instant::now();
            // It was decided before the participant became host.
            self.renewing = None;
        }
    }

    /// Sends a ping, renews the host's lease, ends dead and expired sessions, and tells those that are
    /// about to expire.
    async fn beat(&mut self, socket: &mut Socket) -> Result<Option<End>, Broken> {
        if self.heard.elapsed() >= CLIENT_SILENT_MAX {
            return Ok(Some(End::Close(CloseCode::HEARTBEAT_TIMEOUT)));
        }
        let now = Instant::now();
        let check_again = match self.expiry.check(WallTime::now(), now) {
            Due::Nothing(wait) => wait,
            Due::Tell(left) => {
                let left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
                if self.sender.proof.family_id().is_some() {
                    // If its client can't refresh, at another node perhaps, this one has to know.
                    self.app.access.reach().ask();
                }
                socket.send(wire::text(&wire::token_expiring(left_ms))).await?;
                left
            }
            Due::Close => {
                // The next token of a product's user needs no database.
                let needs_database = self.sender.proof.family_id().is_some();
                let refreshing = self.app.access.reach().refreshing(now);
                let outlives = needs_database.then(|| self.expiry.outlive(refreshing, now));
                let Some(wait) = outlives.flatten() else {
                    return Ok(Some(End::Close(CloseCode::TOKEN_EXPIRED)));
                };
                wait
            }
        };
        if self.renewing.is_none() && !self.leaving {
            let renew = renew(self.app.clone(), self.sender.clone(), self.heard.elapsed());
            self.renewing = Some(Box::pin(async move { now + renew.await }));
        }
        self.pinged = Some(now);
        self.beat_at = now + BEAT.min(check_again);
        socket.ping(bytes::Bytes::new()).await?;
        Ok(None)
    }

    /// Removes the connection from the room's, once.
    pub(super) fn detach(&mut self) {
        if !std::mem::take(&mut self.attached) {
            return;
        }
        metrics::gauge!("playhead_connections").decrement(1);
        let Sender { hub, connection, .. } = &self.sender;
        let action = hub.detach(connection, self.app.clock.now());
        self.app.rooms.carry_out_barrier(&hub.room_id, action);
        self.app.hub.mark_presence_changed(&hub.room_id);
        self.app.hub.mark_presence_unsent(&hub.room_id);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if std::thread::panicking() {
            rooms::count_panic();
        }
        self.detach();
    }
}

/// Returns the next input, the early ones first, with when it was read.
async fn next_input(early: &mut Early, socket: &mut Socket) -> (Input, std::time::Instant) {
    if let Some(input) = early.pop() {
        return input;
    }
    let input = socket.next().await;
    (input, socket.read_at())
}

/// Waits for a future if there is one, else for ever.
async fn pending_or<T>(future: &mut Option<Pin<Box<dyn Future<Output = T> + Send>>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
