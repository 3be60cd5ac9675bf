//! Leases, attendance and deadlines: what must be looked at, and when. Rooms that this node follows
//! are known to the millisecond; for all others the nodes ask Redis, and one claims each.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use engine::{RoomId, Timestamp};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval};

use super::link::Reply;
use super::read::{bytes_of, number_of, text};
use super::script::{ATTEND, CLAIM, LEASE, SIGNS};
use super::{Node, keys};
use crate::store::{LifeSigns, StoreError};

/// How often Redis is asked for rooms that are due.
const POLL: Duration = Duration::from_millis(500);
/// How many rooms of one shard are claimed at once.
const CLAIMED_MAX: usize = 64;
/// For how long other nodes leave a claimed room alone, in milliseconds.
const CLAIM_MS: u64 = 2_000;

/// How many rooms are attended at once: others' commands find their way between.
const ATTENDED_AT_ONCE: usize = 32;
/// How long hosts have for a sign of life once Redis is back, in milliseconds.
const LEASE_AFTER_MS: u64 = 15_000;

/// Committed deadlines of followed rooms.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    by_time: BTreeSet<(Timestamp, RoomId)>,
    /// Invariant: the same entries as `by_time`.
    by_room: HashMap<RoomId, Timestamp>,
}

impl Deadlines {
    fn set(&mut self, room_id: &RoomId, deadline: Option<Timestamp>) {
        let before = match deadline {
            Some(at) => self.by_room.insert(room_id.clone(), at),
            None => self.by_room.remove(room_id),
        };
        if let Some(before) = before {
            self.by_time.remove(&(before, room_id.clone()));
        }
        self.by_time.extend(deadline.map(|at| (at, room_id.clone())));
    }
}

impl Node {
    pub(super) fn set_deadline(&self, room_id: &RoomId, deadline: Option<Timestamp>) {
        // Of a room that isn't followed any more nobody would take the deadline away again.
        let followed = self.followed.read().unwrap_or_else(PoisonError::into_inner);
        let deadline = deadline.filter(|_| followed.contains_key(room_id));
        let mut deadlines = self.deadlines.lock().unwrap_or_else(PoisonError::into_inner);
        deadlines.set(room_id, deadline);
    }

    pub(super) fn list_due(&self, now: Timestamp, max: usize) -> Vec<RoomId> {
        let mut due = {
            let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *claimed)
        };
        let deadlines = self.deadlines.lock().unwrap_or_else(PoisonError::into_inner);
        let followed = deadlines.by_time.iter().take_while(|(at, _)| *at <= now).take(max);
        due.extend(followed.map(|(_, room_id)| room_id.clone()));
        due.into_iter().collect()
    }

    /// Claims rooms that are due until the store is closed.
    pub(super) async fn claim_due(self: Arc<Self>) {
        let mut tick = interval(POLL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.stop.cancelled() => return,
            }
            if self.reachable.load(Ordering::Relaxed)
                && let Err(error) = self.claim_all().await
            {
                tracing::debug!(error = &error as &dyn std::error::Error, "nothing claimed");
            }
        }
    }

    /// One command for all shards; of a cluster, one for each.
    async fn claim_all(&self) -> Result<(), StoreError> {
        let shards: Vec<String> = (0..keys::SHARDS).map(keys::due).collect();
        let at_once = if self.link.is_cluster() { 1 } else { shards.len() };
        let claims = shards.chunks(at_once).map(async |shards| {
            let args = vec![text(CLAIMED_MAX), text(CLAIM_MS)];
            self.link.run(&CLAIM, shards.to_vec(), args).await
        });
        let mut answered = Ok(());
        for rooms in join_all(claims).await {
            let rooms = match rooms {
                Ok(Reply::List(rooms)) => rooms,
                Ok(_) => continue,
                Err(error) => {
                    // Rooms of other shards are claimed by now, and mustn't wait for these.
                    answered = Err(self.failed("claim")(error));
                    continue;
                }
            };
            let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
            let rooms = rooms.iter().filter_map(bytes_of);
            claimed.extend(rooms.map(|id| RoomId::new(String::from_utf8_lossy(&id))));
        }
        answered
    }

    pub(super) async fn renew_lease(
        self: &Arc<Self>,
        room_id: &RoomId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let args = vec![text(room_id), text(until.as_millis())];
        let answer = self.run("renew lease", &LEASE, room_id, args).await?;
        if answer.is_lost() {
            // Whoever rebuilds the room renews the lease.
            self.recover(room_id).await?;
        }
        Ok(())
    }

    pub(super) async fn attend(self: &Arc<Self>, rooms: &[RoomId]) -> Result<(), StoreError> {
        if rooms.is_empty() {
            return Ok(());
        }
        // Whoever cleans up after this node finds them here, whatever Redis has lost.
        let key = keys::rooms_of_node(&self.node_id);
        let mut noted = vec![key.clone().into()];
        noted.extend(rooms.iter().map(text));
        self.link.call("SADD", noted).await.map_err(self.failed("attend"))?;
        let keep = vec![key.into(), text(keys::KEEP_MS)];
        self.link.call("PEXPIRE", keep).await.map_err(self.failed("attend"))?;
        let attended =
            stream::iter(rooms.to_vec()).map(async |room_id| self.attend_one(&room_id).await);
        let attended: Vec<Result<(), StoreError>> =
            attended.buffer_unordered(ATTENDED_AT_ONCE).collect().await;
        attended.into_iter().collect()
    }

    async fn attend_one(self: &Arc<Self>, room_id: &RoomId) -> Result<(), StoreError> {
        let answer = self.run("attend", &ATTEND, room_id, vec![text(room_id)]).await?;
        let Some(followed) = self.find_followed(room_id) else { return Ok(()) };
        let there = answer.rest.first().and_then(number_of);
        let there = there.zip(answer.rest.get(1).and_then(number_of));
        let told = followed.told().map(|room| (room.epoch, room.version));
        if answer.is_lost() || there > told {
            self.ask(followed);
        }
        Ok(())
    }

    pub(super) async fn life_signs(
        self: &Arc<Self>,
        room_id: &RoomId,
    ) -> Result<LifeSigns, StoreError> {
        let mut answer = self.run("life signs", &SIGNS, room_id, Vec::new()).await?;
        if answer.is_lost() {
            // Whoever rebuilds the room renews the lease.
            if self.recover(room_id).await?.is_none() {
                return Ok(LifeSigns::default());
            }
            answer = self.run("life signs", &SIGNS, room_id, Vec::new()).await?;
        }
        let at =
            |index: usize| answer.rest.get(index).and_then(number_of).map(Timestamp::from_millis);
        // While Redis was away nobody could renew a lease.
        let back_at = Timestamp::from_millis(self.back_at.load(Ordering::Relaxed));
        let lease = at(0).map(|lease| lease.max(back_at.plus_millis(LEASE_AFTER_MS)));
        Ok(LifeSigns { lease, attended: at(1) })
    }
}
