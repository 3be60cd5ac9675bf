//! Rebuilds rooms that Redis has lost, or that another Redis process wrote. What may be rebuilt
//! from what is `engine::rebuild`'s to decide; the script that writes it compares with what was
//! read.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use engine::{Copies, Room, RoomId, rebuild};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, join_all};

use super::put::Instead;
use super::read::{Standing, bytes_of, text};
use super::script::{CHECK, DROP};
use super::{Node, STRIPES, failed, keys};
use crate::store::StoreError;

/// How many rooms are rebuilt at once.
const AT_ONCE: usize = 500;
/// How often it is tried while other nodes try too.
const TRIES_MAX: usize = 4;

/// A recovery under way.
pub(super) type Recovery = Shared<BoxFuture<'static, Recovered>>;
type Recovered = Result<Option<Arc<Room>>, Arc<StoreError>>;

/// A room that must be rebuilt.
struct Lost {
    room_id: RoomId,
    /// In which life of Redis it was found lost.
    life: Bytes,
    /// What another process wrote of it, and which.
    stale: Option<(Bytes, Arc<Room>)>,
}

impl Node {
    /// One room, rebuilt if it must be; `None` if SQL doesn't know it.
    pub(super) async fn recover(
        self: &Arc<Self>,
        room_id: &RoomId,
    ) -> Result<Option<Arc<Room>>, StoreError> {
        let recovery = {
            let mut under_way = self.recoveries.lock().unwrap_or_else(PoisonError::into_inner);
            let start = || self.start_recovery(room_id.clone());
            under_way.entry(room_id.clone()).or_insert_with(start).clone()
        };
        recovery.await.map_err(|error| failed("recover", error))
    }

    /// A task of its own: a caller that gives up doesn't leave it half done.
    fn start_recovery(self: &Arc<Self>, room_id: RoomId) -> Recovery {
        let (node, id) = (self.clone(), room_id.clone());
        let task = tokio::spawn(async move {
            let recovered = node.recover_now(&id).await.map_err(Arc::new);
            node.end_recovery(&id);
            recovered
        });
        let node = self.clone();
        let ended = async move {
            task.await.unwrap_or_else(|error| {
                node.end_recovery(&room_id);
                Err(Arc::new(failed("recover", error)))
            })
        };
        ended.boxed().shared()
    }

    fn end_recovery(&self, room_id: &RoomId) {
        self.recoveries.lock().unwrap_or_else(PoisonError::into_inner).remove(room_id);
    }

    async fn recover_now(
        self: &Arc<Self>,
        room_id: &RoomId,
    ) -> Result<Option<Arc<Room>>, StoreError> {
        for _ in 0..TRIES_MAX {
            let rooms = self.restore(std::slice::from_ref(room_id)).await?;
            if let Some(found) = rooms.get(room_id) {
                return Ok(found.clone());
            }
        }
        Err(failed("recover", "it can't be read, or other nodes are changing it"))
    }

    /// Looks at rooms, and rebuilds those that are lost; gives those that nobody has a copy of. A
    /// room that can't be looked at keeps no other waiting.
    pub(super) async fn check(
        self: &Arc<Self>,
        rooms: &[RoomId],
    ) -> Result<Vec<RoomId>, StoreError> {
        let mut missing = Vec::new();
        for rooms in rooms.chunks(AT_ONCE) {
            let checks = rooms.iter().map(async |room_id| {
                let answer = self.run("check", &CHECK, room_id, vec![text(room_id)]);
                (room_id, answer.await)
            });
            let mut lost = Vec::new();
            for (room_id, answer) in join_all(checks).await {
                match answer {
                    Ok(answer) if answer.is_lost() => lost.push(room_id.clone()),
                    Ok(_) => {}
                    Err(error) => {
                        let error: &dyn std::error::Error = &error;
                        tracing::debug!(error, room.id = %room_id, "a room can't be checked");
                    }
                }
            }
            if !lost.is_empty() {
                let restored = self.restore(&lost).await?;
                let nobodys = restored.into_iter().filter(|(_, room)| room.is_none());
                missing.extend(nobodys.map(|(room_id, _)| room_id));
            }
        }
        Ok(missing)
    }

    /// Reads rooms, and rebuilds those that are lost. A room that another node changes at the same
    /// time isn't in the answer.
    async fn restore(
        self: &Arc<Self>,
        rooms: &[RoomId],
    ) -> Result<HashMap<RoomId, Option<Arc<Room>>>, StoreError> {
        let mut found = HashMap::new();
        let lost = self.find_lost(rooms, &mut found).await?;
        if lost.is_empty() {
            return Ok(found);
        }
        let stale: HashSet<RoomId> = lost
            .iter()
            .filter(|lost| lost.stale.is_some())
            .map(|lost| lost.room_id.clone())
            .collect();
        let ids: Vec<RoomId> = lost.into_iter().map(|lost| lost.room_id).collect();
        let snapshots = self.snapshots_of(&ids).await?;
        let has_copy = |room_id: &RoomId| {
            snapshots.contains_key(room_id)
                || stale.contains(room_id)
                || self.memory_of(room_id).is_some()
        };
        // Of a room that isn't there nobody has a copy: it costs no turn and no epoch.
        let (ids, missing): (Vec<RoomId>, Vec<RoomId>) = ids.into_iter().partition(has_copy);
        found.extend(missing.into_iter().map(|room_id| (room_id, None)));
        if ids.is_empty() {
            return Ok(found);
        }
        // One at a time on this node, so that a room costs one epoch.
        let _turns = self.take_turns(&ids).await;
        let lost = self.find_lost(&ids, &mut found).await?;
        let mut rebuildable = Vec::new();
        for lost in lost {
            let memory = self.memory_of(&lost.room_id);
            let snapshot = snapshots.get(&lost.room_id).cloned();
            if lost.stale.is_none() && memory.is_none() && snapshot.is_none() {
                // No such room, or nobody has a copy.
                found.insert(lost.room_id, None);
            } else {
                rebuildable.push((lost, memory, snapshot));
            }
        }
        if rebuildable.is_empty() {
            return Ok(found);
        }
        let ids: Vec<RoomId> = rebuildable.iter().map(|(lost, ..)| lost.room_id.clone()).collect();
        let issued = self.sql.raise_epochs(&ids).await.map_err(|error| failed("epoch", error))?;
        let issued: HashMap<RoomId, u64> = issued.into_iter().collect();
        let rebuilt = rebuildable.into_iter().map(async |(lost, memory, snapshot)| {
            let epoch = issued.get(&lost.room_id).copied();
            let room_id = lost.room_id.clone();
            (room_id, self.rebuild_one(lost, epoch, memory, snapshot).await)
        });
        for (room_id, rebuilt) in join_all(rebuilt).await {
            match rebuilt {
                Ok(Some(answer)) => {
                    found.insert(room_id, answer);
                }
                Ok(None) => {}
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, room.id = %room_id, "a room can't be rebuilt");
                }
            }
        }
        Ok(found)
    }

    /// The newest that this node has: of a room it follows, or whose snapshot waits to be written.
    fn memory_of(&self, room_id: &RoomId) -> Option<Arc<Room>> {
        let followed = self.find_followed(room_id).and_then(|followed| followed.newest());
        let waiting = self.backlog.find(room_id);
        followed.into_iter().chain(waiting).max_by_key(|room| room.place())
    }

    /// Reads rooms: those that are there are found, the others are lost.
    async fn find_lost(
        &self,
        rooms: &[RoomId],
        found: &mut HashMap<RoomId, Option<Arc<Room>>>,
    ) -> Result<Vec<Lost>, StoreError> {
        let read = rooms.iter().map(async |room_id| (room_id, self.read(room_id, None).await));
        let mut lost = Vec::new();
        for (room_id, standing) in join_all(read).await {
            let room_id = room_id.clone();
            let standing = match standing {
                Ok(standing) => standing,
                Err(error) if rooms.len() == 1 => return Err(error),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, room.id = %room_id, "a room can't be read");
                    continue;
                }
            };
            match standing {
                Standing::Current(room) => {
                    found.insert(room_id, Some(room));
                }
                Standing::Stale { life, run, room } => {
                    lost.push(Lost { room_id, life, stale: Some((run, room)) });
                }
                Standing::Absent { life } => lost.push(Lost { room_id, life, stale: None }),
                // Nothing was said to be known.
                Standing::Same => {}
            }
        }
        Ok(lost)
    }

    /// The turns of all these rooms, taken in an order in which nobody waits for ever.
    async fn take_turns(&self, rooms: &[RoomId]) -> Vec<tokio::sync::MutexGuard<'_, ()>> {
        let stripe = |room_id| usize::from(keys::shard_of(room_id)) % STRIPES;
        let stripes: BTreeSet<usize> = rooms.iter().map(stripe).collect();
        let mut turns = Vec::with_capacity(stripes.len());
        for stripe in stripes {
            turns.push(self.recovering[stripe].lock().await);
        }
        turns
    }

    /// `None`: somebody else was first. `Some(None)`: there is no such room.
    async fn rebuild_one(
        self: &Arc<Self>,
        lost: Lost,
        epoch: Option<u64>,
        memory: Option<Arc<Room>>,
        snapshot: Option<Arc<Room>>,
    ) -> Result<Option<Option<Arc<Room>>>, StoreError> {
        let Lost { room_id, life, stale } = lost;
        let room_id = &room_id;
        let Some(epoch) = epoch else {
            if stale.is_some() {
                self.run("drop", &DROP, room_id, vec![text(room_id)]).await?;
            }
            return Ok(Some(None));
        };
        let (run, store) = stale.unzip();
        let held = [&store, &memory, &snapshot].into_iter().flatten().map(|room| room.epoch).max();
        let held = held.unwrap_or_default();
        let epoch = if epoch > held {
            epoch
        } else {
            // SQL is behind, from an older backup of itself.
            let raised = self.sql.raise_epoch_above(room_id, held).await;
            let raised = raised.map_err(|error| failed("epoch", error))?;
            let Some(raised) = raised else { return Ok(Some(None)) };
            raised
        };
        let instead = match (run, &store) {
            (Some(run), Some(room)) => {
                Instead::Of { life, run, epoch: room.epoch, version: room.version }
            }
            _ => Instead::Nothing { life },
        };
        let copies = Copies {
            stored: store.as_deref(),
            memory: memory.as_deref(),
            snapshot: snapshot.as_deref(),
        };
        let Some(rebuilt) = rebuild(&copies, epoch, self.clock.now(), self.durable) else {
            return Err(failed("recover", "no epoch above every copy's"));
        };
        if !self.put(&rebuilt.room, Some(&rebuilt.commit), &instead).await? {
            return Ok(None);
        }
        tracing::info!(room.id = %room_id, epoch, "room rebuilt");
        metrics::counter!("playhead_rebuilt_rooms_total").increment(1);
        Ok(Some(Some(self.rebuilt(rebuilt.room).await)))
    }

    /// This node's copy is fresher than what another has rebuilt the room from.
    pub(super) async fn adopt(
        self: &Arc<Self>,
        current: &Arc<Room>,
        known: &Arc<Room>,
    ) -> Result<(), StoreError> {
        let room_id = &current.room_id;
        let issued = self.sql.raise_epochs(std::slice::from_ref(room_id)).await;
        let issued = issued.map_err(|error| failed("epoch", error))?;
        let Some((_, epoch)) = issued.into_iter().next() else { return Ok(()) };
        let Some(rebuilt) = engine::adopt(current, known, epoch, self.clock.now()) else {
            return Ok(());
        };
        let Some(run) = self.run_of(room_id).await? else { return Ok(()) };
        // The process that wrote what was read is the running one: its state can't come back.
        let (life, epoch, version) = (Bytes::new(), current.epoch, current.version);
        let instead = Instead::Of { life, run, epoch, version };
        if self.put(&rebuilt.room, Some(&rebuilt.commit), &instead).await? {
            self.rebuilt(rebuilt.room).await;
        }
        Ok(())
    }

    async fn rebuilt(self: &Arc<Self>, room: Room) -> Arc<Room> {
        let room = Arc::new(room);
        self.backlog.note(&room);
        let code = vec![
            keys::code(&room.code).into(),
            text(&room.room_id),
            "PX".into(),
            text(keys::KEEP_MS),
        ];
        let _ = self.link.call("SET", code).await;
        if let Some(followed) = self.find_followed(&room.room_id) {
            self.reset(&followed, &room);
        }
        room
    }

    /// Which process wrote a room.
    async fn run_of(&self, room_id: &RoomId) -> Result<Option<Bytes>, StoreError> {
        let state = keys::of_room(room_id).swap_remove(0);
        let reply = self.link.call("HGET", vec![state.into(), "run".into()]).await;
        Ok(bytes_of(&reply.map_err(self.failed("adopt"))?))
    }

    async fn snapshots_of(
        &self,
        rooms: &[RoomId],
    ) -> Result<HashMap<RoomId, Arc<Room>>, StoreError> {
        // A copy in memory is never older than the snapshot that was made of it, but another
        // node's snapshot may be newer.
        let rows =
            self.sql.load_snapshots(rooms).await.map_err(|error| failed("snapshots", error))?;
        let mut snapshots = HashMap::new();
        for row in rows {
            match serde_json::from_slice::<Room>(&row.body) {
                Ok(room) => {
                    snapshots.insert(row.room_id.clone(), Arc::new(room));
                }
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, room.id = %row.room_id, "a snapshot can't be read");
                }
            }
        }
        Ok(snapshots)
    }
}
