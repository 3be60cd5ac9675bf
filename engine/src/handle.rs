//! From a request to at most one commit: was it committed before, is it allowed, is it current,
//! what does it change?

use crate::command::Command;
use crate::decide::decide;
use crate::event::{Commit, Event};
use crate::facts::Facts;
use crate::op::Op;
use crate::participant::{Actor, Role};
use crate::permission::{CommandKind, Permission};
use crate::place::Place;
use crate::rejection::Rejection;
use crate::room::Room;

/// A command and the terms on which it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// Everything that decides whether the command is admitted.
    pub envelope: Envelope,
    /// The command.
    pub command: Command,
}

/// Who sends a command, and on what terms.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Envelope {
    /// The sender.
    pub actor: Actor,
    /// The idempotency key.
    pub op: Option<Op>,
    /// The only place of the room at which the command may take effect.
    pub expected: Option<Place>,
    /// The fence that the sender saw last. Compared only for commands of the host.
    pub fence: Option<u64>,
}

/// The outcome of a request that wasn't rejected.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The command was committed before, at this place.
    Duplicate(Place),
    /// The room is already as the command wants it.
    Unchanged,
    /// The command changes the room by this commit.
    Commit(Box<Commit>),
}

impl Request {
    /// A request of the server itself.
    pub fn of_system(command: Command) -> Self {
        Self { envelope: Envelope::of(Actor::System), command }
    }
}

impl Envelope {
    /// An envelope that names the sender and sets no terms.
    pub fn of(actor: Actor) -> Self {
        Self { actor, op: None, expected: None, fence: None }
    }
}

impl Room {
    /// Decides a request. The room doesn't change until the commit is stored and applied.
    pub fn handle(&self, request: &Request, facts: &Facts) -> Result<Decision, Rejection> {
        let Request { envelope, command } = request;
        if let Some(place) = self.admit(command.kind(), envelope)? {
            return Ok(Decision::Duplicate(place));
        }
        let facts = Facts { now: facts.now.max(self.at), ..facts.clone() };
        let Some(event) = decide(self, &envelope.actor, command, &facts)? else {
            return Ok(Decision::Unchanged);
        };
        let epoch = match (&event, command) {
            (Event::Rebased { .. }, Command::Rebase { epoch, .. }) => *epoch,
            _ => self.epoch,
        };
        let op = envelope.op.clone();
        let commit = Commit { epoch, version: self.version + 1, at: facts.now, event, op };
        Ok(Decision::Commit(Box::new(commit)))
    }

    /// Checks idempotency key, role, fence and expected place, in this order. Needs only the kind of
    /// the command, so that it can be asked before anything costly is done for the command's data.
    ///
    /// Returns the place of the commit if the command was committed before.
    pub fn admit(
        &self,
        kind: CommandKind,
        envelope: &Envelope,
    ) -> Result<Option<Place>, Rejection> {
        if let Some(place) = self.recall(envelope.op.as_ref())? {
            return Ok(Some(place));
        }
        self.authorize(kind, &envelope.actor)?;
        let is_host = self.role_of(&envelope.actor) == Some(Role::Host);
        if is_host && envelope.fence.is_some_and(|fence| fence != self.fence) {
            return Err(Rejection::StaleFence { fence: self.fence });
        }
        if envelope.expected.is_some_and(|expected| expected != self.place()) {
            return Err(Rejection::VersionConflict { version: self.version });
        }
        Ok(None)
    }

    /// Returns where the command of this idempotency key was committed, if the room remembers it.
    /// The same key with another payload is rejected.
    pub fn recall(&self, op: Option<&Op>) -> Result<Option<Place>, Rejection> {
        let Some((op, known)) = op.and_then(|op| Some((op, self.ops.find(op)?))) else {
            return Ok(None);
        };
        if known.op.payload_hash == op.payload_hash {
            Ok(Some(known.place()))
        } else {
            Err(Rejection::IdReused)
        }
    }

    /// Checks whether `actor` may send a command of this kind.
    fn authorize(&self, kind: CommandKind, actor: &Actor) -> Result<(), Rejection> {
        let permission = kind.permission();
        let (Some(role), Some(sender)) = (self.role_of(actor), actor.participant()) else {
            // The server sends nothing in anybody's place.
            let is_its_own = permission == Permission::System;
            return if is_its_own { Ok(()) } else { Err(Rejection::Forbidden) };
        };
        if !self.is_open() {
            return Err(Rejection::RoomClosed);
        }
        let is_allowed = match permission {
            Permission::Playback => self.profile.settings.playback_control.includes(role),
            Permission::Media => role.commands_playback(),
            Permission::Host => role == Role::Host,
            Permission::Moderation => role.moderates(),
            Permission::HostOrHostlessCreator => {
                role == Role::Host || (self.host_id.is_none() && *sender == self.creator_id)
            }
            Permission::System => false,
        };
        if is_allowed { Ok(()) } else { Err(permission.rejection()) }
    }
}
