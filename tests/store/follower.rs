//! A subscriber that follows one room, and checks the order of its news.

use std::sync::Arc;

use engine::{Commit, Event, Place, Room, RoomId};
use server::store::{Bus, News, RedisStore, RoomStore};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::node::HANG;

/// A room as the clients of one node see it.
pub struct Follower {
    /// The node's store.
    pub store: Arc<RedisStore>,
    room_id: RoomId,
    news: mpsc::Receiver<News>,
    told: Place,
    /// The commits, in the order in which they were told.
    pub commits: Vec<Commit>,
    /// How often the whole state was told instead of commits.
    pub resets: usize,
    /// The room as it was told last.
    pub room: Option<Arc<Room>>,
    /// Whether it was told that the room is gone.
    pub gone: bool,
}

impl Follower {
    /// Follows a room from now on.
    pub async fn of(store: &Arc<RedisStore>, room_id: &RoomId) -> Self {
        let news = store.subscribe();
        store.follow(room_id).await.expect("followed");
        let room = store.load(room_id).await.expect("answered").expect("there");
        Self {
            store: store.clone(),
            room_id: room_id.clone(),
            news,
            told: room.place(),
            commits: Vec::new(),
            resets: 0,
            room: Some(room),
            gone: false,
        }
    }

    /// Takes news up to this place.
    pub async fn reaches(&mut self, place: Place) {
        while self.told < place {
            self.take_one(&format!("{place:?}")).await;
        }
        assert_eq!(self.told, place, "told of something newer");
    }

    /// Takes news up to an epoch above this one. Returns the room then.
    pub async fn rises_above(&mut self, epoch: u64) -> Arc<Room> {
        while self.told.epoch <= epoch {
            self.take_one(&format!("an epoch above {epoch}")).await;
        }
        let room = self.room.clone().expect("told");
        assert_eq!(room.place(), self.told, "nobody has changed the rebuilt room");
        room
    }

    /// Takes news until the room is gone.
    pub async fn sees_it_gone(&mut self) {
        while !self.gone {
            self.take_one("the end of the room").await;
        }
    }

    /// Returns the rebuilds that were told: the epoch that each began, and whether it announced a loss.
    pub fn rebuilds(&self) -> Vec<(u64, bool)> {
        let rebuilt = |commit: &Commit| match commit.event {
            Event::Rebased { lost, .. } => Some((commit.epoch, lost)),
            _ => None,
        };
        self.commits.iter().filter_map(rebuilt).collect()
    }

    async fn take_one(&mut self, awaited: &str) {
        let news = timeout(HANG, self.news.recv()).await;
        let news = news.unwrap_or_else(|_| panic!("waited for {awaited}, told of {:?}", self.told));
        match news.expect("the store is open") {
            News::Commit(published) if published.room.room_id == self.room_id => {
                self.take_commit(&published.commit);
                self.room = Some(published.room);
            }
            News::Reset(room) if room.room_id == self.room_id => {
                assert!(
                    room.place() >= self.told,
                    "back from {:?} to {:?}",
                    self.told,
                    room.place()
                );
                self.told = room.place();
                self.resets += 1;
                self.room = Some(room);
            }
            News::Gone(room_id) if room_id == self.room_id => self.gone = true,
            _ => {}
        }
    }

    /// Takes the next commit, or a rebuild from any earlier place.
    fn take_commit(&mut self, commit: &Commit) {
        let place = commit.place();
        match commit.event {
            Event::Rebased { .. } => assert!(place > self.told, "{place:?} after {:?}", self.told),
            _ => {
                let next = Place { version: self.told.version + 1, ..self.told };
                assert_eq!(place, next, "a gap or a repeat");
            }
        }
        self.told = place;
        self.commits.push(commit.clone());
    }
}
