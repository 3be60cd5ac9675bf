//! Leases, attendance and deadlines. Followed rooms are known to be due to the millisecond. All
//! others are found in Redis, where one node claims each.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use engine::{Place, RoomId, Timestamp};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval};

use super::client::{ClientError, Reply};
use super::codec::{number_of, text, text_of};
use super::keys;
use super::masters::Master;
use super::node::Node;
use super::read::is_set_back;
use super::script::{ATTEND, CLAIM, LEASE, SIGNS};
use crate::store::{LifeSigns, StoreError};

/// How often rooms that are due are claimed.
const CLAIM_EVERY: Duration = Duration::from_millis(500);
/// How many rooms of one shard are claimed at once.
const CLAIMED_MAX: usize = 64;
/// How long the other nodes leave a claimed room alone, in milliseconds.
const CLAIM_MS: u64 = 2_000;

/// How many rooms are attended at once, so that other commands aren't held up.
const ATTENDED_AT_ONCE: usize = 32;
/// How long hosts have for a sign of life once Redis is back, in milliseconds.
const LEASE_AFTER_MS: u64 = 15_000;

impl Node {
    /// Lists rooms that are due: those claimed since the last call, and followed ones. Those of masters that
    /// don't answer wait.
    pub(super) fn list_due(&self, now: Timestamp, max: usize) -> Vec<RoomId> {
        let pending = self.masters.uncounted();
        let away = self.masters.away();
        let must_wait = |room_id: &RoomId| {
            // Only what doesn't wait for a host is surely due while outages aren't counted.
            away.has(room_id) || pending.has(room_id) && self.awaits_host(room_id)
        };
        let due: BTreeSet<RoomId> = {
            let deadlines = self.deadlines.lock().unwrap_or_else(PoisonError::into_inner);
            deadlines.due(now).filter(|room_id| !must_wait(room_id)).take(max).cloned().collect()
        };
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let (later, surely): (BTreeSet<RoomId>, BTreeSet<RoomId>) =
            std::mem::take(&mut *claimed).into_iter().partition(|room_id| pending.has(room_id));
        *claimed = later;
        due.into_iter().chain(surely).collect()
    }

    /// Whether a followed room has a deadline that moves with outages.
    fn awaits_host(&self, room_id: &RoomId) -> bool {
        let room = self.followed.find(room_id).and_then(|followed| followed.newest());
        room.is_none_or(|room| room.lifecycle.moves_with_outages())
    }

    /// Claims rooms that are due until the store is closed.
    pub(super) async fn claim_due(self: Arc<Self>) {
        let mut tick = interval(CLAIM_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.stop.cancelled() => return,
            }
            if let Err(error) = self.claim_all().await {
                tracing::debug!(error = &error as &dyn std::error::Error, "rooms aren't claimed");
            }
        }
    }

    /// Claims, at the masters that answer, by one command for all shards, or in a cluster by one command
    /// for each.
    async fn claim_all(&self) -> Result<(), StoreError> {
        let shards = (0..keys::SHARDS).map(keys::due);
        let shards: Vec<String> = shards.filter(|due| !self.masters.is_away(due)).collect();
        let at_once = if self.masters.target.is_cluster() { 1 } else { shards.len().max(1) };
        let claims = shards.chunks(at_once).map(async |shards| {
            let args = vec![text(CLAIMED_MAX), text(CLAIM_MS), text(self.clock.now().as_millis())];
            self.masters.run(&CLAIM, shards.to_vec(), args).await
        });
        let mut result = Ok(());
        for rooms in join_all(claims).await {
            let rooms = match rooms {
                Ok(Reply::List(rooms)) => rooms,
                Ok(_) => continue,
                Err(error) => {
                    // The rooms of other shards are claimed by now, and must be carried out.
                    result = Err(self.failed("claim")(error));
                    continue;
                }
            };
            let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
            claimed.extend(rooms.iter().filter_map(text_of).map(RoomId::new));
        }
        result
    }

    pub(super) async fn renew_lease(
        self: &Arc<Self>,
        room_id: &RoomId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        if let Ok(master) = self.masters.of_room(room_id)
            && master.clock.is_doubted()
        {
            // This machine may have stood still, and the host be at another node by now.
            return Err(StoreError::new("renew lease", "the room clock is in doubt"));
        }
        let args = vec![text(room_id), text(until.as_millis())];
        let reply = self.run("renew lease", &LEASE, room_id, args).await?;
        if reply.is_lost() {
            // Rebuilding the room renews the lease.
            self.recover(room_id).await?;
        }
        Ok(())
    }

    /// Attends rooms. Those of a master that doesn't answer, or that fails, don't hold up the others.
    pub(super) async fn attend(self: &Arc<Self>, rooms: &[RoomId]) -> Result<(), StoreError> {
        let attended = self.masters.all().into_iter().map(async |master| {
            let of_master = |room_id: &&RoomId| self.masters.is_of(&master, room_id);
            let rooms: Vec<RoomId> = rooms.iter().filter(of_master).cloned().collect();
            if rooms.is_empty() {
                return Ok(());
            }
            if !master.is_reachable() {
                return Err(StoreError { operation: "attend", cause: None });
            }
            self.attend_at(&master, rooms).await
        });
        join_all(attended).await.into_iter().collect()
    }

    async fn attend_at(
        self: &Arc<Self>,
        master: &Master,
        rooms: Vec<RoomId>,
    ) -> Result<(), StoreError> {
        self.record_rooms(master, &rooms).await.map_err(self.failed("attend"))?;
        let attended = stream::iter(rooms).map(async |room_id| self.attend_one(&room_id).await);
        let attended: Vec<Result<(), StoreError>> =
            attended.buffer_unordered(ATTENDED_AT_ONCE).collect().await;
        attended.into_iter().collect()
    }

    /// Records that these rooms of a master have connections to this node. Its presence in them is deleted
    /// when it dies, whatever Redis has lost since.
    pub(super) async fn record_rooms(
        &self,
        master: &Master,
        rooms: &[RoomId],
    ) -> Result<(), ClientError> {
        let key = keys::rooms_of_node(&master.home, &self.node_id);
        let mut added = vec![key.clone().into()];
        added.extend(rooms.iter().map(text));
        if let Err(error) = self.masters.call("SADD", added.clone()).await {
            if !error.is_wrong_type() {
                return Err(error);
            }
            tracing::warn!(key, "a key of another type is replaced");
            self.masters.call("DEL", vec![key.clone().into()]).await?;
            self.masters.call("SADD", added).await?;
        }
        self.masters.call("PEXPIRE", vec![key.into(), text(keys::KEEP_MS)]).await.map(drop)
    }

    /// Attends a room, and catches up if it is ahead of what the subscribers were told. One that somebody has
    /// set back is rebuilt.
    async fn attend_one(self: &Arc<Self>, room_id: &RoomId) -> Result<(), StoreError> {
        let known = self.memory_of(room_id);
        let args = vec![text(room_id), text(self.clock.now().as_millis())];
        let reply = self.run("attend", &ATTEND, room_id, args).await?;
        let Some(followed) = self.followed.find(room_id) else { return Ok(()) };
        let numbers: Vec<u64> = reply.values.iter().filter_map(number_of).collect();
        let [epoch, version, at] = numbers[..] else {
            self.start_catch_up(followed);
            return Ok(());
        };
        let (place, at) = (Place { epoch, version }, Timestamp::from_millis(at));
        let is_doubted = self.followed.is_doubted(room_id, epoch);
        if is_doubted || is_set_back(place, at, known.as_deref()) {
            self.start_rebuild(room_id.clone());
        } else if Some(place) > followed.told().map(|room| room.place()) {
            self.start_catch_up(followed);
        }
        Ok(())
    }

    pub(super) async fn life_signs(
        self: &Arc<Self>,
        room_id: &RoomId,
    ) -> Result<LifeSigns, StoreError> {
        let mut reply = self.run("life signs", &SIGNS, room_id, Vec::new()).await?;
        if reply.is_lost() {
            // Rebuilding the room renews the lease.
            if self.recover(room_id).await?.is_none() {
                return Ok(LifeSigns::default());
            }
            reply = self.run("life signs", &SIGNS, room_id, Vec::new()).await?;
        }
        let time =
            |index: usize| reply.values.get(index).and_then(number_of).map(Timestamp::from_millis);
        // Nobody could renew a lease while its Redis was away.
        let master = self.masters.of_room(room_id).map_err(self.failed("life signs"))?;
        let back_at = Timestamp::from_millis(master.back_at.load(Ordering::Relaxed));
        let lease = time(0).map(|lease| lease.max(back_at.plus_millis(LEASE_AFTER_MS)));
        Ok(LifeSigns { lease, attended: time(1) })
    }
}
