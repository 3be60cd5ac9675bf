//! The one write path: admit, load, decide, commit; again for as long as another node is first, half a second at
//! most. A decision is made on what this node knows. The store's compare-and-set, or a second look before a refusal, says
//! whether that was the newest.
//!
//! Permission comes before everything that costs something or that others wait for: the room's gate, the
//! facts about its connections, the store. So do the limits, of refused commands and of those that may be
//! committed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use contracts::{ErrorCode, Outcome};
use engine::{
    Actor, Command, CommandKind, Decision, Envelope, Facts, ParticipantId, Place, Request, Role,
    Room, RoomId,
};
use tokio::time::timeout;

use super::find::not_found;
use super::{COMMAND_TIMEOUT, Rooms};
use crate::clock::WallTime;
use crate::hub::RoomHub;
use crate::limit::Asker;
use crate::members::unknown_participant;
use crate::refusal::Refusal;
use crate::store::{CommitOutcome, Elsewhere};

/// What an accepted command is acknowledged with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ack {
    /// The place of its commit, or the room's current place if it changed nothing.
    pub place: Place,
    /// Whether it was committed before, under the same id.
    pub duplicate: bool,
}

impl Rooms {
    /// Decides a request that a user sent, and stores what it changes. A command that names
    /// another participant is refused first by its sender's role (`not_host`, `forbidden`), then if that
    /// participant hasn't joined (`participant_not_found`), and then if the role isn't one that the participant
    /// can have (`invalid_request`).
    #[tracing::instrument(name = "room.handle", level = "debug", skip_all,
        fields(room.id = %room_id, command.kind = request.command.kind().name()))]
    pub async fn handle(
        &self,
        room_id: &RoomId,
        request: &Request,
        from: Asker<'_>,
    ) -> Result<Ack, Refusal> {
        let handle = async {
            let kind = request.command.kind();
            let admitted = self.admit_first(room_id, kind, &request.envelope, from.address);
            if let Some(ack) = admitted.await? {
                return Ok(ack);
            }
            self.limiters.check_command(from)?;
            let Some(participant_id) = named_participant(&request.command) else {
                return self.decide_and_commit(room_id, request).await;
            };
            if gives_power(&request.command) {
                let bans = self.access.bans().check(room_id, participant_id, WallTime::now());
                bans.map_err(|_| unknown_participant())?;
            }
            let base = self.members.find_base(room_id, participant_id).await?;
            check_base(&request.command, base)?;
            self.decide_and_commit(room_id, request).await
        };
        let began = Instant::now();
        let ack = timeout(COMMAND_TIMEOUT, handle).await;
        metrics::histogram!("playhead_commit_seconds").record(began.elapsed());
        ack.unwrap_or_else(|_| Err(Refusal::store_unavailable()))
    }

    /// Checks whether a command of this kind is allowed, before anything costly is done for it. Returns
    /// its ack if it was committed before.
    pub async fn admit(
        &self,
        room_id: &RoomId,
        kind: CommandKind,
        envelope: &Envelope,
        from: IpAddr,
    ) -> Result<Option<Ack>, Refusal> {
        let admitted = self.admit_first(room_id, kind, envelope, from);
        let admitted = timeout(COMMAND_TIMEOUT, admitted).await;
        admitted.unwrap_or_else(|_| Err(Refusal::store_unavailable()))
    }

    /// Admits a command by the room as this node knows it, without waiting for the room's turn. A
    /// rejection is confirmed by the store, unless its sender has had too many of them lately.
    async fn admit_first(
        &self,
        room_id: &RoomId,
        kind: CommandKind,
        envelope: &Envelope,
        from: IpAddr,
    ) -> Result<Option<Ack>, Refusal> {
        let room = self.find(room_id).await?;
        let rejection = match room.admit(kind, envelope) {
            Ok(admitted) => return Ok(admitted.map(duplicate)),
            Err(rejection) => rejection,
        };
        if let Some(sender) = envelope.actor.participant() {
            self.limiters.check_refused(sender, from)?;
        }
        // What this node knows of the room may be out of date.
        match self.find_newer(&room).await? {
            Some(newer) => Ok(newer.admit(kind, envelope)?.map(duplicate)),
            None => Err(rejection.into()),
        }
    }

    /// Handles a command of the server itself, for something that committed state already names. A
    /// rejection is of no consequence: the room has moved on. Returns `false` if the store can't be
    /// reached.
    pub async fn handle_system(&self, room_id: &RoomId, command: Command) -> bool {
        let request = Request::of_system(command);
        let handled = timeout(COMMAND_TIMEOUT, self.decide_and_commit(room_id, &request)).await;
        let Err(refusal) = handled.unwrap_or_else(|_| Err(Refusal::store_unavailable())) else {
            return true;
        };
        let code = refusal.code().name();
        tracing::debug!(room.id = %room_id, rejection.code = code, "system command refused");
        refusal.outcome() != Outcome::Unknown
    }

    pub(super) async fn decide_and_commit(
        &self,
        room_id: &RoomId,
        request: &Request,
    ) -> Result<Ack, Refusal> {
        let hub = self.hub.find(room_id);
        let _turn = match &hub {
            Some(hub) => hub.gate.lock().await,
            None => self.deciding.take(room_id.as_str()).await,
        };
        let mut room = self.find(room_id).await?;
        // Until the caller stops waiting: each time, another node has committed.
        loop {
            let facts = self.facts(hub.as_deref(), &room, request).await?;
            let commit = match room.handle(request, &facts) {
                Ok(Decision::Commit(commit)) => Arc::new(*commit),
                Ok(Decision::Duplicate(place)) => return Ok(Ack { place, duplicate: true }),
                unchanged => {
                    // What this node knows of the room may be out of date.
                    let Some(newer) = self.find_newer(&room).await? else {
                        let place = room.place();
                        return Ok(unchanged.map(|_| Ack { place, duplicate: false })?);
                    };
                    room = newer;
                    continue;
                }
            };
            let place = commit.place();
            match self.store.commit(&room, commit).await? {
                CommitOutcome::Committed => return Ok(Ack { place, duplicate: false }),
                CommitOutcome::Conflict => room = self.find_newest(room_id).await?,
                CommitOutcome::Gone => return Err(not_found()),
            }
        }
    }

    async fn facts(
        &self,
        hub: Option<&RoomHub>,
        room: &Room,
        request: &Request,
    ) -> Result<Facts, Refusal> {
        let now = self.clock.now();
        match (hub, &request.envelope.actor) {
            (hub, Actor::System) => Ok(self.system_facts(hub, room, now).await?),
            (Some(hub), _) => Ok(hub.facts(&Elsewhere::default(), room, now)),
            (None, _) => Ok(Facts { now, ..Facts::default() }),
        }
    }
}

/// Refuses to give a participant the role of another kind of account. Their own, which is `base`, takes what the
/// room has granted back.
fn check_base(command: &Command, base: Role) -> Result<(), Refusal> {
    match command {
        Command::SetRole { role, .. } if !role.is_granted() && *role != base => {
            let detail = match base {
                Role::Member => {
                    "this participant has an account, so the role without a grant is `member`"
                }
                Role::Guest => {
                    "this participant has no account, so the role without a grant is `guest`"
                }
                _ => "this participant's role came with a grant of access; revoke that",
            };
            Err(Refusal::new(ErrorCode::InvalidRequest, detail))
        }
        _ => Ok(()),
    }
}

/// Whether a command gives its participant a role, rather than taking one back.
fn gives_power(command: &Command) -> bool {
    match command {
        Command::SetRole { role, .. } => role.is_granted(),
        _ => true,
    }
}

/// Acknowledges what was committed before.
fn duplicate(place: Place) -> Ack {
    Ack { place, duplicate: true }
}

/// Returns the participant that a command of somebody else names, and who must have joined.
fn named_participant(command: &Command) -> Option<&ParticipantId> {
    match command {
        Command::HostTransfer { to } => Some(to),
        Command::SetRole { participant, .. } => Some(participant),
        _ => None,
    }
}
