//! Counts outages in every room: a host who couldn't come meanwhile has the time that they took to come
//! now, and nobody is taken for absent because of them.

use std::collections::HashMap;
use std::sync::Arc;

use engine::{RoomId, rebase};
use futures_util::future::join_all;

use super::codec::{ScriptReply, flag, number_of, text};
use super::masters::Master;
use super::node::Node;
use super::outages::Recorded;
use super::read::StoredRoom;
use super::script::COUNT;
use crate::store::StoreError;

/// How many rooms are counted at once.
const PAGE: usize = 500;
/// How often counting is tried anew because of a room that fails. After that, the others don't wait for it.
const PATIENT_TRIES: u32 = 4;
/// How often a room is tried while others change it.
const TRIES_MAX: usize = 8;

impl Node {
    /// Counts the outages that a master records in its rooms, in a task of its own, unless this node is at
    /// it already. Other nodes may count it at the same time: each room is changed once.
    pub(super) fn start_counting(self: &Arc<Self>, master: &Arc<Master>) {
        let Some((outage, tries)) = master.outages.begin_counting() else { return };
        let (node, master) = (self.clone(), master.clone());
        self.tasks.spawn(async move {
            let counted = node.count_everywhere(&master, &outage, tries <= PATIENT_TRIES).await;
            master.outages.end_counting(&outage, counted.is_ok());
            match counted {
                Ok(()) => {
                    let seconds = outage.length_ms() / 1000;
                    tracing::info!(seconds, "nobody reached Redis for a time; hosts get it back");
                    master.check_now.notify_one();
                }
                Err(error) => {
                    // The next heartbeat tries again.
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(error, "an outage can't be counted yet");
                }
            }
        });
    }

    /// With `is_patient`, a room that fails is a reason to try again later; without, it is left out.
    async fn count_everywhere(
        self: &Arc<Self>,
        master: &Arc<Master>,
        outage: &Recorded,
        is_patient: bool,
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.sql.list_rooms(after.as_ref(), PAGE).await;
            let mut page = page.map_err(|error| StoreError::new("list rooms", error))?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            page.retain(|room_id| self.masters.is_of(master, room_id));
            let mut waiting = Vec::new();
            let counted = page.iter().map(async |room_id| self.count(room_id, outage, false).await);
            for (room_id, reply) in page.iter().zip(join_all(counted).await) {
                match reply {
                    Ok(reply) if reply.status == "deadline" => waiting.push(room_id.clone()),
                    Ok(_) => {}
                    Err(error) if is_patient => return Err(error),
                    Err(error) => leave_out(room_id, &error),
                }
            }
            self.give_back(waiting, outage, is_patient).await?;
        }
    }

    async fn count(
        &self,
        room_id: &RoomId,
        outage: &Recorded,
        is_still: bool,
    ) -> Result<ScriptReply, StoreError> {
        let now = text(self.clock.now().as_millis());
        let args = vec![text(room_id), text(&outage.text), flag(is_still), now];
        self.run("count an outage", &COUNT, room_id, args).await
    }

    /// Moves the deadlines of rooms that wait for their host, under a new epoch each.
    async fn give_back(
        self: &Arc<Self>,
        mut waiting: Vec<RoomId>,
        outage: &Recorded,
        is_patient: bool,
    ) -> Result<(), StoreError> {
        for _ in 0..TRIES_MAX {
            if waiting.is_empty() {
                break;
            }
            let issued = self.sql.raise_epochs(&waiting).await;
            let issued = issued.map_err(|error| StoreError::new("epoch", error))?;
            let issued: HashMap<RoomId, u64> = issued.into_iter().collect();
            let done = waiting.iter().map(async |room_id| match issued.get(room_id) {
                Some(epoch) => self.give_back_to(room_id, *epoch, outage).await,
                None => Ok(true),
            });
            let done = join_all(done).await;
            let mut left = Vec::new();
            for (room_id, done) in waiting.into_iter().zip(done) {
                match done {
                    Ok(true) => {}
                    Ok(false) => left.push(room_id),
                    Err(error) if is_patient => return Err(error),
                    Err(error) => leave_out(&room_id, &error),
                }
            }
            waiting = left;
        }
        if waiting.is_empty() {
            return Ok(());
        }
        Err(StoreError::new("count an outage", "others are changing the room"))
    }

    /// Returns `false` if somebody else has changed the room meanwhile.
    async fn give_back_to(
        self: &Arc<Self>,
        room_id: &RoomId,
        epoch: u64,
        outage: &Recorded,
    ) -> Result<bool, StoreError> {
        // A room that was lost counts the outage when it is rebuilt.
        let room = match self.read(room_id, None).await? {
            StoredRoom::Current(room) => room,
            // So does one that somebody has set back.
            StoredRoom::SetBack(_) => return self.recover(room_id).await.map(|_| true),
            _ => return Ok(true),
        };
        if !room.lifecycle.moves_with_outages() {
            self.count(room_id, outage, true).await?;
            return Ok(true);
        }
        // Another node may have been first.
        let reply = self.count(room_id, outage, false).await?;
        if reply.status != "deadline" {
            return Ok(true);
        }
        let uncounted_ms = reply.values.first().and_then(number_of).unwrap_or(0);
        let now = self.clock.now().max(outage.until());
        let Some(rebuilt) = rebase(&room, epoch, false, now, uncounted_ms) else {
            return Ok(false);
        };
        let Some(precondition) = self.unchanged_since(&room).await? else { return Ok(false) };
        if !self.put(&rebuilt.room, Some(&rebuilt.commit), &precondition).await? {
            return Ok(false);
        }
        self.take_rebuilt(rebuilt.room).await;
        Ok(true)
    }
}

fn leave_out(room_id: &RoomId, error: &StoreError) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(error, room.id = %room_id, "an outage isn't counted in a room");
}
