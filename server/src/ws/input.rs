//! What a session does with what its socket receives: limits, pings, commands in their order.

use std::collections::VecDeque;
use std::time::Duration;

use contracts::{ClientFrame, CloseCode, ErrorCode, ServerFrame};
use tokio::time::{Instant, timeout};

use super::early::Early;
use super::end::End;
use super::execute::{self, Reply, Seen, Sender};
use super::session::Session;
use super::socket::{Broken, Input, Socket};
use crate::clock::WallTime;
use crate::limit::FrameLimiter;
use crate::refusal::Refusal;
use crate::wire::{self, Decoded};

/// When a client may report again that it can't load the media while the server is still looking at it, in
/// milliseconds.
const LOOK_AGAIN_MS: u64 = 1_000;
/// How long the close of a connection waits for the command that is being carried out. A link that is being resolved
/// may take seconds, and a server that stops closes its connections within less.
const SETTLED_WITHIN: Duration = Duration::from_millis(500);

impl Session {
    /// Takes one input. Returns how the session ends, if it does.
    pub(super) async fn take(
        &mut self,
        socket: &mut Socket,
        limiter: &FrameLimiter,
        input: Input,
        read_at: std::time::Instant,
    ) -> Result<Option<End>, Broken> {
        self.heard = Instant::now();
        let text = match input {
            Input::Text(text) => text,
            Input::Ping => return Ok(over_limit(limiter)),
            Input::Pong => {
                self.measure(read_at);
                return Ok(over_limit(limiter));
            }
            Input::TooMany => return Ok(Some(End::Close(CloseCode::RATE_LIMITED))),
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
        match (wire::decode(&text), allowed) {
            (Err((id, refusal)), allowed) => {
                let refusal = allowed.err().unwrap_or(refusal);
                let unusable = id.is_none();
                metrics::counter!("playhead_commands_total", "type" => "unusable",
                    "code" => refusal.code().name())
                .increment(1);
                socket.reject(id, refusal).await?;
                let too_many = unusable && !limiter.check_bad_frame();
                Ok(too_many.then_some(End::Close(CloseCode::BAD_FRAME)))
            }
            (Ok(Decoded { id, .. }), Err(refusal)) => {
                socket.reject(id, refusal).await?;
                Ok(None)
            }
            (Ok(Decoded { frame: ClientFrame::Ping(ping), .. }), Ok(())) => {
                // Stamped last, so that the time this took isn't measured as part of the way.
                let (now_us, read_us) = self.app.clock.since_us(read_at);
                socket.send(wire::text(&wire::pong(ping.t0, read_us, now_us))).await?;
                Ok(None)
            }
            (Ok(decoded), Ok(())) => {
                let seen = Seen { fence: self.fence, place: self.written };
                self.queued.push_back((decoded, seen));
                self.start_next();
                Ok(None)
            }
        }
    }

    /// Measures the round trip that a pong completes.
    fn measure(&mut self, read_at: std::time::Instant) {
        let Some(pinged) = self.pinged.take() else { return };
        let rtt = read_at.saturating_duration_since(pinged.into_std());
        let rtt_ms = u64::try_from(rtt.as_millis()).unwrap_or(u64::MAX);
        let Sender { hub, connection, .. } = &self.sender;
        if hub.record_rtt(connection, rtt_ms) {
            self.app.hub.mark_presence_unsent(&hub.room_id);
        }
    }

    /// Starts the next command, if none is running: commands of one connection take effect in the order
    /// in which they arrived. A look at media that a player couldn't load begins in its turn, and the next
    /// command doesn't wait for it. There is one at once.
    fn start_next(&mut self) {
        while self.running.is_none()
            && let Some((decoded, seen)) = self.queued.pop_front()
        {
            let is_look = matches!(decoded.frame, ClientFrame::MediaFailed(_));
            if is_look && self.looking.is_some() {
                let reply = execute::refuse(&decoded, Refusal::rate_limited(LOOK_AGAIN_MS));
                self.running = Some(Box::pin(std::future::ready(reply)));
                break;
            }
            self.leaving = matches!(decoded.frame, ClientFrame::Leave(_));
            // A renewal that ended after the leaving would bring the host back.
            let renewing = self.renewing.take_if(|_| self.leaving);
            let id = if is_look { &mut self.ids.looking } else { &mut self.ids.running };
            id.clone_from(&decoded.id);
            let (app, sender) = (self.app.clone(), self.sender.clone());
            let executed = Box::pin(async move {
                if let Some(renewing) = renewing {
                    renewing.await;
                }
                execute::execute(app, sender, decoded, seen).await
            });
            if is_look {
                self.looking = Some(executed);
            } else {
                self.running = Some(executed);
            }
        }
        if self.queued.is_empty() {
            // An idle connection keeps no buffer.
            self.queued = VecDeque::new();
        }
    }

    /// Writes the reply of a command that was carried out.
    pub(super) async fn answer(
        &mut self,
        socket: &mut Socket,
        limiter: &FrameLimiter,
        reply: Reply,
    ) -> Result<Option<End>, Broken> {
        if let Some(validity) = reply.extends_to {
            self.expiry.extend(validity, WallTime::now());
        }
        let done = reply.leaves && matches!(reply.frame, ServerFrame::Ack { .. });
        if reply.leaves && !done {
            (self.leaving, self.beat_at) = (false, Instant::now());
        }
        socket.send(wire::text(&reply.frame)).await?;
        if reply.excess && !limiter.check_excess() {
            return Ok(Some(End::Close(CloseCode::RATE_LIMITED)));
        }
        if done {
            return Ok(Some(End::Close(CloseCode::LEFT)));
        }
        self.start_next();
        Ok(None)
    }

    /// Carries the running command out to its end for a client that has gone, and a `leave` that waits behind it: one
    /// that sends that and closes the socket means both.
    pub(super) fn carry_on(&mut self) {
        let running = self.running.take();
        let mut queued = std::mem::take(&mut self.queued).into_iter();
        let leave = queued.find(|(decoded, _)| matches!(decoded.frame, ClientFrame::Leave(_)));
        if running.is_none() && leave.is_none() {
            return;
        }
        let renewing = self.renewing.take_if(|_| leave.is_some());
        let (app, sender) = (self.app.clone(), self.sender.clone());
        tokio::spawn(async move {
            if let Some(running) = running {
                running.await;
            }
            if let Some(renewing) = renewing {
                renewing.await;
            }
            if let Some((decoded, seen)) = leave {
                execute::execute(app, sender, decoded, seen).await;
            }
        });
    }

    /// Answers everything that was received before the end: the running command by its result, if that comes soon,
    /// and those that waited behind it by a refusal, as well as a look at media. Of a node that stops, the next
    /// connection may ask for them again.
    pub(super) async fn settle(&mut self, socket: &mut Socket, mut early: Early, end: &End) {
        if let Some(running) = self.running.take() {
            match timeout(SETTLED_WITHIN, tokio::spawn(running)).await {
                Ok(Ok(reply)) => {
                    let _ = socket.send(wire::text(&reply.frame)).await;
                }
                // It may still be carried out.
                _ => {
                    let id = self.ids.running.take();
                    let _ = socket.reject(id, Refusal::store_unavailable()).await;
                }
            }
        }
        let closed = || match end {
            End::Close(CloseCode::DRAINING) => {
                Refusal::new(ErrorCode::Draining, "this server is being stopped")
            }
            _ => Refusal::new(ErrorCode::UnexpectedFrame, "the connection is being closed"),
        };
        let queued = std::mem::take(&mut self.queued).into_iter();
        // The next connection may ask again at once.
        let again = Refusal::store_unavailable;
        let looking = self.looking.take().map(|_| (self.ids.looking.take(), again()));
        let queued = queued.map(|(decoded, _)| (decoded.id, closed()));
        let mut refused: Vec<_> = looking.into_iter().chain(queued).collect();
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
}

/// Counts a control frame, which gets no reply of ours. Returns the end if it was one too many.
fn over_limit(limiter: &FrameLimiter) -> Option<End> {
    (!limiter.check_control()).then_some(End::Close(CloseCode::RATE_LIMITED))
}
