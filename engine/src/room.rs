//! A room: the whole state that is stored, versioned and shown to clients.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::{Commit, Event};
use crate::id::{ParticipantId, RoomId};
use crate::lifecycle::{INACTIVE_MS, Lifecycle, LifecycleState};
use crate::live::LiveEdge;
use crate::media::Media;
use crate::op::Ops;
use crate::participant::{Actor, Role};
use crate::place::{Place, Rebased};
use crate::playback::{Playback, Status};
use crate::rejection::Rejection;
use crate::settings::{Entry, Profile};
use crate::time::{Position, Timestamp};

/// The maximum number of roles that a room grants.
pub const ROLES_MAX: usize = 256;

/// A room at one version.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Room {
    /// The room's id.
    pub room_id: RoomId,
    /// The short code that people type to find the room.
    pub code: String,
    /// The participant who made the room.
    pub creator_id: ParticipantId,
    /// When the room was made; zero if that was before rooms noted it.
    #[serde(default, skip_serializing_if = "is_unnoted")]
    pub created: Timestamp,
    /// The properties that the host may change.
    pub profile: Profile,
    /// Where the room is in its lifecycle.
    pub lifecycle: Lifecycle,
    /// The host.
    pub host_id: Option<ParticipantId>,
    /// The last host of a room without one, who regains the role by returning.
    ///
    /// Invariant: `None` while there is a host.
    pub former_host_id: Option<ParticipantId>,
    /// Rises with each change of host.
    pub fence: u64,
    /// The roles granted by the host. A participant who isn't listed has the role held without any
    /// grant.
    pub roles: BTreeMap<ParticipantId, Role>,
    /// The media.
    pub media: Option<Arc<Media>>,
    /// The playhead.
    pub playback: Playback,
    /// The epoch of the last commit; see [`Place`].
    pub epoch: u64,
    /// The number of commits so far, creation included.
    pub version: u64,
    /// The time of the last commit. Room time never falls behind it.
    pub at: Timestamp,
    /// The last rebuild of the state, if any.
    pub rebased: Option<Rebased>,
    /// The commands that were committed last.
    pub ops: Ops,
}

fn is_unnoted(created: &Timestamp) -> bool {
    *created == Timestamp::default()
}

/// What a new room is made of.
#[derive(Clone, Debug)]
pub struct NewRoom {
    /// The room's id.
    pub room_id: RoomId,
    /// The short code that people type to find the room.
    pub code: String,
    /// The participant who makes the room and is its first host.
    pub creator_id: ParticipantId,
    /// Name, visibility and behaviour.
    pub profile: Profile,
    /// The first epoch, issued by the SQL database.
    pub epoch: u64,
}

impl Room {
    /// Makes a room at version 1 that waits for its host.
    pub fn new(new: NewRoom, now: Timestamp) -> Self {
        Self {
            room_id: new.room_id,
            code: new.code,
            host_id: Some(new.creator_id.clone()),
            creator_id: new.creator_id,
            created: now,
            profile: new.profile,
            lifecycle: Lifecycle::created(now),
            former_host_id: None,
            fence: 1,
            roles: BTreeMap::new(),
            media: None,
            playback: Playback::empty(now),
            epoch: new.epoch,
            version: 1,
            at: now,
            rebased: None,
            ops: Ops::default(),
        }
    }

    /// The place of the last commit.
    pub fn place(&self) -> Place {
        Place { epoch: self.epoch, version: self.version }
    }

    /// The role that `actor` holds; `None` for the server itself.
    pub fn role_of(&self, actor: &Actor) -> Option<Role> {
        match actor {
            Actor::Participant { id, base } => Some(self.role_of_participant(id, *base)),
            Actor::System => None,
        }
    }

    /// The role that a participant holds; `base` is the one held without any grant.
    pub fn role_of_participant(&self, id: &ParticipantId, base: Role) -> Role {
        if self.is_host(id) { Role::Host } else { self.roles.get(id).copied().unwrap_or(base) }
    }

    /// Checks whether `actor` may remove a participant, whose role must be lower. Those to whom a room without a host
    /// returns rank as its host.
    pub fn check_removal(
        &self,
        actor: &Actor,
        participant: &ParticipantId,
        base: Role,
    ) -> Result<(), Rejection> {
        let owns = self.is_former_host(participant)
            || (self.host_id.is_none() && self.creator_id == *participant);
        let held = if owns { Role::Host } else { self.role_of_participant(participant, base) };
        match self.role_of(actor) {
            Some(role) if role.removes(held) => Ok(()),
            _ => Err(Rejection::Forbidden),
        }
    }

    /// Whether a participant is the host.
    pub fn is_host(&self, id: &ParticipantId) -> bool {
        self.host_id.as_ref() == Some(id)
    }

    /// Whether the room has no host and a participant was the last one.
    pub fn is_former_host(&self, id: &ParticipantId) -> bool {
        self.host_id.is_none() && self.former_host_id.as_ref() == Some(id)
    }

    /// Whether the room itself names a participant: as its host, as its creator, or by a role.
    pub fn names(&self, id: &ParticipantId) -> bool {
        self.owners().contains(&Some(id)) || self.roles.contains_key(id)
    }

    /// Those to whom the room belongs: its host, the host that it awaits, and its creator.
    fn owners(&self) -> [Option<&ParticipantId>; 3] {
        [self.host_id.as_ref(), self.former_host_id.as_ref(), Some(&self.creator_id)]
    }

    /// Whether a participant may enter without a grant and without having entered before: everybody if the room is open,
    /// else those to whom it belongs and those whom it made commanders or moderators.
    pub fn is_open_to(&self, id: &ParticipantId) -> bool {
        self.profile.settings.entry == Entry::Open || self.keeps_place_for(id)
    }

    /// How many members the room takes when `id` joins; `None` if as many as the server does. Nobody to whom the room
    /// belongs, or whom it made a commander or moderator, is kept out by it.
    pub fn capacity_for(&self, id: &ParticipantId) -> Option<u32> {
        self.profile.settings.capacity.filter(|_| !self.keeps_place_for(id))
    }

    /// Whether the room belongs to a participant, or made them a commander or moderator.
    fn keeps_place_for(&self, id: &ParticipantId) -> bool {
        self.owners().contains(&Some(id)) || self.roles.get(id).is_some_and(|role| role.moderates())
    }

    /// Checks whether `actor` may let others in with a role, which must be lower than their own; without one, with the
    /// role that others have in an open room.
    pub fn check_admission(&self, actor: &Actor, role: Option<Role>) -> Result<(), Rejection> {
        match self.role_of(actor) {
            Some(own) if own.moderates() && role.is_none_or(|role| own < role) => Ok(()),
            _ => Err(Rejection::Forbidden),
        }
    }

    /// Whether the arrival of a participant changes the room: the host starts the party or ends
    /// the grace period; the former host of a room without a host regains the role.
    pub fn awaits(&self, id: &ParticipantId) -> bool {
        match self.lifecycle.state {
            LifecycleState::Created | LifecycleState::Grace => self.is_host(id),
            LifecycleState::Live => self.is_former_host(id),
            LifecycleState::Expired | LifecycleState::Deleted => false,
        }
    }

    /// Whether the room still accepts commands.
    pub fn is_open(&self) -> bool {
        self.lifecycle.state.is_open()
    }

    /// Whether the room is gone.
    pub fn is_deleted(&self) -> bool {
        self.lifecycle.state == LifecycleState::Deleted
    }

    /// Whether the room appears in the public list.
    pub fn is_listed(&self) -> bool {
        self.profile.is_public && self.is_open()
    }

    /// How long the room may be without a connection before it expires, in milliseconds; `None`
    /// if it doesn't expire for that reason.
    pub fn idle_ms(&self) -> Option<u64> {
        self.lifecycle.state.expires_when_idle().then_some(INACTIVE_MS)
    }

    /// When the room expires if nobody has been connected since `attended`.
    pub fn idle_at(&self, attended: Timestamp) -> Option<Timestamp> {
        self.idle_ms().map(|idle_ms| attended.plus_millis(idle_ms))
    }

    /// Whether the room should expire at `now` if nobody has been connected since `attended`.
    pub fn is_idle(&self, attended: Timestamp, now: Timestamp) -> bool {
        self.idle_at(attended).is_some_and(|idle_at| idle_at <= now)
    }

    /// The next committed deadline.
    pub fn deadline(&self) -> Option<Timestamp> {
        let barrier = self.playback.waiting.as_ref().map(|waiting| waiting.deadline);
        let named = barrier.or_else(|| self.window_end()).filter(|_| self.is_open());
        named.into_iter().chain(self.lifecycle.deadline).min()
    }

    /// When playback reaches the end of a live source's window that its rate takes it to, and goes on
    /// at normal speed.
    pub fn window_end(&self) -> Option<Timestamp> {
        let Playback { status, position, anchor_at, rate, .. } = self.playback;
        let edge = self.live_edge().filter(|_| status == Status::Playing);
        edge.and_then(|edge| edge.met_at(position, anchor_at, rate))
    }

    /// Whether a committed deadline has come at `now`.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    /// Whether the room waits when a participant's player re-buffers: its settings say so, and it
    /// is playing.
    pub fn waits_for_rebuffering(&self) -> bool {
        self.is_open()
            && self.profile.settings.rebuffer_barrier
            && self.playback.status == Status::Playing
    }

    /// The duration of the media, if it is known exactly: an estimate doesn't stop the playhead.
    pub fn duration(&self) -> Option<Position> {
        self.media.as_ref().and_then(|media| media.source.exact_duration())
    }

    /// The edge of the media, if it is live and its players share positions.
    pub fn live_edge(&self) -> Option<LiveEdge> {
        self.media.as_ref().and_then(|media| media.source.live_edge)
    }

    /// The position of the playhead at `now`. While it moves, it stays within a live source's window.
    pub fn expected(&self, now: Timestamp) -> Position {
        let position = self.playback.expected(now, self.duration());
        let edge = self.live_edge().filter(|_| self.playback.status == Status::Playing);
        edge.map_or(position, |edge| edge.nearest(position, now))
    }

    /// The last rebuild as somebody must hear of it who last saw `seen`: `lost` covers every rebuild
    /// since. `None` unless `seen` is of an earlier epoch.
    pub fn rebased_since(&self, seen: Place) -> Option<Rebased> {
        let rebased = self.rebased.filter(|_| seen.epoch < self.epoch)?;
        Some(Rebased { lost: rebased.is_lost_since(seen), ..rebased })
    }

    /// The commit that announces `rebased_since`.
    pub fn rebased_commit(&self, seen: Place) -> Option<Commit> {
        let Rebased { previous_epoch, previous_version, lost, .. } = self.rebased_since(seen)?;
        Some(Commit {
            epoch: self.epoch,
            version: previous_version + 1,
            at: self.at,
            event: Event::Rebased { previous_epoch, previous_version, lost, lifecycle: None },
            op: None,
        })
    }
}
