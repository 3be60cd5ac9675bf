//! The laws of a `Bus`.

use super::{Laws, newest, next, put, rename};
use crate::store::CommitOutcome;

impl Laws<'_> {
    /// `commit`, `subscribe`: durable before `Committed`; published once each, in order.
    pub async fn commits_are_stored_and_published_in_order(&self) {
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

    /// `follow`, `load`: `load` returns what the news told; `load_newest` doesn't depend on news.
    pub async fn a_followed_room_is_known_once_its_news_arrive(&self) {
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
}
