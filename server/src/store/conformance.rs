//! The laws of a `RoomStore`. Every store is tested with them; a law that is broken panics.
//!
//! Each law makes rooms of its own, named after the run and the law, so that all of them hold side
//! by side. News may come after the answer that they are about.

use std::sync::Arc;
use std::time::Duration;

use engine::{
    Actor, ChatSettings, Command, Commit, Decision, Envelope, Facts, HostLoss, INACTIVE_MS,
    Lifecycle, LifecycleState, NewRoom, Op, ParticipantId, Profile, Request, Role, Room, RoomId,
    RoomPatch, Settings, Timestamp,
};
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{
    CommitOutcome, LifeSigns, Member, News, PresenceUpdate, Present, Published, RoomStore,
};
use crate::auth::{Caller, Ticket};

/// When the rooms of the laws are made: later than any test runs, for a store with a time of its own
/// takes a commit from another only if the room was there already.
pub const NOW: Timestamp = Timestamp::from_millis(3_900_000_000_000);
/// How long a law waits for news. No law depends on how soon they come.
const NEWS_TIMEOUT: Duration = Duration::from_secs(10);
/// Later than `NOW`.
const LATE: Timestamp = Timestamp::from_millis(4_000_000_000_000);

/// The laws of every store. `run` begins the names of the rooms, so that runs on one store don't
/// meet. Nothing in them happens after the rooms were made: a store that has a time of its own lets
/// no commit come from another.
pub async fn all(store: &dyn RoomStore, run: &str) {
    let laws = Laws { store, run };
    laws.a_created_room_is_there().await;
    laws.a_taken_id_or_code_is_an_error().await;
    laws.a_commit_is_made_so_and_published_in_order().await;
    laws.a_followed_room_is_known_once_its_news_came().await;
    laws.only_a_commit_to_the_newest_room_is_made().await;
    laws.of_two_commits_at_once_one_wins().await;
    laws.a_dropped_commit_is_never_half_stored().await;
    laws.a_deleted_room_leaves_nothing_behind().await;
    laws.members_are_kept_up_to_a_limit().await;
    laws.a_ticket_is_good_once_and_for_its_time().await;
    laws.a_lease_is_renewed_and_ended().await;
    laws.open_rooms_are_listed_if_they_are_public().await;
}

/// The laws of a store whose time is what the caller says.
pub async fn at_any_time(store: &dyn RoomStore, run: &str) {
    let laws = Laws { store, run };
    laws.rooms_are_due_by_deadline_and_by_lease().await;
    laws.a_room_that_nobody_attends_is_due().await;
}

/// The laws on one store.
#[derive(Clone, Copy, Debug)]
pub struct Laws<'a> {
    /// The store.
    pub store: &'a dyn RoomStore,
    /// Begins the names of the rooms.
    pub run: &'a str,
}

impl Laws<'_> {
    /// `create`, `load`, `load_newest`, `find_code`.
    pub async fn a_created_room_is_there(&self) {
        let store = self.store;
        let made = self.create("created").await;
        assert_eq!(*newest(store, &made.room_id).await, made);
        assert_eq!(*store.load(&made.room_id).await.expect("answered").expect("known"), made);
        let found = store.find_code(&made.code).await.expect("answered");
        assert_eq!(found, Some(made.room_id));

        let unknown = self.room("unknown");
        assert!(store.load(&unknown.room_id).await.expect("answered").is_none());
        assert!(store.load_newest(&unknown.room_id).await.expect("answered").is_none());
        assert_eq!(store.find_code(&unknown.code).await.expect("answered"), None);
    }

    /// `create`: a `room_id` or `code` that is taken is an error, and changes nothing.
    pub async fn a_taken_id_or_code_is_an_error(&self) {
        let store = self.store;
        let first = self.create("taken").await;
        let another = self.room("another");
        let same_id = Room { code: another.code.clone(), ..first.clone() };
        store.create(same_id).await.expect_err("the id is taken");
        assert_eq!(store.find_code(&another.code).await.expect("answered"), None);

        let same_code = Room { room_id: another.room_id, ..first.clone() };
        store.create(same_code.clone()).await.expect_err("the code is taken");
        assert!(store.load_newest(&same_code.room_id).await.expect("answered").is_none());
        assert_eq!(*newest(store, &first.room_id).await, first);
        assert_eq!(store.find_code(&first.code).await.expect("answered"), Some(first.room_id));
    }

    /// `commit`, `subscribe`: durable before `Committed`; published once each, in order.
    pub async fn a_commit_is_made_so_and_published_in_order(&self) {
        let store = self.store;
        let mut room = self.create("published").await;
        let mut news = self.follow(&room).await;
        let mut commits = Vec::new();
        for name in ["one", "two", "three"] {
            let commit = rename(&room, name);
            assert_eq!(put(store, &room, &commit).await, CommitOutcome::Committed);
            room.apply(&commit);
            assert_eq!(*newest(store, &room.room_id).await, room);
            commits.push((commit, room.clone()));
        }
        for (commit, room) in commits {
            let published = next(&mut news, &room.room_id).await;
            assert_eq!(*published.commit, commit);
            assert_eq!(*published.room, room);
        }
        self.nothing_else_is_published(&mut news, &room).await;
    }

    /// `follow`, `load`: what the news told is in `load`, and `load_newest` never waits for it.
    pub async fn a_followed_room_is_known_once_its_news_came(&self) {
        let store = self.store;
        let mut room = self.create("known").await;
        let before = rename(&room, "before");
        assert_eq!(put(store, &room, &before).await, CommitOutcome::Committed);
        room.apply(&before);
        let mut news = self.follow(&room).await;
        let loaded = store.load(&room.room_id).await.expect("answered").expect("known");
        assert_eq!(*loaded, room, "what was committed before is known");

        let commit = rename(&room, "after");
        assert_eq!(put(store, &room, &commit).await, CommitOutcome::Committed);
        room.apply(&commit);
        assert_eq!(*newest(store, &room.room_id).await, room);
        next(&mut news, &room.room_id).await;
        let loaded = store.load(&room.room_id).await.expect("answered").expect("known");
        assert_eq!(*loaded, room);
        store.unfollow(&room.room_id).await;
        assert_eq!(*newest(store, &room.room_id).await, room);
    }

    /// `commit`: `Conflict` unless the room is as it was, `Gone` without a room.
    pub async fn only_a_commit_to_the_newest_room_is_made(&self) {
        let store = self.store;
        let first = self.create("next").await;
        let second = after(&first, &rename(&first, "second"));
        let mut news = self.follow(&first).await;
        assert_eq!(put(store, &first, &rename(&first, "second")).await, CommitOutcome::Committed);
        next(&mut news, &first.room_id).await;

        let behind = first.clone();
        let ahead = after(&second, &rename(&second, "ahead"));
        let elsewhere = Room { epoch: second.epoch + 1, ..second.clone() };
        for other in [&behind, &ahead, &elsewhere] {
            let commit = rename(other, "renamed");
            assert_eq!(put(store, other, &commit).await, CommitOutcome::Conflict);
        }
        assert_eq!(*newest(store, &first.room_id).await, second);
        let unknown = self.room("unknown");
        let commit = rename(&unknown, "renamed");
        assert_eq!(put(store, &unknown, &commit).await, CommitOutcome::Gone);
        self.nothing_else_is_published(&mut news, &second).await;
    }

    /// `commit`: of two to the same room exactly one is stored.
    pub async fn of_two_commits_at_once_one_wins(&self) {
        let store = self.store;
        let room = self.create("contended").await;
        let (one, other) = (rename(&room, "one"), rename(&room, "other"));
        let outcomes = futures_util::join!(put(store, &room, &one), put(store, &room, &other));
        let winner = match outcomes {
            (CommitOutcome::Committed, CommitOutcome::Conflict) => one,
            (CommitOutcome::Conflict, CommitOutcome::Committed) => other,
            outcomes => panic!("{outcomes:?}"),
        };
        assert_eq!(*newest(store, &room.room_id).await, after(&room, &winner));
    }

    /// `commit`: a caller that goes away leaves the room before or after the commit, and usable.
    pub async fn a_dropped_commit_is_never_half_stored(&self) {
        let store = self.store;
        let room = self.create("dropped").await;
        let mut news = self.follow(&room).await;
        let (dropped, next_one) = (rename(&room, "dropped"), rename(&room, "next"));
        let answered = put(store, &room, &dropped).now_or_never();
        let expected = match put(store, &room, &next_one).await {
            CommitOutcome::Committed => {
                assert_eq!(answered, None, "what is committed stays");
                next_one
            }
            CommitOutcome::Conflict => dropped,
            CommitOutcome::Gone => panic!("the room is gone"),
        };
        let room = after(&room, &expected);
        assert_eq!(*newest(store, &room.room_id).await, room);
        assert_eq!(*next(&mut news, &room.room_id).await.commit, expected);
        self.nothing_else_is_published(&mut news, &room).await;
    }

    /// `commit`: one that deletes the room leaves nothing of it, and frees its code.
    pub async fn a_deleted_room_leaves_nothing_behind(&self) {
        let store = self.store;
        let mut room = self.room("deleted");
        let late = rename(&room, "late");
        room.lifecycle = Lifecycle { state: LifecycleState::Expired, deadline: Some(room.at) };
        store.create(room.clone()).await.expect("created");
        let room_id = &room.room_id;
        assert!(add(store, room_id, "p_member", 8, &[]).await);
        store.renew_lease(room_id, NOW).await.expect("renewed");
        store.attend(std::slice::from_ref(room_id), NOW).await.expect("attended");
        let mut news = self.follow(&room).await;

        let deleted = delete(store, room_id).await;
        assert_eq!(deleted.lifecycle.state, LifecycleState::Deleted);
        while *next(&mut news, room_id).await.room != deleted {}

        assert!(store.load(room_id).await.expect("answered").is_none());
        assert!(store.load_newest(room_id).await.expect("answered").is_none());
        assert_eq!(store.find_code(&room.code).await.expect("answered"), None);
        assert_eq!(find(store, room_id, "p_member").await, None);
        assert_eq!(signs(store, room_id).await, LifeSigns::default());
        assert!(!due(store, LATE).await.contains(room_id));
        assert!(!self.lists(room_id).await);
        assert!(!add(store, room_id, "p_late", 8, &[]).await, "there is no room to join");
        store.renew_lease(room_id, NOW).await.expect("answered");
        store.attend(std::slice::from_ref(room_id), NOW).await.expect("answered");
        assert_eq!(signs(store, room_id).await, LifeSigns::default());
        assert_eq!(put(store, &deleted, &late).await, CommitOutcome::Gone);

        let heir = Room { room_id: self.room("heir").room_id, ..room.clone() };
        store.create(heir).await.expect("the code is free");
    }

    /// `add_member`, `find_member`.
    pub async fn members_are_kept_up_to_a_limit(&self) {
        let store = self.store;
        let room = self.create("members").await;
        let room_id = &room.room_id;
        for id in ["p_1", "p_2", "p_3"] {
            assert!(add(store, room_id, id, 3, &[]).await);
            assert_eq!(find(store, room_id, id).await, Some(member(id)));
        }
        let renamed = Member { display_name: "Renamed".to_owned(), ..member("p_1") };
        let added = store.add_member(room_id, renamed.clone(), 3, &|_| true).await;
        assert!(added.expect("answered"), "the same participant needs no more room");
        assert_eq!(find(store, room_id, "p_1").await, Some(renamed));
        for id in ["p_2", "p_3"] {
            assert!(find(store, room_id, id).await.is_some(), "nobody made room");
        }

        self.is_present(room_id, "p_2").await;
        assert!(add(store, room_id, "p_4", 3, &["p_2"]).await);
        assert!(find(store, room_id, "p_3").await.is_none(), "the oldest who was absent made room");
        for id in ["p_1", "p_2", "p_4"] {
            assert!(find(store, room_id, id).await.is_some());
        }
        let all = ["p_1", "p_2", "p_4"];
        for id in all {
            self.is_present(room_id, id).await;
        }
        assert!(!add(store, room_id, "p_5", 3, &all).await, "nobody can make room");
        assert!(find(store, room_id, "p_5").await.is_none());
        let unknown = self.room("unknown").room_id;
        assert!(!add(store, &unknown, "p_1", 3, &[]).await);
        assert!(find(store, &unknown, "p_1").await.is_none());
    }

    /// `keep_ticket`, `redeem_ticket`.
    pub async fn a_ticket_is_good_once_and_for_its_time(&self) {
        let store = self.store;
        let room_id = self.room("ticket").room_id;
        let caller = Caller {
            user_id: "u_ticket".to_owned(),
            display_name: "Tilda".to_owned(),
            guest: true,
            expires_at_ms: LATE.as_millis(),
        };
        let ticket =
            |expires_at| Ticket { room_id: room_id.clone(), caller: caller.clone(), expires_at };
        let secret = |name: &str| format!("{}{name}", self.run);
        store.keep_ticket(&secret("good"), ticket(LATE)).await.expect("kept");
        store.keep_ticket(&secret("old"), ticket(Timestamp::from_millis(1))).await.expect("kept");
        let redeem = async |name: &str| store.redeem_ticket(&secret(name)).await.expect("answered");
        assert_eq!(redeem("good").await, Some(ticket(LATE)));
        assert_eq!(redeem("good").await, None, "it was used");
        assert_eq!(redeem("old").await, None, "it has run out");
        assert_eq!(redeem("unknown").await, None);
    }

    /// `renew_lease`, `life_signs`.
    pub async fn a_lease_is_renewed_and_ended(&self) {
        let store = self.store;
        let room = self.create("lease").await;
        let room_id = &room.room_id;
        assert_eq!(signs(store, room_id).await.lease, None);
        for until in [LATE, LATE.plus_millis(5_000)] {
            store.renew_lease(room_id, until).await.expect("renewed");
            assert_eq!(signs(store, room_id).await.lease, Some(until));
        }
        store.renew_lease(room_id, Timestamp::default()).await.expect("ended");
        assert_eq!(signs(store, room_id).await.lease, None);
        assert_eq!(*newest(store, room_id).await, room, "a renewal is no commit");
    }

    /// `list_due`: rooms stay due until their deadline or lease moves.
    pub async fn rooms_are_due_by_deadline_and_by_lease(&self) {
        let store = self.store;
        let deadline = self.create("deadline").await;
        let leased = self.create("leased").await;
        let at = deadline.deadline().expect("a new room has a deadline");
        let until = NOW.plus_millis(10);
        store.renew_lease(&leased.room_id, until).await.expect("renewed");

        let before = due(store, NOW.plus_millis(9)).await;
        assert!(!before.contains(&leased.room_id) && !before.contains(&deadline.room_id));
        for _ in 0..2 {
            let then = due(store, until).await;
            assert!(then.contains(&leased.room_id) && !then.contains(&deadline.room_id));
        }
        store.renew_lease(&leased.room_id, Timestamp::default()).await.expect("ended");
        assert!(!due(store, until).await.contains(&leased.room_id));

        let rooms = due(store, at).await;
        assert!(rooms.contains(&deadline.room_id) && rooms.contains(&leased.room_id));
        assert_eq!(store.list_due(at, 1).await.expect("answered").len(), 1, "at most max");
        store.attend(std::slice::from_ref(&deadline.room_id), at).await.expect("attended");
        let live = come(&deadline);
        assert_eq!(put(store, &deadline, &live).await, CommitOutcome::Committed);
        // With the commit the host has a lease.
        store.renew_lease(&deadline.room_id, LATE).await.expect("renewed");
        assert!(!due(store, at).await.contains(&deadline.room_id), "the commit moved it");
    }

    /// `attend`, `list_due`: a party that nobody attends is due, and one that waits for its host
    /// is not.
    pub async fn a_room_that_nobody_attends_is_due(&self) {
        let store = self.store;
        let (live, waiting) = (self.create("idle").await, self.create("idle-not-begun").await);
        let room_id = &live.room_id;
        assert_eq!(signs(store, room_id).await.attended, Some(NOW), "as it was made");
        assert_eq!(put(store, &live, &come(&live)).await, CommitOutcome::Committed);
        store.renew_lease(room_id, LATE).await.expect("renewed");
        let end = NOW.plus_millis(INACTIVE_MS);
        assert!(due(store, end).await.contains(room_id));
        assert!(!due(store, end).await.contains(&waiting.room_id));

        let (later, end) = (NOW.plus_millis(7), NOW.plus_millis(INACTIVE_MS + 7));
        store.attend(std::slice::from_ref(room_id), later).await.expect("attended");
        assert_eq!(signs(store, room_id).await.attended, Some(later));
        assert!(!due(store, NOW.plus_millis(INACTIVE_MS + 6)).await.contains(room_id));
        for _ in 0..2 {
            assert!(due(store, end).await.contains(room_id));
        }
        assert_eq!(
            newest(store, room_id).await.version,
            live.version + 1,
            "attending is no commit"
        );
    }

    /// `list_public`.
    pub async fn open_rooms_are_listed_if_they_are_public(&self) {
        let open = self.create("listed").await;
        let mut private = self.room("private");
        private.profile.is_public = false;
        self.store.create(private.clone()).await.expect("created");
        assert!(self.lists(&open.room_id).await);
        assert!(!self.lists(&private.room_id).await);
    }

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

    /// Somebody is connected, as a store that nodes share knows it.
    async fn is_present(&self, room_id: &RoomId, id: &str) {
        let Member { participant_id, display_name, base, .. } = member(id);
        let (since, connections, ready_capable) = (NOW, 1, false);
        let present =
            Present { participant_id, display_name, base, since, connections, ready_capable };
        let update = PresenceUpdate { came: vec![present], ..PresenceUpdate::default() };
        self.store.tell_presence(room_id, &update).await.expect("told");
    }

    async fn lists(&self, room_id: &RoomId) -> bool {
        let listed = self.store.list_public().await.expect("answered");
        listed.iter().filter(|listed| listed.room.room_id == *room_id).count() == 1
    }

    /// The next news of the room are those of the commit that is made now.
    async fn nothing_else_is_published(&self, news: &mut mpsc::Receiver<News>, room: &Room) {
        let last = rename(room, "last");
        assert_eq!(put(self.store, room, &last).await, CommitOutcome::Committed);
        assert_eq!(*next(news, &room.room_id).await.commit, last, "each is published once");
    }
}

/// A room of a law, with `r_` before its name as id and the name as code.
pub fn room(name: &str) -> Room {
    let settings = Settings {
        host_loss: HostLoss::Expire,
        host_grace_ms: 120_000,
        host_lease_ms: 15_000,
        rebuffer_barrier: false,
    };
    let chat = ChatSettings { enabled: true, slow_mode_ms: 0 };
    let new = NewRoom {
        room_id: RoomId::new(format!("r_{name}")),
        code: name.to_owned(),
        creator_id: host(),
        profile: Profile { name: "Party".to_owned(), is_public: true, settings, chat },
        epoch: 1,
    };
    Room::new(new, NOW)
}

/// The host of every room of the laws.
pub fn host() -> ParticipantId {
    ParticipantId::new("p_host")
}

/// The commit by which the host renames a room.
pub fn rename(room: &Room, name: &str) -> Commit {
    let patch = RoomPatch { name: Some(name.to_owned()), ..RoomPatch::default() };
    let request = rename_request(room.version, patch);
    decided(room, &request, NOW)
}

/// A member by this id.
pub fn member(id: &str) -> Member {
    Member {
        participant_id: ParticipantId::new(id),
        user_id: format!("u_{id}"),
        display_name: format!("Name of {id}"),
        base: Role::Guest,
    }
}

/// Ends a room and carries out its last deadline; the room as it was published last.
pub async fn delete(store: &dyn RoomStore, room_id: &RoomId) -> Room {
    let mut room = Room::clone(&*newest(store, room_id).await);
    while room.lifecycle.state != LifecycleState::Deleted {
        let now = room.deadline().expect("an open room of the laws has a deadline");
        let commit = command(&room, &Command::Deadline, now);
        assert_eq!(put(store, &room, &commit).await, CommitOutcome::Committed);
        room.apply(&commit);
    }
    room
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
        answer => panic!("{answer:?}"),
    }
}

fn after(room: &Room, commit: &Commit) -> Room {
    let mut room = room.clone();
    room.apply(commit);
    room
}

/// The commit by which the host comes.
fn come(room: &Room) -> Commit {
    command(room, &Command::Connected { participant: host() }, NOW)
}

async fn newest(store: &dyn RoomStore, room_id: &RoomId) -> Arc<Room> {
    store.load_newest(room_id).await.expect("answered").expect("the room is there")
}

async fn put(store: &dyn RoomStore, room: &Room, commit: &Commit) -> CommitOutcome {
    let (room, commit) = (Arc::new(room.clone()), Arc::new(commit.clone()));
    store.commit(&room, commit).await.expect("answered")
}

/// The next commit of a room that is told.
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

async fn signs(store: &dyn RoomStore, room_id: &RoomId) -> LifeSigns {
    store.life_signs(room_id).await.expect("answered")
}

async fn add(
    store: &dyn RoomStore,
    room_id: &RoomId,
    id: &str,
    max: usize,
    present: &[&str],
) -> bool {
    let is_present = |id: &ParticipantId| present.contains(&id.as_str());
    store.add_member(room_id, member(id), max, &is_present).await.expect("answered")
}

async fn find(store: &dyn RoomStore, room_id: &RoomId, id: &str) -> Option<Member> {
    store.find_member(room_id, &ParticipantId::new(id)).await.expect("answered")
}

async fn due(store: &dyn RoomStore, now: Timestamp) -> Vec<RoomId> {
    store.list_due(now, 1_000).await.expect("answered")
}
