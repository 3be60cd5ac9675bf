//! The one write path: load, decide, commit; at most five times, within half a second. It decides
//! on what this node knows; the store's compare-and-set, or a second look before a refusal, says
//! whether that was the newest.

mod create;
mod deadlines;
mod dispatch;
mod follow;
mod guard;
mod presence;
mod set_media;
mod spread;

use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::{ErrorCode, Outcome};
use engine::{
    Actor, Command, CommandKind, Decision, Envelope, Facts, Place, Request, Room, RoomId,
};
use providers::Registry;
use tokio::time::timeout;

use crate::clock::RoomClock;
use crate::config::LimitConfig;
use crate::hub::{Hub, RoomHub};
use crate::refusal::Refusal;
use crate::sql::Sql;
use crate::store::{CommitOutcome, Elsewhere, RoomStore};

pub use create::RoomSpec;
pub use guard::count_panic;
pub use set_media::MediaChoice;

/// How long a command may take before its outcome is called unknown.
const COMMAND_TIMEOUT: Duration = Duration::from_millis(500);
/// How often a decision is made anew because another node was first.
const CONFLICTS_MAX: usize = 5;

/// Everything that changes rooms.
pub struct Rooms {
    store: Arc<dyn RoomStore>,
    sql: Arc<Sql>,
    hub: Arc<Hub>,
    clock: RoomClock,
    providers: Arc<Registry>,
    limits: LimitConfig,
}

/// A command that took effect, or was already so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Done {
    /// The epoch of its commit, or the current one.
    pub epoch: u64,
    /// The version of its commit, or the current one.
    pub version: u64,
    /// Whether it was committed before, under the same id.
    pub duplicate: bool,
}

impl Rooms {
    /// Rooms over a store.
    pub fn new(
        store: Arc<dyn RoomStore>,
        sql: Arc<Sql>,
        hub: Arc<Hub>,
        clock: RoomClock,
        providers: Arc<Registry>,
        limits: LimitConfig,
    ) -> Self {
        Self { store, sql, hub, clock, providers, limits }
    }

    /// A room that exists.
    pub async fn find(&self, room_id: &RoomId) -> Result<Arc<Room>, Refusal> {
        let room = timeout(COMMAND_TIMEOUT, self.store.load(room_id)).await;
        let room = room.map_err(|_| Refusal::store_unavailable())??;
        room.ok_or_else(not_found)
    }

    /// Decides a request and stores what it makes.
    #[tracing::instrument(name = "room.handle", level = "debug", skip_all,
        fields(room.id = %room_id, command.kind = request.command.kind().name()))]
    pub async fn handle(&self, room_id: &RoomId, request: &Request) -> Result<Done, Refusal> {
        let began = Instant::now();
        let done = timeout(COMMAND_TIMEOUT, self.decide_and_commit(room_id, request)).await;
        metrics::histogram!("playhead_commit_seconds").record(began.elapsed());
        done.unwrap_or_else(|_| Err(Refusal::store_unavailable()))
    }

    /// Whether a command was committed before, and if not, whether it is allowed as things stand:
    /// to be asked before anything costly is done for it.
    pub async fn admit(
        &self,
        room_id: &RoomId,
        kind: CommandKind,
        envelope: &Envelope,
    ) -> Result<Option<Done>, Refusal> {
        let admitted = async {
            let room = self.find(room_id).await?;
            let refused = match admit(&room, kind, envelope) {
                Ok(admitted) => return Ok(admitted),
                Err(refusal) => refusal,
            };
            // What this node knows of the room may be behind.
            match self.newer(&room).await? {
                Some(newer) => admit(&newer, kind, envelope),
                None => Err(refused),
            }
        };
        let admitted = timeout(COMMAND_TIMEOUT, admitted).await;
        admitted.unwrap_or_else(|_| Err(Refusal::store_unavailable()))
    }

    /// A command of the server itself, for what committed state already names. Refusals are moot:
    /// the room has moved on. `false` if the store can't be reached.
    pub async fn handle_system(&self, room_id: &RoomId, command: Command) -> bool {
        let request = Request::of_system(command);
        let Err(refusal) = self.handle(room_id, &request).await else { return true };
        tracing::debug!(room.id = %room_id, rejection.code = refusal.code().name(), "not carried out");
        refusal.outcome() != Outcome::Unknown
    }

    async fn decide_and_commit(
        &self,
        room_id: &RoomId,
        request: &Request,
    ) -> Result<Done, Refusal> {
        let here = self.hub.find(room_id);
        let _turn = match &here {
            Some(hub) => Some(hub.gate.lock().await),
            None => None,
        };
        let mut room = self.find(room_id).await?;
        for _ in 0..CONFLICTS_MAX {
            let facts = self.facts(here.as_deref(), &room, request).await?;
            let commit = match room.handle(request, &facts) {
                Ok(Decision::Commit(commit)) => Arc::new(*commit),
                Ok(Decision::Duplicate(place)) => return Ok(duplicate(place)),
                answer => {
                    // What this node knows of the room may be behind.
                    let Some(newer) = self.newer(&room).await? else {
                        let (epoch, version) = (room.epoch, room.version);
                        return Ok(answer.map(|_| Done { epoch, version, duplicate: false })?);
                    };
                    room = newer;
                    continue;
                }
            };
            let (epoch, version) = (commit.epoch, commit.version);
            match self.store.commit(&room, commit).await? {
                CommitOutcome::Committed => return Ok(Done { epoch, version, duplicate: false }),
                CommitOutcome::Conflict => room = self.find_newest(room_id).await?,
                CommitOutcome::Gone => return Err(not_found()),
            }
        }
        Err(Refusal::store_unavailable())
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

    /// The newest durable state of a room, if it isn't `room`.
    async fn newer(&self, room: &Room) -> Result<Option<Arc<Room>>, Refusal> {
        let newest = self.find_newest(&room.room_id).await?;
        Ok((newest.place() != room.place()).then_some(newest))
    }

    /// The newest durable state of a room.
    pub async fn find_newest(&self, room_id: &RoomId) -> Result<Arc<Room>, Refusal> {
        self.store.load_newest(room_id).await?.ok_or_else(not_found)
    }
}

/// Whether a command was committed before, and if not, whether `room` allows it.
fn admit(room: &Room, kind: CommandKind, envelope: &Envelope) -> Result<Option<Done>, Refusal> {
    Ok(room.admit(kind, envelope)?.map(duplicate))
}

fn not_found() -> Refusal {
    Refusal::new(ErrorCode::RoomNotFound, "there is no such room")
}

fn duplicate(place: Place) -> Done {
    Done { epoch: place.epoch, version: place.version, duplicate: true }
}
