//! The laws of a `RoomStore`.

use engine::{INACTIVE_MS, Lifecycle, LifecycleState, Room, Timestamp};
use futures_util::FutureExt;

use super::{
    LATE, Laws, NOW, add, after, connect_host, delete, due, find, newest, next, put, rename, signs,
};
use crate::store::{CommitOutcome, LifeSigns};

impl Laws<'_> {
    /// `create`, `load`, `load_newest`, `find_code`.
    pub async fn a_created_room_is_found(&self) {
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

    /// `commit`: `Conflict` unless the room is at the same place, `Gone` without a room.
    pub async fn only_a_commit_to_the_newest_room_is_stored(&self) {
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

    /// `commit`: of two commits to the same room exactly one is stored.
    pub async fn of_two_simultaneous_commits_one_wins(&self) {
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

    /// `commit`: if the caller goes away, the room is as before the commit or as after it, and usable.
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

    /// `commit`: one that deletes the room leaves nothing of it behind, and frees its code.
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
        assert!(!add(store, room_id, "p_late", 8, &[]).await, "a deleted room has no members");
        store.renew_lease(room_id, NOW).await.expect("answered");
        store.attend(std::slice::from_ref(room_id), NOW).await.expect("answered");
        assert_eq!(signs(store, room_id).await, LifeSigns::default());
        assert_eq!(put(store, &deleted, &late).await, CommitOutcome::Gone);

        let heir = Room { room_id: self.room("heir").room_id, ..room.clone() };
        store.create(heir).await.expect("the code is free");
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

    /// `list_due`: rooms stay due until their deadline or lease changes.
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
        let live = connect_host(&deadline);
        assert_eq!(put(store, &deadline, &live).await, CommitOutcome::Committed);
        // The commit gave the host a lease.
        store.renew_lease(&deadline.room_id, LATE).await.expect("renewed");
        assert!(
            !due(store, at).await.contains(&deadline.room_id),
            "the commit changed the deadline"
        );
    }

    /// `attend`, `list_due`: a room without connections becomes due, unless it waits for its host.
    pub async fn an_idle_room_is_due(&self) {
        let store = self.store;
        let (live, waiting) = (self.create("idle").await, self.create("idle-not-begun").await);
        let room_id = &live.room_id;
        assert_eq!(signs(store, room_id).await.attended, Some(NOW), "when it was created");
        assert_eq!(put(store, &live, &connect_host(&live)).await, CommitOutcome::Committed);
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
    pub async fn only_public_rooms_are_listed(&self) {
        let open = self.create("listed").await;
        let mut private = self.room("private");
        private.profile.is_public = false;
        self.store.create(private.clone()).await.expect("created");
        assert!(self.lists(&open.room_id).await);
        assert!(!self.lists(&private.room_id).await);
    }
}
