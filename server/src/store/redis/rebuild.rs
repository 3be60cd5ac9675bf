//! Rebuilds lost rooms from their copies. `engine::rebuild` decides which copy a room is rebuilt from;
//! the script that writes it checks that Redis still holds what was read.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use engine::{Copies, Room, RoomId, Timestamp, rebuild};
use futures_util::future::join_all;

use super::codec::text;
use super::damage::remember_more;
use super::masters::Master;
use super::node::Node;
use super::put::Precondition;
use super::read::StoredRoom;
use super::script::DROP;
use crate::store::StoreError;

/// Rooms by id; `None` for a room that doesn't exist.
type Found = HashMap<RoomId, Option<Arc<Room>>>;

/// A room that must be rebuilt.
struct Lost {
    room_id: RoomId,
    /// What Redis held when it was found lost.
    found: Precondition,
    /// The state that an earlier process wrote, or that is damaged or was set back, if it can be read.
    stored: Option<Arc<Room>>,
    /// Whether somebody has put that state back.
    is_set_back: bool,
}

/// The copies of a lost room outside Redis.
struct OtherCopies {
    memory: Option<Arc<Room>>,
    snapshot: Option<Arc<Room>>,
}

/// An attempt to rebuild rooms, which has failed unless it says otherwise.
struct Attempt<'a> {
    node: &'a Node,
    rooms: &'a [RoomId],
    began: Timestamp,
    is_over: bool,
}

impl Attempt<'_> {
    /// Notes that SQL has answered, so that the rooms can be rebuilt.
    fn proceeds(&self) {
        let now = self.node.clock.now();
        self.masters().for_each(|master| master.outages.note_unstuck(self.began, now));
    }

    fn masters(&self) -> impl Iterator<Item = Arc<Master>> {
        self.rooms.iter().filter_map(|room_id| self.node.masters.of_room(room_id).ok())
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let now = self.node.clock.now();
            self.masters().for_each(|master| master.outages.note_stuck(self.began, now));
        }
    }
}

impl Node {
    /// Reads rooms, and rebuilds those that are lost. A room that another node changes at the same time
    /// is left out.
    pub(super) async fn rebuild(self: &Arc<Self>, rooms: &[RoomId]) -> Result<Found, StoreError> {
        let mut found = HashMap::new();
        let lost = self.find_lost(rooms, &mut found).await?;
        if lost.is_empty() {
            return Ok(found);
        }
        let stale: HashSet<RoomId> = lost
            .iter()
            .filter(|lost| lost.stored.is_some())
            .map(|lost| lost.room_id.clone())
            .collect();
        let ids: Vec<RoomId> = lost.into_iter().map(|lost| lost.room_id).collect();
        let began = self.clock.now();
        let mut attempt = Attempt { node: self, rooms: &ids, began, is_over: false };
        let mut snapshots = self.snapshots_of(&ids).await?;
        let has_copy = |room_id: &RoomId| {
            snapshots.contains_key(room_id)
                || stale.contains(room_id)
                || self.memory_of(room_id).is_some()
        };
        // A room without any copy doesn't exist. It costs no turn and no epoch.
        let (known, missing): (Vec<RoomId>, Vec<RoomId>) = ids.iter().cloned().partition(has_copy);
        found.extend(missing.into_iter().map(|room_id| (room_id, None)));
        if known.is_empty() {
            attempt.is_over = true;
            return Ok(found);
        }
        let _turns = self.recoveries.take_turns(&known).await;
        // Another caller may have rebuilt some of them meanwhile.
        let lost = self.find_lost(&known, &mut found).await?;
        let mut rebuildable = Vec::new();
        for lost in lost {
            let memory = self.memory_of(&lost.room_id);
            let snapshot = snapshots.remove(&lost.room_id);
            if lost.stored.is_none() && memory.is_none() && snapshot.is_none() {
                found.insert(lost.room_id, None);
            } else {
                rebuildable.push((lost, OtherCopies { memory, snapshot }));
            }
        }
        if !rebuildable.is_empty() {
            self.rebuild_under_new_epochs(rebuildable, &mut found, &attempt).await?;
        }
        attempt.is_over = true;
        Ok(found)
    }

    async fn rebuild_under_new_epochs(
        self: &Arc<Self>,
        rebuildable: Vec<(Lost, OtherCopies)>,
        found: &mut Found,
        attempt: &Attempt<'_>,
    ) -> Result<(), StoreError> {
        let ids: Vec<RoomId> = rebuildable.iter().map(|(lost, _)| lost.room_id.clone()).collect();
        let issued = self.sql.raise_epochs(&ids).await;
        let issued = issued.map_err(|error| StoreError::new("epoch", error))?;
        attempt.proceeds();
        let issued: HashMap<RoomId, u64> = issued.into_iter().collect();
        let rebuilt = rebuildable.into_iter().map(async |(lost, others)| {
            let epoch = issued.get(&lost.room_id).copied();
            let room_id = lost.room_id.clone();
            (room_id, self.rebuild_one(lost, epoch, others).await)
        });
        for (room_id, rebuilt) in join_all(rebuilt).await {
            match rebuilt {
                Ok(Some(room)) => {
                    found.insert(room_id, room);
                }
                Ok(None) => {}
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, room.id = %room_id, "a room can't be rebuilt");
                }
            }
        }
        Ok(())
    }

    /// Reads rooms. Those that are there are added to `found`, the others are lost.
    async fn find_lost(
        &self,
        rooms: &[RoomId],
        found: &mut Found,
    ) -> Result<Vec<Lost>, StoreError> {
        let read = rooms.iter().map(async |room_id| (room_id, self.read(room_id, None).await));
        let mut lost = Vec::new();
        for (room_id, stored) in join_all(read).await {
            let room_id = room_id.clone();
            match stored {
                Ok(StoredRoom::SetBack(room)) => match self.unchanged_since(&room).await {
                    Ok(Some(found)) => {
                        let stored = Some(room);
                        lost.push(Lost { room_id, found, stored, is_set_back: true });
                    }
                    // Somebody changes it at the moment.
                    Ok(None) => {}
                    Err(error) if rooms.len() == 1 => return Err(error),
                    Err(error) => leave_out(&room_id, &error),
                },
                Ok(StoredRoom::Current(room)) => {
                    found.insert(room_id, Some(room));
                }
                Ok(StoredRoom::Stale { life, run, room }) => {
                    let found = Precondition::Unchanged { life, run, place: room.place() };
                    lost.push(Lost { room_id, found, stored: Some(room), is_set_back: false });
                }
                Ok(StoredRoom::Absent { life }) => {
                    let found = Precondition::Absent { life };
                    lost.push(Lost { room_id, found, stored: None, is_set_back: false });
                }
                Ok(StoredRoom::Damaged { life, fingerprint, field, words, room }) => {
                    self.tell_damaged(&room_id, &field, &words);
                    let found = Precondition::Damaged { life, fingerprint };
                    lost.push(Lost { room_id, found, stored: room, is_set_back: false });
                }
                // Not possible without a known state.
                Ok(StoredRoom::Known) => {}
                Err(error) if rooms.len() == 1 => return Err(error),
                Err(error) => leave_out(&room_id, &error),
            }
        }
        Ok(lost)
    }

    /// Rebuilds a room under the epoch that SQL has issued, if SQL knows it. Returns `None` if another
    /// node was first, and `Some(None)` if there is no such room.
    async fn rebuild_one(
        self: &Arc<Self>,
        lost: Lost,
        epoch: Option<u64>,
        others: OtherCopies,
    ) -> Result<Option<Option<Arc<Room>>>, StoreError> {
        let Lost { room_id, found, mut stored, is_set_back } = lost;
        let OtherCopies { memory, snapshot } = others;
        // Nobody knows what else was changed.
        let is_damaged = matches!(found, Precondition::Damaged { .. });
        if is_set_back && at_one_place(&stored, &memory) {
            // What this node told people comes before what somebody has committed there since.
            stored = None;
        }
        if let Some(stored) = stored.as_mut().filter(|_| is_damaged) {
            remember_more(Arc::make_mut(stored), memory.iter().chain(&snapshot));
        }
        let room_id = &room_id;
        let Some(epoch) = epoch else {
            if !matches!(found, Precondition::Absent { .. }) {
                self.run("drop", &DROP, room_id, vec![text(room_id)]).await?;
            }
            return Ok(Some(None));
        };
        let copies = [&stored, &memory, &snapshot].into_iter().flatten();
        let held = copies.map(|room| room.epoch).max().unwrap_or_default().max(found.epoch());
        let epoch = if epoch > held {
            epoch
        } else {
            // SQL was restored from an older backup.
            let raised = self.sql.raise_epoch_above(room_id, held).await;
            let raised = raised.map_err(|error| StoreError::new("epoch", error))?;
            let Some(raised) = raised else { return Ok(Some(None)) };
            raised
        };
        let copies = Copies {
            stored: stored.as_deref(),
            memory: memory.as_deref(),
            snapshot: snapshot.as_deref(),
        };
        let (now, outages) = (self.clock.now(), self.outages_of(room_id));
        let durable = self.durable && !is_damaged && !is_set_back;
        let Some(rebuilt) = rebuild(&copies, epoch, now, durable, &outages) else {
            return Err(StoreError::new("recover", "no epoch above every copy's"));
        };
        if !self.put(&rebuilt.room, Some(&rebuilt.commit), &found).await? {
            return Ok(None);
        }
        self.damage.forget(room_id);
        if is_set_back {
            tracing::error!(room.id = %room_id, epoch, "somebody has set a room back in Redis");
        }
        tracing::info!(room.id = %room_id, epoch, "room rebuilt");
        metrics::counter!("playhead_rebuilt_rooms_total").increment(1);
        Ok(Some(Some(self.take_rebuilt(rebuilt.room).await)))
    }

    /// Continues with a rebuilt room: in SQL, by its code, and for the subscribers.
    pub(super) async fn take_rebuilt(self: &Arc<Self>, room: Room) -> Arc<Room> {
        let room = Arc::new(room);
        self.backlog.add(&room);
        self.list_changed.fetch_or(room.is_listed(), Ordering::Relaxed);
        self.keep_code(&room.code, &room.room_id).await;
        if let Some(followed) = self.followed.find(&room.room_id) {
            self.reset(&followed, &room);
        }
        room
    }

    /// Returns the newest state in this node's memory: of a followed room, or of one whose snapshot
    /// waits.
    pub(super) fn memory_of(&self, room_id: &RoomId) -> Option<Arc<Room>> {
        let followed = self.followed.find(room_id).and_then(|followed| followed.newest());
        let waiting = self.backlog.find(room_id);
        followed.into_iter().chain(waiting).max_by_key(|room| room.place())
    }

    /// Loads snapshots. This node's memory is never behind the snapshots that it wrote, but those of
    /// other nodes may be newer.
    async fn snapshots_of(
        &self,
        rooms: &[RoomId],
    ) -> Result<HashMap<RoomId, Arc<Room>>, StoreError> {
        let rows = self.sql.load_snapshots(rooms).await;
        let rows = rows.map_err(|error| StoreError::new("snapshots", error))?;
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

fn at_one_place(one: &Option<Arc<Room>>, other: &Option<Arc<Room>>) -> bool {
    one.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| one.place() == other.place())
}

fn leave_out(room_id: &RoomId, error: &StoreError) {
    let error: &dyn std::error::Error = error;
    tracing::warn!(error, room.id = %room_id, "a room can't be read");
}
