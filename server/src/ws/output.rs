//! What a session writes: the outbox of its connection, and the newest state in place of what was
//! dropped from it.

use contracts::CloseCode;

use super::end::End;
use super::session::Session;
use super::socket::{Broken, Socket};
use crate::hub::Outgoing;
use crate::wire;

impl Session {
    /// Writes everything that waits, in one flush. Returns how the session ends, if it does.
    pub(super) async fn write_waiting(
        &mut self,
        socket: &mut Socket,
    ) -> Result<Option<End>, Broken> {
        let mut fed = false;
        let mut published = None;
        let mut end = None;
        while let Some(outgoing) = self.sender.connection.outbox.pop() {
            fed = true;
            match outgoing {
                // Already contained in the welcome.
                Outgoing::Ordered(frame) if frame.place <= self.written => {}
                Outgoing::Ordered(frame) => {
                    self.written = frame.place;
                    self.fence = frame.fence.unwrap_or(self.fence);
                    self.note_host(frame.host_id.as_ref());
                    published = published.or(Some(frame.published));
                    socket.feed(frame.text).await?;
                }
                Outgoing::Ephemeral(text) => socket.feed(text).await?,
                Outgoing::Resync => {
                    end = Box::pin(self.resync(socket)).await?;
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
            self.app.fanout_seconds.record(published.elapsed());
        }
        Ok(end)
    }

    /// Writes the newest state in place of the events that were dropped. Ends the session if the state
    /// can't be read.
    async fn resync(&mut self, socket: &mut Socket) -> Result<Option<End>, Broken> {
        metrics::counter!("playhead_resyncs_total").increment(1);
        let hub = self.sender.hub.clone();
        let Ok(room) = self.app.rooms.find(&hub.room_id).await else {
            return Ok(Some(End::Close(CloseCode::INTERNAL)));
        };
        // The frame that announced a rebuild may be among those that were dropped.
        if let Some(rebased) = room.rebased_since(self.written) {
            socket.feed(wire::text(&wire::rebased(&room, rebased))).await?;
        }
        self.start_from(&room);
        let snapshot = wire::room_snapshot(&room, hub.viewers(), self.app.clock.now());
        socket.feed(wire::text(&snapshot)).await?;
        Ok(None)
    }
}
