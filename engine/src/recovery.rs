//! Recovery of a room whose store has lost state: which copy the room is rebuilt from, and whether
//! clients hear of a loss.
//!
//! Every decision is made on lineages, by functions that know nothing else of a room. The model in
//! the tests checks exactly these functions, and rooms are rebuilt by them.

use crate::command::Command;
use crate::event::Commit;
use crate::facts::Facts;
use crate::handle::{Decision, Request};
use crate::place::{Place, Rebased};
use crate::room::Room;
use crate::time::Timestamp;

/// Where a copy of a room is in the order, and which rebuild it descends from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lineage {
    /// The place of its last commit.
    pub place: Place,
    /// Its last rebuild.
    pub rebased: Option<Rebased>,
}

/// The copies of one room that a node can reach.
#[derive(Clone, Copy, Debug)]
pub struct Copies<T> {
    /// The store's copy as it was read, left from before the store restarted.
    pub stored: Option<T>,
    /// The copy in the node's memory.
    pub memory: Option<T>,
    /// The snapshot in the SQL database.
    pub snapshot: Option<T>,
}

/// Names one of `Copies`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CopyKind {
    /// `Copies::stored`.
    Stored,
    /// `Copies::memory`.
    Memory,
    /// `Copies::snapshot`.
    Snapshot,
}

/// How to rebuild a room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RebuildPlan {
    /// The copy to rebuild it from.
    pub base: CopyKind,
    /// Whether that copy may lack an acknowledged commit.
    pub lost: bool,
}

/// A time in which no node could carry out anything, as far as it is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Outage {
    /// When it ended.
    pub until: Timestamp,
    /// How long it was, in milliseconds; `None` if nobody knows when it began.
    pub length_ms: Option<u64>,
}

/// A rebuilt room, to be stored only if the store still holds what was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebuilt {
    /// The room after the commit.
    pub room: Room,
    /// The `Event::Rebased` that announces the rebuild. Its previous place is the base's.
    pub commit: Commit,
}

impl<T> Copies<T> {
    /// The copy of one kind.
    pub fn of(&self, kind: CopyKind) -> Option<&T> {
        match kind {
            CopyKind::Stored => self.stored.as_ref(),
            CopyKind::Memory => self.memory.as_ref(),
            CopyKind::Snapshot => self.snapshot.as_ref(),
        }
    }

    /// Iterates over the copies that exist, the store's first.
    pub fn iter(&self) -> impl Iterator<Item = (CopyKind, &T)> {
        let kinds = [CopyKind::Stored, CopyKind::Memory, CopyKind::Snapshot];
        kinds.into_iter().filter_map(|kind| Some((kind, self.of(kind)?)))
    }
}

impl Outage {
    /// How much of the outage the copy `base` hasn't counted yet, in milliseconds. It began no earlier
    /// than the last commit: if nobody knows more, all the time since then counts. Of several outages, each
    /// counts for itself.
    pub fn uncounted_ms(&self, base: &Room) -> u64 {
        let since_ms = self.until.millis_since(base.at);
        self.length_ms.map_or(since_ms, |length_ms| length_ms.min(since_ms))
    }
}

impl Room {
    /// The lineage of this copy of the room.
    pub fn lineage(&self) -> Lineage {
        Lineage { place: self.place(), rebased: self.rebased }
    }
}

impl Lineage {
    /// The place of the last commit other than a rebuild: a rebuilt room that hasn't changed since
    /// is worth no more than the copy that it was rebuilt from.
    pub fn last_change(&self) -> Place {
        self.untouched_rebuild().map_or(self.place, |rebased| rebased.previous())
    }

    /// The last rebuild, if no commit has followed it.
    fn untouched_rebuild(&self) -> Option<Rebased> {
        self.rebased.filter(|rebased| self.place.version == rebased.previous_version + 1)
    }
}

/// Rebuilds a room from the best of its copies: see [`plan_rebuild`], also for `durable`. Returns
/// `None` without any copy, or if `epoch` isn't above the epoch of every copy. `outages` are the last ones.
pub fn rebuild(
    copies: &Copies<&Room>,
    epoch: u64,
    now: Timestamp,
    durable: bool,
    outages: &[Outage],
) -> Option<Rebuilt> {
    let lineage = |room: &Room| room.lineage();
    let lineages = Copies {
        stored: copies.stored.map(lineage),
        memory: copies.memory.map(lineage),
        snapshot: copies.snapshot.map(lineage),
    };
    let plan = plan_rebuild(&lineages, epoch, durable)?;
    let now = copies.iter().fold(now, |now, (_, room)| now.max(room.at));
    rebase_counting(copies.of(plan.base)?, epoch, plan.lost, now, outages)
}

/// Replaces a rebuilt room by a copy that knows more. Returns `None` unless `should_adopt`, or if
/// `epoch` isn't above the epochs of both.
///
/// The previous place is that of `known`, not of the room that is replaced: the history continues
/// from there, and a still better copy can be adopted after it.
pub fn adopt(
    current: &Room,
    known: &Room,
    epoch: u64,
    now: Timestamp,
    outages: &[Outage],
) -> Option<Rebuilt> {
    if !should_adopt(current, known) || epoch <= current.epoch {
        return None;
    }
    rebase_counting(known, epoch, true, now.max(current.at), outages)
}

/// Whether `known` holds commits that the rebuilt room `current` lacks, while `current` holds no
/// change that adopting `known` would undo.
pub fn should_adopt(current: &Room, known: &Room) -> bool {
    is_worth_adopting(&current.lineage(), &known.lineage())
}

/// Decides how to rebuild a room: from the copy with the latest last change, then the one furthest
/// in the order, then the store's.
///
/// `durable` says that the store is declared to sync every write before it answers. Loss is
/// excluded only where such a store provided the base itself.
pub fn plan_rebuild(copies: &Copies<Lineage>, epoch: u64, durable: bool) -> Option<RebuildPlan> {
    let rank = |copy: &Lineage| (copy.last_change(), copy.place);
    let mut best: Option<(CopyKind, &Lineage)> = None;
    for (kind, copy) in copies.iter() {
        if epoch <= copy.place.epoch {
            return None;
        }
        if best.is_none_or(|(_, best)| rank(copy) > rank(best)) {
            best = Some((kind, copy));
        }
    }
    best.map(|(base, _)| RebuildPlan { base, lost: !(durable && base == CopyKind::Stored) })
}

/// Decides `should_adopt`. Each adoption advances the last change of the current copy, so that
/// nodes that know different copies come to an end.
pub fn is_worth_adopting(current: &Lineage, known: &Lineage) -> bool {
    current.untouched_rebuild().is_some_and(|rebased| known.last_change() > rebased.previous())
        && known.place.epoch < current.place.epoch
}

/// Moves a room to a new epoch, at a time that shows that `outages` are counted.
fn rebase_counting(
    base: &Room,
    epoch: u64,
    lost: bool,
    now: Timestamp,
    outages: &[Outage],
) -> Option<Rebuilt> {
    let outage_ms: u64 = outages.iter().map(|outage| outage.uncounted_ms(base)).sum();
    let now = outages.iter().fold(now, |now, outage| now.max(outage.until));
    // Outages of unknown length may overlap with others.
    rebase(base, epoch, lost, now, outage_ms.min(now.millis_since(base.at)))
}

/// Moves a room to a new epoch by the command that every new epoch begins with. Returns `None` if
/// `epoch` isn't above that of `base`.
pub fn rebase(
    base: &Room,
    epoch: u64,
    lost: bool,
    now: Timestamp,
    outage_ms: u64,
) -> Option<Rebuilt> {
    let request = Request::of_system(Command::Rebase { epoch, lost, outage_ms });
    let facts = Facts { now, ..Facts::default() };
    let Ok(Decision::Commit(commit)) = base.handle(&request, &facts) else { return None };
    let mut room = base.clone();
    room.apply(&commit);
    Some(Rebuilt { room, commit: *commit })
}
