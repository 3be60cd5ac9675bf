//! One room's connections on this node: presence, sessions, readiness. Nothing here is authority.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::ws::Utf8Bytes;
use contracts::{CloseCode, Participant};
use engine::{Facts, ParticipantId, Role, Room, RoomId, Timestamp};

use super::{OrderedFrame, Outbox};
use crate::id;
use crate::wire::{self, Viewers};

/// How long a session waits for its client's return, in milliseconds.
const SESSION_MS: u64 = 60_000;
/// Up to how many participants a presence frame names everybody …
const PRESENCE_WHOLE_MAX: usize = 20;
/// … and how many it names beyond. Each connection keeps a buffer as large as its largest frame.
const PRESENCE_FIRST: usize = 8;
/// How often a room waits for a member whose player ran dry, in milliseconds.
const REBUFFER_EVERY_MS: u64 = 30_000;

/// One socket.
#[derive(Debug)]
pub struct Connection {
    /// Unique in its room on this node; rises.
    pub number: u64,
    /// Whose.
    pub participant_id: ParticipantId,
    /// The role held without any grant.
    pub base: Role,
    /// The session it carries on.
    pub session_id: String,
    /// Whether its player announces when it is ready.
    pub ready_capable: bool,
    /// What waits to be written.
    pub outbox: Outbox,
    /// The last round trip in milliseconds, by the server's own ping.
    pub rtt_ms: AtomicU64,
}

/// What a new connection says of itself.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// Whose.
    pub participant_id: ParticipantId,
    /// What the user is called.
    pub display_name: String,
    /// The role held without any grant.
    pub base: Role,
    /// The session to go on with.
    pub resume: Option<String>,
    /// Whether its player announces when it is ready.
    pub ready_capable: bool,
}

#[derive(Debug)]
struct Present {
    display_name: String,
    base: Role,
    connections: usize,
    since: u64,
}

#[derive(Debug)]
struct Barrier {
    since_version: u64,
    missing: HashSet<u64>,
}

#[derive(Debug, Default)]
struct State {
    connections: BTreeMap<u64, std::sync::Arc<Connection>>,
    present: HashMap<ParticipantId, Present>,
    /// Sessions whose connection is gone, with the time until which they wait.
    sessions: HashMap<String, (ParticipantId, Timestamp)>,
    barrier: Option<Barrier>,
    rebuffered: Option<Timestamp>,
    numbers: u64,
    peak: u64,
    empty_since: Timestamp,
}

/// One room's connections on this node.
#[derive(Debug)]
pub struct RoomHub {
    /// Which room.
    pub room_id: RoomId,
    /// Held while a command is decided and stored, so that this node's writers don't conflict.
    pub gate: tokio::sync::Mutex<()>,
    // A std mutex: never held across an await.
    state: Mutex<State>,
}

impl RoomHub {
    pub(super) fn new(room_id: RoomId, now: Timestamp) -> Self {
        let state = State { empty_since: now, ..State::default() };
        Self { room_id, gate: tokio::sync::Mutex::new(()), state: Mutex::new(state) }
    }

    /// Adds a connection, unless the participant has `max` already. Tells whether its session was
    /// kept and whether it is the participant's first connection.
    pub fn attach(
        &self,
        new: NewConnection,
        max: usize,
    ) -> Option<(std::sync::Arc<Connection>, bool, bool)> {
        let mut state = self.lock();
        let number = state.numbers + 1;
        let kept = new.resume.filter(|session_id| state.keeps(session_id, &new.participant_id));
        let present = state.present.entry(new.participant_id.clone()).or_insert_with(|| Present {
            display_name: new.display_name.clone(),
            base: new.base,
            connections: 0,
            since: number,
        });
        if present.connections >= max {
            return None;
        }
        present.connections += 1;
        present.display_name = new.display_name;
        let first = present.connections == 1;
        state.numbers = number;
        state.peak = state.peak.max(state.present.len() as u64);
        if let Some(session_id) = &kept {
            state.sessions.remove(session_id);
            // A client comes back before its dead socket is noticed.
            for old in state.connections.values().filter(|old| old.session_id == *session_id) {
                old.outbox.close(CloseCode::SESSION_REPLACED);
            }
        }
        let resumed = kept.is_some();
        let connection = std::sync::Arc::new(Connection {
            number,
            participant_id: new.participant_id,
            base: new.base,
            session_id: kept.unwrap_or_else(id::session_id),
            ready_capable: new.ready_capable,
            outbox: Outbox::default(),
            rtt_ms: AtomicU64::new(0),
        });
        state.connections.insert(number, connection.clone());
        Some((connection, resumed, first))
    }

    /// Removes a connection; its session waits unless the participant left. Gives the barrier that
    /// nobody holds up any more.
    pub fn detach(&self, connection: &Connection, left: bool, now: Timestamp) -> Option<u64> {
        let mut state = self.lock();
        state.connections.remove(&connection.number)?;
        let participant_id = &connection.participant_id;
        if let Some(present) = state.present.get_mut(participant_id) {
            present.connections -= 1;
            if present.connections == 0 {
                state.present.remove(participant_id);
            }
        }
        if state.connections.is_empty() {
            state.empty_since = now;
        }
        let replaced = state.connections.values().any(|c| c.session_id == connection.session_id);
        if !left && !replaced {
            let until = now.plus_millis(SESSION_MS);
            state.sessions.insert(connection.session_id.clone(), (participant_id.clone(), until));
        }
        state.release(connection.number)
    }

    /// A frame to every connection.
    pub fn publish(&self, frame: &OrderedFrame) {
        for connection in self.lock().connections.values() {
            connection.outbox.push(frame);
        }
    }

    /// Who and how many are here, to every connection.
    pub fn publish_presence(&self, room: &Room) {
        let viewers = self.viewers();
        let whole = viewers.count <= PRESENCE_WHOLE_MAX as u64;
        let names = if whole { PRESENCE_WHOLE_MAX } else { PRESENCE_FIRST };
        let names = self.participants(room, 0, names);
        let presence: Utf8Bytes = wire::text(&wire::presence(names, viewers.count));
        let count: Utf8Bytes = wire::text(&wire::viewer_count(viewers));
        for connection in self.lock().connections.values() {
            connection.outbox.set_presence(&presence);
            connection.outbox.set_viewers(&count);
        }
    }

    /// Closes every connection after what is on its way.
    pub fn close_all(&self, code: CloseCode) {
        for connection in self.lock().connections.values() {
            connection.outbox.close(code);
        }
    }

    /// Closes every connection of one participant but `except`.
    pub fn close_participant(&self, participant_id: &ParticipantId, except: u64, code: CloseCode) {
        for connection in self.lock().connections.values() {
            if connection.participant_id == *participant_id && connection.number != except {
                connection.outbox.close(code);
            }
        }
    }

    /// How many participants are here.
    pub fn viewers(&self) -> Viewers {
        let state = self.lock();
        Viewers { count: state.present.len() as u64, peak: state.peak }
    }

    /// Whether a participant has a connection.
    pub fn is_present(&self, participant_id: &ParticipantId) -> bool {
        self.lock().present.contains_key(participant_id)
    }

    /// How long nobody has been connected, in milliseconds; `None` if somebody is.
    pub fn empty_for_ms(&self, now: Timestamp) -> Option<u64> {
        let state = self.lock();
        state.connections.is_empty().then(|| now.millis_since(state.empty_since))
    }

    /// Connected participants, the host first, then the longest connected.
    pub fn participants(&self, room: &Room, skip: usize, take: usize) -> Vec<Participant> {
        let state = self.lock();
        let mut all: Vec<_> = state.present.iter().collect();
        let is_host = |id: &ParticipantId| room.host_id.as_ref() == Some(id);
        all.sort_unstable_by_key(|(id, present)| (!is_host(id), present.since));
        let shown = all.into_iter().skip(skip).take(take);
        let participant = |(id, present): (&ParticipantId, &Present)| Participant {
            participant_id: id.to_string(),
            display_name: present.display_name.clone(),
            role: wire::participant_role(room.role_of_participant(id, present.base)),
        };
        shown.map(participant).collect()
    }

    /// What a decision needs to know of the connections.
    pub fn facts(&self, room: &Room, now: Timestamp) -> Facts {
        let state = self.lock();
        let capable = state.connections.values().filter(|connection| connection.ready_capable);
        let mut ready_capable: Vec<ParticipantId> = Vec::new();
        let mut seen = HashSet::new();
        let mut rtt_ms_max = 0;
        for connection in capable {
            rtt_ms_max = rtt_ms_max.max(connection.rtt_ms.load(Ordering::Relaxed));
            if seen.insert(&connection.participant_id) {
                ready_capable.push(connection.participant_id.clone());
            }
        }
        let mut co_hosts: Vec<_> = state
            .present
            .iter()
            .filter(|(id, present)| room.role_of_participant(id, present.base) == Role::CoHost)
            .map(|(id, present)| (present.since, id.clone()))
            .collect();
        co_hosts.sort_unstable();
        let co_hosts = co_hosts.into_iter().map(|(_, id)| id).collect();
        let connections = state.connections.len();
        Facts { now, ready_capable, rtt_ms_max, connections, co_hosts }
    }

    /// A commit entered a wait: everybody connected with a player that announces is waited for.
    /// Gives the barrier back if nobody is.
    pub fn begin_wait(&self, since_version: u64) -> Option<u64> {
        let mut state = self.lock();
        let missing: HashSet<u64> =
            state.connections.values().filter(|c| c.ready_capable).map(|c| c.number).collect();
        let nobody = missing.is_empty();
        state.barrier = (!nobody).then_some(Barrier { since_version, missing });
        nobody.then_some(since_version)
    }

    /// A commit ended the wait, whatever it was.
    pub fn end_wait(&self) {
        self.lock().barrier = None;
    }

    /// A player is ready for a barrier. Gives the barrier that nobody holds up any more.
    pub fn ready(&self, connection: &Connection, since_version: u64) -> Option<u64> {
        let mut state = self.lock();
        state.barrier.as_ref().filter(|barrier| barrier.since_version == since_version)?;
        state.release(connection.number)
    }

    /// Whether a member whose player ran dry may make the room wait now. Members that take turns
    /// would hold a room for ever if each were counted alone.
    pub fn may_rebuffer(&self, now: Timestamp) -> bool {
        let mut state = self.lock();
        let may = state.rebuffered.is_none_or(|last| now.millis_since(last) >= REBUFFER_EVERY_MS);
        if may {
            state.rebuffered = Some(now);
        }
        may
    }

    /// Forgets sessions that ran out.
    pub fn sweep(&self, now: Timestamp) {
        let mut state = self.lock();
        state.sessions.retain(|_, (_, until)| *until > now);
        state.sessions.shrink_to_fit();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("not poisoned")
    }
}

impl State {
    /// Whether a session of this participant waits for its return or is still connected.
    fn keeps(&self, session_id: &str, participant_id: &ParticipantId) -> bool {
        let waits = self.sessions.get(session_id).map(|(participant, _)| participant);
        let mut connected = self.connections.values().filter(|c| c.session_id == session_id);
        waits == Some(participant_id) || connected.any(|c| c.participant_id == *participant_id)
    }

    fn release(&mut self, number: u64) -> Option<u64> {
        let barrier = self.barrier.as_mut()?;
        barrier.missing.remove(&number);
        if !barrier.missing.is_empty() {
            return None;
        }
        self.barrier.take().map(|barrier| barrier.since_version)
    }
}
