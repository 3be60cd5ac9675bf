//! What becomes of a room whose store forgot: which copy it is rebuilt from, and what is said of it.
//!
//! Everything is decided on standings, by functions that know no room: the model in the tests proves
//! these, and rooms are rebuilt by them.

use crate::command::{Command, Facts};
use crate::event::Commit;
use crate::handle::{Answer, Request};
use crate::participant::Actor;
use crate::room::{Rebased, Room};
use crate::time::Timestamp;

/// A place in the order of a room's commits. Every place is taken once, whatever the store forgets.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// Issued by SQL.
    pub epoch: u64,
    /// Commits so far.
    pub version: u64,
}

/// What a copy of a room is judged by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Standing {
    /// Where it is.
    pub place: Place,
    /// Its last rebuild.
    pub rebased: Option<Rebased>,
}

/// The copies of one room that a node can reach.
#[derive(Clone, Copy, Debug)]
pub struct Copies<T> {
    /// The store's own, as it was read, though it was written for an earlier life of the store.
    pub stored: Option<T>,
    /// The node's own.
    pub memory: Option<T>,
    /// The one in SQL.
    pub snapshot: Option<T>,
}

/// Which copy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// `Copies::stored`.
    Stored,
    /// `Copies::memory`.
    Memory,
    /// `Copies::snapshot`.
    Snapshot,
}

/// How a room is to be rebuilt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Plan {
    /// From which copy.
    pub base: Origin,
    /// Whether an acknowledged commit may be missing in it.
    pub lost: bool,
}

/// A room under a new epoch, to be stored only if the store still holds what was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebuilt {
    /// The room after the commit.
    pub room: Room,
    /// What tells it: `Event::Rebased`, whose previous place is the base's.
    pub commit: Commit,
}

impl<T> Copies<T> {
    /// The copy of this origin.
    pub fn of(&self, origin: Origin) -> Option<&T> {
        match origin {
            Origin::Stored => self.stored.as_ref(),
            Origin::Memory => self.memory.as_ref(),
            Origin::Snapshot => self.snapshot.as_ref(),
        }
    }

    /// The copies that there are, the store's own first.
    pub fn iter(&self) -> impl Iterator<Item = (Origin, &T)> {
        let origins = [Origin::Stored, Origin::Memory, Origin::Snapshot];
        origins.into_iter().filter_map(|origin| Some((origin, self.of(origin)?)))
    }
}

impl Room {
    /// Where this copy is.
    pub fn place(&self) -> Place {
        Place { epoch: self.epoch, version: self.version }
    }

    /// Where this copy is and where it came from.
    pub fn standing(&self) -> Standing {
        Standing { place: self.place(), rebased: self.rebased }
    }
}

impl Rebased {
    /// Where the copy was that the room was rebuilt from: the history goes on from there.
    pub fn previous(&self) -> Place {
        Place { epoch: self.previous_epoch, version: self.previous_version }
    }

    /// Whether a commit may be missing for somebody who saw `place` in an earlier epoch: by one of
    /// the rebuilds since, or because `place` is beyond what was kept.
    pub fn is_lost_since(&self, place: Place) -> bool {
        place.epoch < self.lossy_epoch || place > self.previous()
    }
}

impl Standing {
    /// The last place at which anything was done: a rebuilt room in which nothing was done yet is
    /// worth no more than the copy that it was rebuilt from.
    pub fn worth(&self) -> Place {
        self.untouched().map_or(self.place, |rebased| rebased.previous())
    }

    /// The rebuild, if it is the newest commit.
    fn untouched(&self) -> Option<Rebased> {
        self.rebased.filter(|rebased| self.place.version == rebased.previous_version + 1)
    }
}

/// Rebuilds a room from the worthiest of its copies. `durable`: the store is declared to sync every
/// write before it answers. `None` without a copy, or if `epoch` isn't above all of them.
pub fn rebuild(
    copies: &Copies<&Room>,
    epoch: u64,
    now: Timestamp,
    durable: bool,
) -> Option<Rebuilt> {
    let standing = |room: &Room| room.standing();
    let standings = Copies {
        stored: copies.stored.map(standing),
        memory: copies.memory.map(standing),
        snapshot: copies.snapshot.map(standing),
    };
    let plan = plan_rebuild(&standings, epoch, durable)?;
    let now = copies.iter().fold(now, |now, (_, room)| now.max(room.at));
    rebase(copies.of(plan.base)?, epoch, plan.lost, now)
}

/// Replaces a rebuilt room by what a node knows better. `None` unless `should_adopt`, or if `epoch`
/// isn't above both.
///
/// The previous place is that of `known`, not of what is replaced: the history goes on from there,
/// and what is worth more still can be adopted after it.
pub fn adopt(current: &Room, known: &Room, epoch: u64, now: Timestamp) -> Option<Rebuilt> {
    if !should_adopt(current, known) || epoch <= current.epoch {
        return None;
    }
    rebase(known, epoch, true, now.max(current.at))
}

/// Whether `known` holds commits that the rebuilt room `current` lacks, and nothing was done in
/// `current` that would be undone.
pub fn should_adopt(current: &Room, known: &Room) -> bool {
    is_worth_adopting(&current.standing(), &known.standing())
}

/// The decision of `rebuild`: the worthiest copy, then the furthest, then the store's own. Loss is
/// excluded only where a store that loses nothing gave the copy itself.
pub fn plan_rebuild(copies: &Copies<Standing>, epoch: u64, durable: bool) -> Option<Plan> {
    let rank = |copy: &Standing| (copy.worth(), copy.place);
    let mut best: Option<(Origin, &Standing)> = None;
    for (origin, copy) in copies.iter() {
        if epoch <= copy.place.epoch {
            return None;
        }
        if best.is_none_or(|(_, best)| rank(copy) > rank(best)) {
            best = Some((origin, copy));
        }
    }
    best.map(|(base, _)| Plan { base, lost: !(durable && base == Origin::Stored) })
}

/// The decision of `should_adopt`. Each adoption raises what the current copy is worth, so nodes
/// that know different copies come to an end.
pub fn is_worth_adopting(current: &Standing, known: &Standing) -> bool {
    current.untouched().is_some_and(|rebased| known.worth() > rebased.previous())
        && known.place.epoch < current.place.epoch
}

/// One rule for every new epoch: the room's own.
fn rebase(base: &Room, epoch: u64, lost: bool, now: Timestamp) -> Option<Rebuilt> {
    let request = Request {
        actor: Actor::System,
        command: Command::Rebase { epoch, lost },
        op: None,
        expected_version: None,
        seen_epoch: None,
        fence: None,
    };
    let facts = Facts { now, ..Facts::default() };
    let Ok(Answer::Commit(commit)) = base.handle(&request, &facts) else { return None };
    let mut room = base.clone();
    room.apply(&commit);
    Some(Rebuilt { room, commit: *commit })
}
