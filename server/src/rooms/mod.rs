//! The one write path: load, decide, commit; at most five times, within half a second.

mod create;
mod deadlines;
mod dispatch;
mod set_media;

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Actor, Answer, Command, Request, Room, RoomId};
use providers::Registry;
use tokio::time::timeout;

use crate::clock::RoomClock;
use crate::hub::Hub;
use crate::refusal::Refusal;
use crate::sql::Sql;
use crate::store::{CommitOutcome, RoomStore};

pub use create::RoomSpec;
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
    rooms_max: usize,
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
        rooms_max: usize,
    ) -> Self {
        Self { store, sql, hub, clock, providers, rooms_max }
    }

    /// A room that exists.
    pub async fn find(&self, room_id: &RoomId) -> Result<Arc<Room>, Refusal> {
        let room = timeout(COMMAND_TIMEOUT, self.store.load(room_id)).await;
        let room = room.map_err(|_| Refusal::store_unavailable())??;
        room.ok_or_else(|| Refusal::new("room_not_found", "there is no such room"))
    }

    /// Decides a request and stores what it makes.
    #[tracing::instrument(name = "room.handle", level = "debug", skip_all,
        fields(room.id = %room_id, command.kind = kind(&request.command)))]
    pub async fn handle(&self, room_id: &RoomId, request: &Request) -> Result<Done, Refusal> {
        let began = Instant::now();
        let done = timeout(COMMAND_TIMEOUT, self.decide_and_commit(room_id, request)).await;
        metrics::histogram!("playhead_commit_seconds").record(began.elapsed());
        done.unwrap_or_else(|_| Err(Refusal::store_unavailable()))
    }

    /// Whether a request was committed before, and if not, whether it is allowed as things stand:
    /// to be asked before anything costly is done for it.
    pub async fn admit(
        &self,
        room_id: &RoomId,
        request: &Request,
    ) -> Result<Option<Done>, Refusal> {
        let room = self.find(room_id).await?;
        if let Some(known) = room.recall(request.op.as_ref())? {
            let (epoch, version) = (known.epoch, known.version);
            return Ok(Some(Done { epoch, version, duplicate: true }));
        }
        room.admit(request)?;
        Ok(None)
    }

    /// A command of the server itself, for what committed state already names. Refusals are moot:
    /// the room has moved on.
    pub async fn handle_system(&self, room_id: &RoomId, command: Command) {
        let request = system(command);
        if let Err(refusal) = self.handle(room_id, &request).await {
            tracing::debug!(room.id = %room_id, rejection.code = refusal.code(), "not carried out");
        }
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
        for _ in 0..CONFLICTS_MAX {
            let room = self.find(room_id).await?;
            let now = self.clock.now();
            let facts = match &here {
                Some(hub) => hub.facts(&room, now),
                None => engine::Facts { now, ..engine::Facts::default() },
            };
            let commit = match room.handle(request, &facts)? {
                Answer::Duplicate { epoch, version } => {
                    return Ok(Done { epoch, version, duplicate: true });
                }
                Answer::Unchanged => {
                    let (epoch, version) = (room.epoch, room.version);
                    return Ok(Done { epoch, version, duplicate: false });
                }
                Answer::Commit(commit) => Arc::new(*commit),
            };
            let (epoch, version) = (commit.epoch, commit.version);
            match self.store.commit(room_id, commit).await? {
                CommitOutcome::Committed => return Ok(Done { epoch, version, duplicate: false }),
                CommitOutcome::Conflict => {}
                CommitOutcome::Gone => {
                    return Err(Refusal::new("room_not_found", "there is no such room"));
                }
            }
        }
        Err(Refusal::store_unavailable())
    }
}

/// A request of the server itself.
fn system(command: Command) -> Request {
    Request { actor: Actor::System, command, op: None, expected_version: None, fence: None }
}

/// The name of a command, for logs and metrics.
pub fn kind(command: &Command) -> &'static str {
    match command {
        Command::Play => "play",
        Command::Pause => "pause",
        Command::Seek { .. } => "seek",
        Command::SetRate { .. } => "set_rate",
        Command::ChangeQuality { .. } => "change_quality",
        Command::ChangeSubtitle { .. } => "change_subtitle",
        Command::ChangeAudio { .. } => "change_audio",
        Command::SetMedia { .. } => "set_media",
        Command::Ended { .. } => "ended",
        Command::HostTransfer { .. } => "host_transfer",
        Command::SetRole { .. } => "set_role",
        Command::ChangeRoom(_) => "change_room",
        Command::Delete => "delete",
        Command::StartReady { .. } => "start_ready",
        Command::Rebuffer => "rebuffer",
        Command::Connected { .. } => "connected",
        Command::HostLost => "host_lost",
        Command::Idle => "idle",
        Command::Deadline => "deadline",
        Command::Rebase { .. } => "rebase",
    }
}
