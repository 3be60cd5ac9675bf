//! The steps of the recovery model. Every decision is made by the engine's own functions.

use std::sync::Arc;

use engine::{Copies, is_worth_adopting, plan_rebuild};
use stateright::{Model, Property};

use crate::recovery_model::properties;
use crate::recovery_model::world::{Attempt, Copy, Node, Stored, World};

/// Epochs beyond this one aren't explored; reaching it violates a property.
pub(crate) const EPOCHS_MAX: u64 = 10;

/// The size of the world, what can go wrong in it, and which parts of the protocol are in place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Protocol {
    pub(crate) commands: u8,
    pub(crate) nodes: usize,
    pub(crate) restarts: u8,
    pub(crate) flushes: u8,
    pub(crate) expiries: u8,
    pub(crate) node_crashes: u8,
    /// Nodes write snapshots to the SQL database.
    pub(crate) snapshots: bool,
    /// A restart of the store may lose acknowledged commits.
    pub(crate) lossy: bool,
    /// The operator declares that the store is durable.
    pub(crate) durable: bool,
    /// Nodes don't use a copy that was written before the store restarted.
    pub(crate) run_guard: bool,
    /// A rebuild is written only if the store hasn't restarted since it was read,
    pub(crate) process_guard: bool,
    /// only over exactly what was read,
    pub(crate) read_guard: bool,
    /// where nothing was read only by the node that claimed it,
    pub(crate) claim: bool,
    /// and in an epoch that the SQL database issued after the read.
    pub(crate) epoch_raised: bool,
    /// A copy includes the remembered commands.
    pub(crate) ops_kept: bool,
    /// A rebuilt room is replaced only if it hasn't changed since,
    pub(crate) adopt_untouched: bool,
    /// and only by a copy with a later last change.
    pub(crate) adopt_later: bool,
}

impl Protocol {
    /// The whole protocol over a store that may lose what it acknowledged.
    pub(crate) const EVERYSEC: Self = Self {
        commands: 2,
        nodes: 2,
        restarts: 1,
        flushes: 0,
        expiries: 0,
        node_crashes: 0,
        snapshots: false,
        lossy: true,
        durable: false,
        run_guard: true,
        process_guard: true,
        read_guard: true,
        claim: false,
        epoch_raised: true,
        ops_kept: true,
        adopt_untouched: true,
        adopt_later: true,
    };
    /// The whole protocol over a store that loses nothing unless it is emptied.
    pub(crate) const ALWAYS: Self = Self { lossy: false, durable: true, ..Self::EVERYSEC };
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// The node commits a command; the reply arrives or is lost.
    Commit { node: usize, command: u8, reply: bool },
    /// The node answers a repeated command from memory.
    Repeat { node: usize, command: u8 },
    /// The node reads the store's state and shows it to its client.
    Pull { node: usize },
    /// The node finds the store's copy missing or stale.
    Read { node: usize },
    /// The node finds that the store's copy lacks what it knows.
    Doubt { node: usize },
    /// The node takes an epoch and decides how to rebuild the room.
    Decide { node: usize },
    /// The rebuilt copy reaches the store. Its reply would tell the node no more than a pull.
    Write { node: usize },
    /// The node writes a snapshot to the SQL database.
    Snapshot { node: usize },
    /// The store restarts with an earlier state.
    Restart { kept: usize },
    /// The store restarts with nothing.
    RestartEmpty,
    /// The store is emptied and stays up.
    Flush,
    /// All claims expire.
    Expire,
    /// The node restarts; its client reconnects.
    NodeCrash { node: usize },
}

impl Protocol {
    fn is_served(&self, world: &World, stored: &Stored) -> bool {
        !self.run_guard || stored.run == world.run
    }

    /// The copy that nodes and clients see as the room.
    pub(crate) fn served<'a>(&self, world: &'a World) -> Option<&'a Copy> {
        let stored = world.stored.as_ref().filter(|stored| self.is_served(world, stored));
        stored.map(|stored| stored.copy.as_ref())
    }

    /// Whether a node has claimed the missing room.
    fn is_claimed(&self, world: &World) -> bool {
        let claimed = |node: &Node| node.attempt.as_ref().is_some_and(|attempt| attempt.claimed);
        self.claim && world.stored.is_none() && world.nodes.iter().any(claimed)
    }

    fn node_steps(&self, world: &World, node: usize, steps: &mut Vec<Step>) {
        let Node { memory, attempt, seen } = &world.nodes[node];
        for command in 0..self.commands.min(world.used + 1) {
            match memory.as_ref().map(|memory| memory.recall(command)) {
                Some(None) => {
                    for reply in [true, false] {
                        steps.push(Step::Commit { node, command, reply });
                    }
                }
                Some(Some(_)) => steps.push(Step::Repeat { node, command }),
                None => {}
            }
        }
        match self.served(world) {
            None if attempt.is_none() && !self.is_claimed(world) => steps.push(Step::Read { node }),
            None => {}
            Some(current) => {
                if memory.as_deref() != Some(current) || *seen != current.place {
                    steps.push(Step::Pull { node });
                }
                let known = memory.as_ref().filter(|_| attempt.is_none());
                if known.is_some_and(|known| self.doubts(current, known)) {
                    steps.push(Step::Doubt { node });
                }
            }
        }
        match attempt {
            Some(Attempt { next: None, .. }) => steps.push(Step::Decide { node }),
            Some(Attempt { next: Some(_), .. }) => steps.push(Step::Write { node }),
            None => {}
        }
        if self.snapshots {
            steps.push(Step::Snapshot { node });
        }
        if world.node_crashes > 0 {
            steps.push(Step::NodeCrash { node });
        }
    }

    fn doubts(&self, current: &Copy, known: &Copy) -> bool {
        let earlier = known.place.epoch < current.place.epoch;
        let Some((previous, _)) = current.rebased else { return false };
        let untouched = current.place.version == previous.version + 1;
        match (self.adopt_untouched, self.adopt_later) {
            (true, true) => is_worth_adopting(&current.lineage(), &known.lineage()),
            (true, false) => untouched && earlier && known.place > previous,
            (false, _) => earlier && known.lineage().last_change() > previous,
        }
    }

    fn read(world: &mut World, node: usize, known: Option<Arc<Copy>>) {
        let (run, read) = (world.run, world.stored.clone());
        let claimed = read.is_none();
        world.nodes[node].attempt = Some(Attempt { run, claimed, read, known, next: None });
    }

    fn decide(&self, world: &mut World, node: usize) {
        if self.epoch_raised {
            world.epoch += 1;
        }
        let epoch = world.epoch;
        let Some(attempt) = &world.nodes[node].attempt else { return };
        let stored = attempt.read.as_ref().map(|stored| stored.copy.clone());
        let memory = world.nodes[node].memory.clone();
        let cold = stored.is_none() && memory.is_none();
        let snapshot = cold.then(|| world.snapshot.clone());
        let next = match &attempt.known {
            Some(known) => (epoch > attempt.read.as_ref().map_or(0, |read| read.copy.place.epoch))
                .then(|| known.rebase(epoch, true)),
            None => self.rebuild(&Copies { stored, memory, snapshot }, epoch),
        };
        let next = next.map(|mut next| {
            if !self.ops_kept {
                next.ops.clear();
            }
            Arc::new(next)
        });
        let attempt = world.nodes[node].attempt.take();
        world.nodes[node].attempt = attempt.filter(|_| next.is_some()).map(|mut attempt| {
            attempt.next = next;
            attempt
        });
    }

    fn rebuild(&self, copies: &Copies<Arc<Copy>>, epoch: u64) -> Option<Copy> {
        let lineage = |copy: &Arc<Copy>| copy.lineage();
        let lineages = Copies {
            stored: copies.stored.as_ref().map(lineage),
            memory: copies.memory.as_ref().map(lineage),
            snapshot: copies.snapshot.as_ref().map(lineage),
        };
        // Without an epoch of its own, a rebuild continues in the old one.
        let allowed = if self.epoch_raised { epoch } else { u64::MAX };
        let plan = plan_rebuild(&lineages, allowed, self.durable)?;
        Some(copies.of(plan.base)?.rebase(epoch, plan.lost))
    }

    fn write(&self, world: &mut World, node: usize) {
        let Some(attempt) = world.nodes[node].attempt.clone() else { return };
        let Some(next) = &attempt.next else { return };
        world.nodes[node].attempt = None;
        let above = |stored: &Stored| next.place.epoch > stored.copy.place.epoch;
        let refused = self.process_guard && attempt.run != world.run
            || self.read_guard && attempt.read != world.stored
            || self.claim && attempt.read.is_none() && !attempt.claimed
            || self.epoch_raised && !world.stored.as_ref().is_none_or(above);
        if refused {
            return;
        }
        if let (Some(_), Some(replaced)) = (&attempt.known, &world.stored) {
            let epoch = replaced.copy.place.epoch;
            let wasted = world.missing(next).any(|place| place.epoch == epoch);
            world.wasted |= wasted;
        }
        world.write(world.run, next.as_ref().clone());
    }

    fn restart(&self, world: &mut World, kept: Option<Stored>) {
        world.run += 1;
        world.restarts -= 1;
        world.stored = kept;
        world.disk.clear();
        world.note_disk();
        if self.process_guard {
            world.nodes.iter_mut().for_each(|node| node.attempt = None);
        }
    }

    fn pull(&self, world: &mut World, node: usize) -> Option<()> {
        let copy = world.stored.as_ref().filter(|stored| self.is_served(world, stored));
        let copy = copy?.copy.clone();
        let node = &mut world.nodes[node];
        world.back |= copy.place < node.seen;
        node.seen = node.seen.max(copy.place);
        node.memory = Some(copy);
        Some(())
    }

    fn commit(&self, world: &mut World, node: usize, command: u8, reply: bool) -> Option<()> {
        let memory = world.nodes[node].memory.clone()?;
        // The place determines the content, so the store compares nothing else.
        let stored = world.stored.as_ref().filter(|stored| self.is_served(world, stored))?;
        if stored.copy.place != memory.place {
            return None;
        }
        let (run, next) = (stored.run, memory.commit(command));
        world.used = world.used.max(command + 1);
        let place = next.place;
        world.write(run, next);
        if reply {
            world.acknowledge(command, place);
            self.pull(world, node)?;
        }
        Some(())
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        let copy = Arc::new(Copy::first());
        let stored = Some(Stored { run: 0, copy: copy.clone() });
        let node = Node { memory: Some(copy.clone()), attempt: None, seen: copy.place };
        vec![World {
            run: 0,
            disk: vec![stored.clone()],
            stored,
            epoch: 1,
            snapshot: copy,
            nodes: vec![node; self.nodes],
            restarts: self.restarts,
            flushes: self.flushes,
            expiries: self.expiries,
            node_crashes: self.node_crashes,
            tops: vec![0, 1],
            used: 0,
            acked: vec![None; self.commands.into()],
            twice: false,
            back: false,
            wasted: false,
        }]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        for node in 0..self.nodes {
            // Nodes are interchangeable and sorted: of equal ones, one is enough.
            if node == 0 || world.nodes[node] != world.nodes[node - 1] {
                self.node_steps(world, node, steps);
            }
        }
        if world.restarts > 0 {
            let first = if self.lossy { 0 } else { world.disk.len() - 1 };
            steps.extend((first..world.disk.len()).map(|kept| Step::Restart { kept }));
            if self.lossy {
                steps.push(Step::RestartEmpty);
            }
        }
        if world.expiries > 0 {
            steps.push(Step::Expire);
        }
        if world.flushes > 0 && world.stored.is_some() {
            steps.push(Step::Flush);
        }
    }

    fn next_state(&self, before: &World, step: Step) -> Option<World> {
        let mut world = before.clone();
        match step {
            Step::Commit { node, command, reply } => {
                self.commit(&mut world, node, command, reply)?;
            }
            Step::Repeat { node, command } => {
                let place = world.nodes[node].memory.as_ref()?.recall(command)?;
                world.acknowledge(command, place);
            }
            Step::Pull { node } => self.pull(&mut world, node)?,
            Step::Read { node } => Self::read(&mut world, node, None),
            Step::Doubt { node } => {
                let known = world.nodes[node].memory.clone();
                Self::read(&mut world, node, known);
            }
            Step::Decide { node } => self.decide(&mut world, node),
            Step::Write { node } => self.write(&mut world, node),
            Step::Snapshot { node } => {
                let memory = world.nodes[node].memory.as_ref()?;
                if memory.place > world.snapshot.place {
                    world.snapshot = memory.clone();
                }
            }
            Step::Restart { kept } => {
                let kept = world.disk[kept].clone();
                self.restart(&mut world, kept);
            }
            Step::RestartEmpty => self.restart(&mut world, None),
            Step::Flush => {
                world.flushes -= 1;
                world.stored = None;
                world.note_disk();
                world.drop_claims();
            }
            Step::Expire => {
                world.expiries -= 1;
                world.drop_claims();
            }
            Step::NodeCrash { node } => {
                world.node_crashes -= 1;
                let seen = world.nodes[node].seen;
                world.nodes[node] = Node { memory: None, attempt: None, seen };
            }
        }
        world.nodes.sort_unstable();
        (world != *before).then_some(world)
    }

    fn within_boundary(&self, world: &World) -> bool {
        world.epoch <= EPOCHS_MAX
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(self)
    }
}
