//! The world of the recovery model: one room, its store, SQL, nodes with one client each.

use std::sync::Arc;

use engine::{Place, Rebased, Standing};

/// A copy of the room: what was done, and which commands are remembered as done.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Copy {
    pub(crate) place: Place,
    pub(crate) effects: Vec<u8>,
    pub(crate) ops: Vec<(u8, Place)>,
    /// Previous place and whether loss was announced.
    pub(crate) rebased: Option<(Place, bool)>,
    pub(crate) lossy_epoch: u64,
}

/// The store's copy and the process of the store that it was written to.
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
    /// What its client saw last; outlives the node.
    pub(crate) seen: Place,
}

/// A rebuild or adoption on its way.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Attempt {
    /// The process of the store that was read.
    pub(crate) run: u8,
    /// It found nothing, and its claim to fill the place still stands.
    pub(crate) claimed: bool,
    pub(crate) read: Option<Stored>,
    /// What is adopted; `None` for a rebuild.
    pub(crate) known: Option<Arc<Copy>>,
    /// What to write, once SQL gave an epoch.
    pub(crate) next: Option<Arc<Copy>>,
}

/// Everything, and what the properties need to know of the past.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct World {
    pub(crate) run: u8,
    pub(crate) stored: Option<Stored>,
    /// What a restart may find, oldest first. Empty once no restart is left.
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
    /// Commands committed at some time; they are first committed in order, since they are alike.
    pub(crate) used: u8,
    /// The furthest acknowledgement of each command.
    pub(crate) acked: Vec<Option<Place>>,
    pub(crate) twice: bool,
    pub(crate) back: bool,
    pub(crate) wasted: bool,
}

impl Copy {
    /// The room as it is made.
    pub(crate) fn first() -> Self {
        let place = Place { epoch: 1, version: 1 };
        Self { place, effects: Vec::new(), ops: Vec::new(), rebased: None, lossy_epoch: 0 }
    }

    pub(crate) fn standing(&self) -> Standing {
        Standing { place: self.place, rebased: self.rebased() }
    }

    pub(crate) fn rebased(&self) -> Option<Rebased> {
        self.rebased.map(|(previous, lost)| Rebased {
            previous_epoch: previous.epoch,
            previous_version: previous.version,
            lost,
            lossy_epoch: self.lossy_epoch,
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
    /// A write to the store, as every write is noted. A place taken before is a fault.
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

    /// The store's newest state may reach its disk.
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

    /// Acknowledged commands that `copy` lacks, with the place of their acknowledgement.
    pub(crate) fn missing(&self, copy: &Copy) -> impl Iterator<Item = Place> {
        let lacks = |command: usize| !copy.effects.iter().any(|&done| usize::from(done) == command);
        let acked = self.acked.iter().enumerate();
        acked.filter(move |(command, _)| lacks(*command)).filter_map(|(_, place)| *place)
    }
}
