//! The world of the recovery model: one room, its store, the SQL database, and nodes with one client
//! each.

use std::sync::Arc;

use engine::{Lineage, Place, Rebased, Timestamp};

/// A copy of the room: the commands that took effect, and those that are remembered.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Copy {
    pub(crate) place: Place,
    pub(crate) effects: Vec<u8>,
    pub(crate) ops: Vec<(u8, Place)>,
    /// The previous place, and whether a loss was announced.
    pub(crate) rebased: Option<(Place, bool)>,
    pub(crate) lossy_epoch: u64,
}

/// The store's copy, and during which run of the store it was written.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Stored {
    pub(crate) run: u8,
    pub(crate) copy: Arc<Copy>,
}

/// A node and the client connected to it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Node {
    pub(crate) memory: Option<Arc<Copy>>,
    pub(crate) attempt: Option<Attempt>,
    /// The place that its client saw last, which outlives the node.
    pub(crate) seen: Place,
}

/// A rebuild or adoption under way.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Attempt {
    /// The run of the store that was read.
    pub(crate) run: u8,
    /// Nothing was read, and the claim to fill the gap is still valid.
    pub(crate) claimed: bool,
    pub(crate) read: Option<Stored>,
    /// The copy to adopt; `None` for a rebuild.
    pub(crate) known: Option<Arc<Copy>>,
    /// The copy to write, once the SQL database has issued an epoch.
    pub(crate) next: Option<Arc<Copy>>,
}

/// The state of everything, and what the properties need to know of the past.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct World {
    pub(crate) run: u8,
    pub(crate) stored: Option<Stored>,
    /// The states that a restart may bring back, oldest first. Empty once no restart is left.
    pub(crate) disk: Vec<Option<Stored>>,
    pub(crate) epoch: u64,
    pub(crate) snapshot: Arc<Copy>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) restarts: u8,
    pub(crate) flushes: u8,
    pub(crate) expiries: u8,
    pub(crate) node_crashes: u8,
    /// The highest version written in each epoch.
    pub(crate) tops: Vec<u64>,
    /// The number of commands that were ever committed. Commands are interchangeable, so they are
    /// first committed in order.
    pub(crate) used: u8,
    /// The furthest place acknowledged for each command.
    pub(crate) acked: Vec<Option<Place>>,
    /// Whether a place was ever taken twice.
    pub(crate) twice: bool,
    /// Whether a client was ever taken back.
    pub(crate) back: bool,
    /// Whether an adoption ever undid an acknowledged command.
    pub(crate) wasted: bool,
}

impl Copy {
    /// The room as it is made.
    pub(crate) fn first() -> Self {
        let place = Place { epoch: 1, version: 1 };
        Self { place, effects: Vec::new(), ops: Vec::new(), rebased: None, lossy_epoch: 0 }
    }

    pub(crate) fn lineage(&self) -> Lineage {
        Lineage { place: self.place, rebased: self.rebased() }
    }

    pub(crate) fn rebased(&self) -> Option<Rebased> {
        self.rebased.map(|(previous, lost)| Rebased {
            previous_epoch: previous.epoch,
            previous_version: previous.version,
            lost,
            lossy_epoch: self.lossy_epoch,
            lossy_at: Timestamp::default(),
        })
    }

    pub(crate) fn recall(&self, command: u8) -> Option<Place> {
        self.ops.iter().find(|(known, _)| *known == command).map(|(_, place)| *place)
    }

    /// The copy with one more command.
    pub(crate) fn commit(&self, command: u8) -> Self {
        let mut next = self.clone();
        next.place.version += 1;
        next.effects.push(command);
        next.ops.push((command, next.place));
        next
    }

    /// The copy under a new epoch.
    pub(crate) fn rebase(&self, epoch: u64, lost: bool) -> Self {
        let mut next = self.clone();
        next.place = Place { epoch, version: self.place.version + 1 };
        next.rebased = Some((self.place, lost));
        if lost {
            next.lossy_epoch = epoch;
        }
        next
    }
}

impl World {
    /// Writes a copy to the store, and notes whether its place was taken before.
    pub(crate) fn write(&mut self, run: u8, copy: Copy) {
        let epoch = usize::try_from(copy.place.epoch).expect("epochs are few");
        if self.tops.len() <= epoch {
            self.tops.resize(epoch + 1, 0);
        }
        self.twice |= copy.place.version <= self.tops[epoch];
        self.tops[epoch] = self.tops[epoch].max(copy.place.version);
        self.stored = Some(Stored { run, copy: Arc::new(copy) });
        self.note_disk();
    }

    /// Notes that the store's current state may reach its disk.
    pub(crate) fn note_disk(&mut self) {
        if self.restarts > 0 {
            self.disk.push(self.stored.clone());
        } else {
            self.disk.clear();
        }
    }

    pub(crate) fn drop_claims(&mut self) {
        for attempt in self.nodes.iter_mut().filter_map(|node| node.attempt.as_mut()) {
            attempt.claimed = false;
        }
    }

    pub(crate) fn acknowledge(&mut self, command: u8, place: Place) {
        let acked = &mut self.acked[usize::from(command)];
        *acked = (*acked).max(Some(place));
    }

    /// The places of the acknowledged commands that `copy` lacks.
    pub(crate) fn missing(&self, copy: &Copy) -> impl Iterator<Item = Place> {
        let lacks = |command: usize| !copy.effects.iter().any(|&done| usize::from(done) == command);
        let acked = self.acked.iter().enumerate();
        acked.filter(move |(command, _)| lacks(*command)).filter_map(|(_, place)| *place)
    }
}
