//! The laws of a store, with which every store is tested. A law that is broken panics.
//!
//! Each law creates rooms of its own, named after the run and the law, so that laws don't affect each
//! other. News may arrive after the answer of the operation that they are about.

mod bus;
mod members;
mod rooms;

use std::sync::Arc;
use std::time::Duration;

use engine::{
    Actor, ChatSettings, Command, Commit, Decision, Entry, Envelope, Facts, HostLoss,
    LifecycleState, NewRoom, Op, ParticipantId, PlaybackControl, Profile, Request, Role, Room,
    RoomId, RoomPatch, Settings, Timestamp,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{
    CommitOutcome, LifeSigns, Member, News, Notice, PresenceUpdate, Present, Published, Store,
};

/// When the rooms of the laws are created. A store with a clock of its own accepts a commit whose time
/// differs from it only at the time of the room itself, so nothing in most laws happens later.
pub const NOW: Timestamp = Timestamp::from_millis(3_900_000_000_000);
/// How long a law waits for news. No law depends on how soon they arrive.
const NEWS_TIMEOUT: Duration = Duration::from_secs(10);
/// Later than `NOW`.
const LATE: Timestamp = Timestamp::from_millis(4_000_000_000_000);

/// Checks the laws of every store. The names of the rooms begin with `run`, so that several runs can use
/// one store.
pub async fn all(store: &dyn Store, run: &str) {
    let laws = Laws { store, run };
    laws.a_created_room_is_found().await;
    laws.a_taken_id_or_code_is_an_error().await;
    laws.commits_are_stored_and_published_in_order().await;
    laws.a_followed_room_is_known_once_its_news_arrive().await;
    laws.only_a_commit_to_the_newest_room_is_stored().await;
    laws.of_two_simultaneous_commits_one_wins().await;
    laws.a_dropped_commit_is_never_half_stored().await;
    laws.a_deleted_room_leaves_nothing_behind().await;
    laws.members_are_kept_up_to_a_limit().await;
    laws.a_member_who_is_removed_is_none_and_makes_room_for_another().await;
    laws.a_ticket_is_valid_once_until_it_expires().await;
    laws.a_lease_is_renewed_and_ended().await;
    laws.only_public_rooms_are_listed().await;
}

/// Checks the laws of a store that has no clock of its own.
pub async fn at_any_time(store: &dyn Store, run: &str) {
    let laws = Laws { store, run };
    laws.rooms_are_due_by_deadline_and_by_lease().await;
    laws.an_idle_room_is_due().await;
}

/// The laws on one store.
#[derive(Clone, Copy, Debug)]
pub struct Laws<'a> {
    /// The store.
    pub store: &'a dyn Store,
    /// What the names of the rooms begin with.
    pub run: &'a str,
}

impl Laws<'_> {
    fn room(&self, name: &str) -> Room {
        room(&format!("{}{name}", self.run))
    }

    async fn create(&self, name: &str) -> Room {
        let room = self.room(name);
        self.store.create(room.clone()).await.expect("created");
        room
    }

    async fn follow(&self, room: &Room) -> mpsc::Receiver<News> {
        let news = self.store.subscribe();
        self.store.follow(&room.room_id).await.expect("followed");
        news
    }

    /// Connects a participant, as far as a store that nodes share knows.
    async fn is_present(&self, room_id: &RoomId, id: &str) {
        let Member { participant_id, display_name, base, .. } = member(id);
        let (named_at_ms, since, connections, ready_capable) = (0, NOW, 1, false);
        let present = Present {
            participant_id,
            display_name,
            named_at_ms,
            base,
            since,
            connections,
            ready_capable,
        };
        let update = PresenceUpdate { came: vec![present], ..PresenceUpdate::default() };
        self.store.tell(room_id, Notice::Presence(update)).await.expect("told");
    }

    async fn lists(&self, room_id: &RoomId) -> bool {
        let listed = self.store.list_public().await.expect("answered");
        listed.iter().filter(|listed| listed.room.room_id == *room_id).count() == 1
    }

    /// Asserts that the next news of the room are those of a commit made now.
    async fn nothing_else_is_published(&self, news: &mut mpsc::Receiver<News>, room: &Room) {
        let last = rename(room, "last");
        assert_eq!(put(self.store, room, &last).await, CommitOutcome::Committed);
        assert_eq!(*next(news, &room.room_id).await.commit, last, "each is published once");
    }
}

/// Makes the room of a law. Its code is `name`, its id `name` after `r_`.
pub fn room(name: &str) -> Room {
    room_at(name, NOW)
}

/// Makes such a room that was created at `now`.
pub fn room_at(name: &str, now: Timestamp) -> Room {
    let settings = Settings {
        host_loss: HostLoss::Expire,
        host_grace_ms: 120_000,
        host_lease_ms: 15_000,
        rebuffer_barrier: false,
        playback_control: PlaybackControl::Hosts,
        entry: Entry::Open,
        capacity: None,
    };
    let chat = ChatSettings { enabled: true, slow_mode_ms: 0 };
    let new = NewRoom {
        room_id: RoomId::new(format!("r_{name}")),
        code: name.to_owned(),
        creator_id: host(),
        profile: Profile {
            name: "Party".to_owned(),
            is_public: true,
            language: None,
            tags: Vec::new(),
            settings,
            chat,
        },
        epoch: 1,
    };
    Room::new(new, now)
}

/// Returns the host of every room of the laws.
pub fn host() -> ParticipantId {
    ParticipantId::new("p_host")
}

/// Decides that the host renames a room.
pub fn rename(room: &Room, name: &str) -> Commit {
    let patch = RoomPatch { name: Some(name.to_owned()), ..RoomPatch::default() };
    let request = rename_request(room.version, patch);
    decided(room, &request, NOW)
}

/// Makes a member with this id.
pub fn member(id: &str) -> Member {
    Member {
        participant_id: ParticipantId::new(id),
        user_id: format!("u_{id}"),
        display_name: format!("Name of {id}"),
        base: Role::Guest,
    }
}

/// Deletes a room by carrying out its deadlines. Returns the room as it was published last.
pub async fn delete(store: &dyn Store, room_id: &RoomId) -> Room {
    let mut room = Room::clone(&*newest(store, room_id).await);
    while room.lifecycle.state != LifecycleState::Deleted {
        let now = room.deadline().expect("an open room of the laws has a deadline");
        let commit = command(&room, &Command::Deadline, now);
        assert_eq!(put(store, &room, &commit).await, CommitOutcome::Committed);
        room.apply(&commit);
    }
    room
}

/// Ends a room by carrying out its deadline.
pub async fn end(store: &dyn Store, room_id: &RoomId) {
    let room = newest(store, room_id).await;
    let now = room.deadline().expect("an open room of the laws has a deadline");
    let commit = command(&room, &Command::Deadline, now);
    assert_eq!(put(store, &room, &commit).await, CommitOutcome::Committed);
}

fn rename_request(version: u64, patch: RoomPatch) -> Request {
    let op = Op { participant_id: host(), id: format!("c{version}"), payload_hash: version };
    let actor = Actor::Participant { id: host(), base: Role::Member };
    let envelope = Envelope { op: Some(op), ..Envelope::of(actor) };
    Request { envelope, command: Command::ChangeRoom(patch) }
}

fn command(room: &Room, command: &Command, now: Timestamp) -> Commit {
    decided(room, &Request::of_system(command.clone()), now)
}

fn decided(room: &Room, request: &Request, now: Timestamp) -> Commit {
    match room.handle(request, &Facts { now, ..Facts::default() }) {
        Ok(Decision::Commit(commit)) => *commit,
        decision => panic!("{decision:?}"),
    }
}

fn after(room: &Room, commit: &Commit) -> Room {
    let mut room = room.clone();
    room.apply(commit);
    room
}

/// Decides that the host connects.
fn connect_host(room: &Room) -> Commit {
    command(room, &Command::Connected { participant: host() }, NOW)
}

async fn newest(store: &dyn Store, room_id: &RoomId) -> Arc<Room> {
    store.load_newest(room_id).await.expect("answered").expect("the room is there")
}

async fn put(store: &dyn Store, room: &Room, commit: &Commit) -> CommitOutcome {
    let (room, commit) = (Arc::new(room.clone()), Arc::new(commit.clone()));
    store.commit(&room, commit).await.expect("answered")
}

/// Returns the next commit of a room in the news.
async fn next(news: &mut mpsc::Receiver<News>, room_id: &RoomId) -> Published {
    let next = async {
        loop {
            match news.recv().await.expect("the store is open") {
                News::Commit(published) if published.room.room_id == *room_id => return published,
                News::Reset(room) if room.room_id == *room_id => panic!("reset: {room:?}"),
                _ => {}
            }
        }
    };
    timeout(NEWS_TIMEOUT, next).await.expect("news in time")
}

async fn signs(store: &dyn Store, room_id: &RoomId) -> LifeSigns {
    store.life_signs(room_id).await.expect("answered")
}

async fn add(store: &dyn Store, room_id: &RoomId, id: &str, max: usize, present: &[&str]) -> bool {
    let is_present = |id: &ParticipantId| present.contains(&id.as_str());
    store.add_member(room_id, member(id), max, &is_present).await.expect("answered")
}

async fn find(store: &dyn Store, room_id: &RoomId, id: &str) -> Option<Member> {
    store.find_member(room_id, &ParticipantId::new(id)).await.expect("answered")
}

async fn due(store: &dyn Store, now: Timestamp) -> Vec<RoomId> {
    store.list_due(now, 1_000).await.expect("answered")
}
