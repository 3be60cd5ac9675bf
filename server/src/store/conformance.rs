//! The laws of a `RoomStore`. Every store is tested with them; a law that is broken panics.
//!
//! Each law makes rooms of its own, named after it, so that all of them hold side by side.

use std::sync::Arc;

use engine::{
    Actor, Answer, ChatSettings, Command, Commit, Facts, HostLoss, LifecycleState, NewRoom, Op,
    ParticipantId, Profile, Request, Role, Room, RoomId, RoomPatch, Settings, Timestamp,
};
use futures_util::FutureExt;

use super::{CommitOutcome, Member, RoomStore};

/// When the rooms of the laws are made.
pub const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// All laws, on a store that was just made.
pub async fn all(store: &dyn RoomStore) {
    a_created_room_is_there(store).await;
    a_taken_id_or_code_is_an_error(store).await;
    a_commit_is_made_so_and_published_in_order(store).await;
    only_the_next_version_is_committed(store).await;
    of_two_commits_at_once_one_wins(store).await;
    a_dropped_commit_is_never_half_stored(store).await;
    a_deleted_room_leaves_nothing_behind(store).await;
    members_are_kept_up_to_a_limit(store).await;
    a_lease_is_renewed_and_ended(store).await;
    rooms_are_due_by_deadline_and_by_lease(store).await;
    all_rooms_are_listed(store).await;
}

/// `create`, `load`, `find_code`.
pub async fn a_created_room_is_there(store: &dyn RoomStore) {
    let made = room("created");
    store.create(made.clone()).await.expect("created");
    assert_eq!(*load(store, &made.room_id).await, made);
    let found = store.find_code(&made.code).await.expect("answered");
    assert_eq!(found, Some(made.room_id));

    let unknown = RoomId::new("r_unknown");
    assert!(store.load(&unknown).await.expect("answered").is_none());
    assert_eq!(store.find_code("unknown").await.expect("answered"), None);
}

/// `create`: a `room_id` or `code` that is taken is an error, and changes nothing.
pub async fn a_taken_id_or_code_is_an_error(store: &dyn RoomStore) {
    let first = create(store, "taken").await;
    let same_id = Room { code: "another".to_owned(), ..first.clone() };
    store.create(same_id).await.expect_err("the id is taken");
    assert_eq!(store.find_code("another").await.expect("answered"), None);

    let same_code = Room { room_id: RoomId::new("r_another"), ..first.clone() };
    store.create(same_code.clone()).await.expect_err("the code is taken");
    assert!(store.load(&same_code.room_id).await.expect("answered").is_none());
    assert_eq!(*load(store, &first.room_id).await, first);
    assert_eq!(store.find_code(&first.code).await.expect("answered"), Some(first.room_id));
}

/// `commit`, `subscribe`: durable and published, in order, before `Committed`.
pub async fn a_commit_is_made_so_and_published_in_order(store: &dyn RoomStore) {
    let mut room = create(store, "published").await;
    let mut subscription = store.subscribe();
    for name in ["one", "two", "three"] {
        let commit = rename(&room, name);
        assert_eq!(put(store, &room.room_id, &commit).await, CommitOutcome::Committed);
        room.apply(&commit);
        assert_eq!(*load(store, &room.room_id).await, room);
        let published = subscription.recv().now_or_never().flatten().expect("already published");
        assert_eq!(*published.commit, commit);
        assert_eq!(*published.room, room);
    }
    assert!(subscription.recv().now_or_never().is_none(), "published once");
}

/// `commit`: `Conflict` unless the version is the next, `Gone` without a room.
pub async fn only_the_next_version_is_committed(store: &dyn RoomStore) {
    let room = create(store, "next").await;
    let mut subscription = store.subscribe();
    let commit = rename(&room, "renamed");
    for version in [room.version - 1, room.version, room.version + 2] {
        let commit = Commit { version, ..commit.clone() };
        assert_eq!(put(store, &room.room_id, &commit).await, CommitOutcome::Conflict);
    }
    assert_eq!(*load(store, &room.room_id).await, room);
    let unknown = RoomId::new("r_unknown");
    assert_eq!(put(store, &unknown, &commit).await, CommitOutcome::Gone);
    assert!(subscription.recv().now_or_never().is_none(), "nothing happened");
}

/// `commit`: of two for the same version exactly one is stored.
pub async fn of_two_commits_at_once_one_wins(store: &dyn RoomStore) {
    let room = create(store, "contended").await;
    let (one, other) = (rename(&room, "one"), rename(&room, "other"));
    let outcomes =
        futures_util::join!(put(store, &room.room_id, &one), put(store, &room.room_id, &other));
    let winner = match outcomes {
        (CommitOutcome::Committed, CommitOutcome::Conflict) => one,
        (CommitOutcome::Conflict, CommitOutcome::Committed) => other,
        outcomes => panic!("{outcomes:?}"),
    };
    assert_eq!(*load(store, &room.room_id).await, after(&room, &winner));
}

/// `commit`: a caller that goes away leaves the room before or after the commit, and usable.
pub async fn a_dropped_commit_is_never_half_stored(store: &dyn RoomStore) {
    let room = create(store, "dropped").await;
    let mut subscription = store.subscribe();
    let (dropped, next) = (rename(&room, "dropped"), rename(&room, "next"));
    let answered = put(store, &room.room_id, &dropped).now_or_never();
    let expected = match put(store, &room.room_id, &next).await {
        CommitOutcome::Committed => {
            assert_eq!(answered, None, "what is committed stays");
            next
        }
        CommitOutcome::Conflict => dropped,
        CommitOutcome::Gone => panic!("the room is gone"),
    };
    assert_eq!(*load(store, &room.room_id).await, after(&room, &expected));
    let published = subscription.recv().now_or_never().flatten().expect("already published");
    assert_eq!(*published.commit, expected);
    assert!(subscription.recv().now_or_never().is_none(), "published once");
}

/// `commit`: one that deletes the room leaves nothing of it, and frees its code.
pub async fn a_deleted_room_leaves_nothing_behind(store: &dyn RoomStore) {
    let room = create(store, "deleted").await;
    let room_id = &room.room_id;
    assert!(add(store, room_id, "p_member", 8, &[]).await);
    store.renew_lease(room_id, NOW).await.expect("renewed");
    let mut subscription = store.subscribe();

    let deleted = delete(store, room_id).await;
    assert_eq!(deleted.lifecycle.state, LifecycleState::Deleted);
    let mut last = None;
    while let Some(Some(published)) = subscription.recv().now_or_never() {
        last = Some(published);
    }
    assert_eq!(*last.expect("already published").room, deleted);

    assert!(store.load(room_id).await.expect("answered").is_none());
    assert_eq!(store.find_code(&room.code).await.expect("answered"), None);
    assert_eq!(find(store, room_id, "p_member").await, None);
    assert_eq!(store.lease(room_id).await.expect("answered"), None);
    assert!(!due(store, Timestamp::from_millis(u64::MAX)).await.contains(room_id));
    assert!(!store.list_rooms().await.expect("answered").contains(room_id));
    assert!(!add(store, room_id, "p_late", 8, &[]).await, "there is no room to join");
    store.renew_lease(room_id, NOW).await.expect("answered");
    assert_eq!(store.lease(room_id).await.expect("answered"), None);
    let commit = Commit { version: deleted.version + 1, ..rename(&room, "late") };
    assert_eq!(put(store, room_id, &commit).await, CommitOutcome::Gone);

    let heir = Room { room_id: RoomId::new("r_heir"), ..room.clone() };
    store.create(heir).await.expect("the code is free");
}

/// `add_member`, `find_member`.
pub async fn members_are_kept_up_to_a_limit(store: &dyn RoomStore) {
    let room = create(store, "members").await;
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

    assert!(add(store, room_id, "p_4", 3, &["p_2"]).await);
    assert!(find(store, room_id, "p_3").await.is_none(), "the oldest that was absent made room");
    for id in ["p_1", "p_2", "p_4"] {
        assert!(find(store, room_id, id).await.is_some());
    }
    assert!(!add(store, room_id, "p_5", 3, &["p_1", "p_2", "p_4"]).await, "nobody can make room");
    assert!(find(store, room_id, "p_5").await.is_none());
    let unknown = RoomId::new("r_unknown");
    assert!(!add(store, &unknown, "p_1", 3, &[]).await);
    assert!(find(store, &unknown, "p_1").await.is_none());
}

/// `renew_lease`, `lease`.
pub async fn a_lease_is_renewed_and_ended(store: &dyn RoomStore) {
    let room = create(store, "lease").await;
    let room_id = &room.room_id;
    assert_eq!(store.lease(room_id).await.expect("answered"), None);
    for until in [NOW, NOW.plus_millis(5_000)] {
        store.renew_lease(room_id, until).await.expect("renewed");
        assert_eq!(store.lease(room_id).await.expect("answered"), Some(until));
    }
    store.renew_lease(room_id, Timestamp::default()).await.expect("ended");
    assert_eq!(store.lease(room_id).await.expect("answered"), None);
    assert_eq!(*load(store, room_id).await, room, "a renewal is no commit");
}

/// `list_due`: rooms stay due until their deadline or lease moves.
pub async fn rooms_are_due_by_deadline_and_by_lease(store: &dyn RoomStore) {
    let deadline = create(store, "deadline").await;
    let leased = create(store, "leased").await;
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
    assert!(rooms.contains(&deadline.room_id) && rooms.contains(&leased.room_id), "by deadline");
    assert_eq!(store.list_due(at, 1).await.expect("answered").len(), 1, "at most max");
    let live = command(&deadline, &Command::Connected { participant: host() }, NOW);
    assert_eq!(put(store, &deadline.room_id, &live).await, CommitOutcome::Committed);
    assert!(!due(store, at).await.contains(&deadline.room_id), "the commit moved it");
}

/// `list_rooms`.
pub async fn all_rooms_are_listed(store: &dyn RoomStore) {
    let (one, other) = (create(store, "listed").await, create(store, "listed-too").await);
    let rooms = store.list_rooms().await.expect("answered");
    for room in [one, other] {
        assert_eq!(rooms.iter().filter(|id| **id == room.room_id).count(), 1);
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
    let mut room = Room::clone(&*load(store, room_id).await);
    while room.lifecycle.state != LifecycleState::Deleted {
        let now = room.deadline().expect("an open room of the laws has a deadline");
        let commit = command(&room, &Command::Deadline, now);
        assert_eq!(put(store, room_id, &commit).await, CommitOutcome::Committed);
        room.apply(&commit);
    }
    room
}

fn rename_request(version: u64, patch: RoomPatch) -> Request {
    Request {
        actor: Actor::Participant { id: host(), base: Role::Member },
        command: Command::ChangeRoom(patch),
        op: Some(Op { participant_id: host(), id: format!("c{version}"), payload_hash: version }),
        expected_version: None,
        fence: None,
    }
}

fn command(room: &Room, command: &Command, now: Timestamp) -> Commit {
    let request = Request {
        actor: Actor::System,
        command: command.clone(),
        op: None,
        expected_version: None,
        fence: None,
    };
    decided(room, &request, now)
}

fn decided(room: &Room, request: &Request, now: Timestamp) -> Commit {
    match room.handle(request, &Facts { now, ..Facts::default() }) {
        Ok(Answer::Commit(commit)) => *commit,
        answer => panic!("{answer:?}"),
    }
}

fn after(room: &Room, commit: &Commit) -> Room {
    let mut room = room.clone();
    room.apply(commit);
    room
}

async fn create(store: &dyn RoomStore, name: &str) -> Room {
    let room = room(name);
    store.create(room.clone()).await.expect("created");
    room
}

async fn load(store: &dyn RoomStore, room_id: &RoomId) -> Arc<Room> {
    store.load(room_id).await.expect("answered").expect("the room is there")
}

async fn put(store: &dyn RoomStore, room_id: &RoomId, commit: &Commit) -> CommitOutcome {
    store.commit(room_id, Arc::new(commit.clone())).await.expect("answered")
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
