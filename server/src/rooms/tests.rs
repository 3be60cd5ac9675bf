//! Rooms over a store that panics, is slow, or is busy with another node.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use contracts::{CloseCode, ErrorCode, Outcome};
use engine::{
    Actor, Command, Commit, Envelope, ParticipantId, Request, Role, Room, RoomId, Timestamp,
};
use providers::{Egress, EgressPolicy, Registry};
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use super::*;
use crate::access::{Access, AccessLimits, ApiKeys, ProductKeys, Proof};
use crate::config::Config;
use crate::hub::{Connection, NewConnection, Outgoing};
use crate::limit::Asker;
use crate::password::Hasher;
use crate::refusal::Refusal;
use crate::sql::SnapshotRow;
use crate::store::laws::{rename, room};
use crate::store::{
    Bus, CommitOutcome, LifeSigns, Listed, Member, MemberStore, News, Published, RoomStore, Ticket,
};

/// No test waits this long for what it tests.
const HANG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn f29_a_panic_over_one_room_closes_its_connections_and_leaves_the_others_alone() {
    let (broken, fine) = (room("broken"), room("fine"));
    let rooms = rooms(&broken).await;
    let (in_broken, in_fine) = (join(&rooms, &broken), join(&rooms, &fine));
    let (sender, news) = mpsc::channel(8);
    let dispatch = tokio::spawn(rooms.clone().dispatch(news));
    let deadlines = tokio::spawn(rooms.clone().watch_deadlines());
    assert!(matches!(next(&in_broken).await, Outgoing::Close(CloseCode::INTERNAL)));

    sender.send(published(&fine, rename(&fine, "renamed"))).await.unwrap();
    assert!(matches!(next(&in_fine).await, Outgoing::Ordered(_)));
    assert!(in_fine.outbox.pop().is_none());
    assert!(!deadlines.is_finished());
    deadlines.abort();
    drop(sender);
    timeout(HANG, dispatch).await.unwrap().unwrap();
}

#[tokio::test]
async fn f29_a_panic_over_one_room_keeps_no_other_from_being_shown() {
    let (broken, fine) = (room("broken"), room("fine"));
    let rooms = rooms(&broken).await;
    let (in_broken, in_fine) = (join(&rooms, &broken), join(&rooms, &fine));
    rooms.hub.mark_presence_changed(&broken.room_id);
    let beat = tokio::spawn(rooms.clone().watch_presence());
    assert!(matches!(next(&in_broken).await, Outgoing::Close(CloseCode::INTERNAL)));
    rooms.hub.mark_presence_changed(&fine.room_id);
    assert!(matches!(next(&in_fine).await, Outgoing::Ephemeral(_)));
    beat.abort();
}

#[tokio::test]
async fn a_command_without_permission_is_refused_while_others_have_the_room_and_not_without_end() {
    let fine = room("fine");
    let rooms = rooms(&room("broken")).await;
    let guest = join(&rooms, &fine);
    let hub = rooms.hub.find(&fine.room_id).unwrap();
    let _turn = hub.gate.lock().await;
    let actor = Actor::Participant { id: guest.participant_id.clone(), base: Role::Guest };
    let request = Request { envelope: Envelope::of(actor), command: Command::Play };
    let from = Asker { user_id: "u_guest", address: IpAddr::V4(Ipv4Addr::LOCALHOST) };
    let mut codes = Vec::new();
    while codes.last() != Some(&ErrorCode::RateLimited) {
        codes.push(rooms.handle(&fine.room_id, &request, from).await.unwrap_err().code());
    }
    assert!(codes.len() > 50, "{codes:?}");
    assert!(codes[..50].iter().all(|code| *code == ErrorCode::NotHost), "{codes:?}");
}

#[tokio::test]
async fn a_slow_store_keeps_nobody_waiting_for_a_list_of_public_rooms_that_there_is() {
    let store = Arc::new(Broken { public: 300, ..Broken::new(&room("broken")) });
    let (rooms, _dir) = rooms_over(store.clone()).await;
    rooms.list_public(ten(), None).await.unwrap();
    // Until the list isn't new any more.
    tokio::time::sleep(Duration::from_secs(1)).await;
    store.slow.store(true, Ordering::Relaxed);
    let slow = tokio::spawn({
        let rooms = rooms.clone();
        async move { rooms.list_public(ten(), None).await }
    });
    timeout(HANG, store.asked.notified()).await.expect("the store is asked");
    let meanwhile = timeout(HANG, rooms.list_public(ten(), None)).await.expect("at once");
    assert_eq!(meanwhile.unwrap().0.len(), 10);
    assert!(!slow.is_finished());
    slow.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_list_is_searched_and_sorted_by_one_request_at_a_time() {
    let store = Arc::new(Broken { public: 300, ..Broken::new(&room("broken")) });
    let (rooms, _dir) = rooms_over(store).await;
    let filter = PublicFilter { words: vec!["no such room".to_owned()], ..PublicFilter::default() };
    let search = PublicQuery { filter, ..ten() };
    let in_order = |order| PublicQuery { order, ..ten() };
    let slow = [search, in_order(PublicOrder::Newest), in_order(PublicOrder::Name)];
    let ask = async |query: &PublicQuery| rooms.list_public(query.clone(), None).await;

    let turn = rooms.searching.clone().acquire_owned().await.unwrap();
    let [search, newest, by_name] = &slow;
    let answers = tokio::join!(ask(search), ask(newest), ask(by_name));
    for answer in [answers.0, answers.1, answers.2] {
        assert_eq!(answer.unwrap_err().code(), ErrorCode::RateLimited, "its turn doesn't come");
    }
    ask(&ten()).await.expect("the list itself waits for nobody");
    drop(turn);
    for (query, count) in slow.iter().zip([0, 10, 10]) {
        assert_eq!(ask(query).await.unwrap().0.len(), count, "{query:?}");
    }
}

#[tokio::test]
async fn a_room_that_was_made_and_is_gone_is_not_made_again_though_the_database_has_not_heard() {
    let store = Arc::new(Broken::new(&room("broken")));
    store.absent.store(true, Ordering::Relaxed);
    let (rooms, _dir) = rooms_over(store.clone()).await;
    let made = create(&rooms).await.expect("created");
    // The store has deleted it. The row is still there.
    assert!(rooms.sql.has_room(&made.room_id).await.unwrap());
    assert_eq!(create(&rooms).await.unwrap_err().code(), ErrorCode::RoomClosed);
    store.absent.store(false, Ordering::Relaxed);
    create(&rooms).await.expect("it was there all the time");
}

#[tokio::test]
async fn a_request_repeated_while_another_node_is_creating_waits_and_then_does_not_know() {
    let store = Arc::new(Broken::new(&room("broken")));
    store.absent.store(true, Ordering::Relaxed);
    let (rooms, _dir) = rooms_over(store.clone()).await;
    let beginning = rooms.begin(KEY.user_id, Ipv4Addr::LOCALHOST.into(), Some(KEY)).await.unwrap();
    // The other node has come as far as to the snapshot.
    let made = Room { room_id: beginning.room_id().clone(), ..room("there") };
    let row = SnapshotRow { room_id: made.room_id.clone(), epoch: 1, version: 1, body: vec![1] };
    rooms.sql.write_snapshots(&[row]).await.unwrap();
    let refusal = create(&rooms).await.unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::StoreUnavailable);
    assert_eq!(refusal.outcome(), Outcome::Unknown);
    store.asked.notified().await;
    let repeated = tokio::spawn({
        let rooms = rooms.clone();
        async move { create(&rooms).await }
    });
    store.asked.notified().await;
    store.absent.store(false, Ordering::Relaxed);
    timeout(HANG, repeated).await.unwrap().unwrap().expect("the room of the other node");
}

/// A request to create a room.
const KEY: CreationKey<'static> = CreationKey { user_id: "u_ada", key: "k1", payload_hash: 1 };

async fn create(rooms: &Rooms) -> Result<Arc<Room>, Refusal> {
    let beginning = rooms.begin(KEY.user_id, Ipv4Addr::LOCALHOST.into(), Some(KEY)).await?;
    let proof = Proof::of_user("u_ada", beginning.room_id());
    let settings = room("any").profile.settings;
    let spec = RoomSpec {
        name: "Friday".to_owned(),
        is_public: false,
        language: None,
        tags: Vec::new(),
        settings,
        password_hash: None,
    };
    rooms.create(&proof, beginning, spec).await
}

/// A store with one room that never changes, and another that panics when it is touched.
#[derive(Debug)]
struct Broken {
    broken: RoomId,
    /// Whether the first isn't there.
    absent: AtomicBool,
    /// How many rooms are listed.
    public: usize,
    /// Whether it never answers what is listed.
    slow: AtomicBool,
    /// Notified when it is asked for the newest state of a room, or for the list.
    asked: Notify,
}

impl Broken {
    fn new(broken: &Room) -> Self {
        let (absent, slow) = (AtomicBool::new(false), AtomicBool::new(false));
        let broken = broken.room_id.clone();
        Self { broken, absent, public: 0, slow, asked: Notify::new() }
    }

    fn touch(&self, room_id: &RoomId) {
        assert_ne!(*room_id, self.broken, "a panic on purpose");
    }
}

#[async_trait]
impl RoomStore for Broken {
    async fn create(&self, _: Room) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load(&self, room_id: &RoomId) -> Result<Option<Arc<Room>>, StoreError> {
        self.touch(room_id);
        let is_there = !self.absent.load(Ordering::Relaxed);
        Ok(is_there.then(|| Arc::new(room("fine"))))
    }

    async fn load_newest(&self, room_id: &RoomId) -> Result<Option<Arc<Room>>, StoreError> {
        self.asked.notify_one();
        self.load(room_id).await
    }

    async fn find_code(&self, _: &str) -> Result<Option<RoomId>, StoreError> {
        Ok(None)
    }

    async fn commit(&self, room: &Arc<Room>, _: Arc<Commit>) -> Result<CommitOutcome, StoreError> {
        self.touch(&room.room_id);
        Ok(CommitOutcome::Gone)
    }

    async fn renew_lease(&self, room_id: &RoomId, _: Timestamp) -> Result<(), StoreError> {
        self.touch(room_id);
        Ok(())
    }

    async fn attend(&self, _: &[RoomId], _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn life_signs(&self, _: &RoomId) -> Result<LifeSigns, StoreError> {
        Ok(LifeSigns::default())
    }

    async fn list_due(&self, _: Timestamp, _: usize) -> Result<Vec<RoomId>, StoreError> {
        Ok(vec![self.broken.clone()])
    }

    async fn check_writable(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn list_public(&self) -> Result<Vec<Listed>, StoreError> {
        if self.slow.load(Ordering::Relaxed) {
            self.asked.notify_one();
            std::future::pending::<()>().await;
        }
        let listed = |number: usize| {
            let room = Arc::new(room(&format!("listed-{number}")));
            Listed { room, viewer_count: Some(0) }
        };
        Ok((0..self.public).map(listed).collect())
    }

    async fn close(&self) {}
}

#[async_trait]
impl MemberStore for Broken {
    async fn add_member(
        &self,
        _: &RoomId,
        _: Member,
        _: usize,
        _: &(dyn for<'a> Fn(&'a ParticipantId) -> bool + Send + Sync),
    ) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn find_member(
        &self,
        _: &RoomId,
        _: &ParticipantId,
    ) -> Result<Option<Member>, StoreError> {
        Ok(None)
    }

    async fn remove_member(&self, _: &RoomId, _: &ParticipantId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn keep_ticket(&self, _: &str, _: Ticket) -> Result<(), StoreError> {
        Ok(())
    }

    async fn redeem_ticket(&self, _: &RoomId, _: &str) -> Result<Option<Ticket>, StoreError> {
        Ok(None)
    }
}

#[async_trait]
impl Bus for Broken {
    fn subscribe(&self) -> mpsc::Receiver<News> {
        mpsc::channel(1).1
    }
}

async fn rooms(broken: &Room) -> Arc<Rooms> {
    rooms_over(Arc::new(Broken::new(broken))).await.0
}

/// The rooms of a store, and the directory of their database.
async fn rooms_over(store: Arc<Broken>) -> (Arc<Rooms>, TempDir) {
    let dir = TempDir::new().unwrap();
    let sql = Sql::open_file(&dir.path().join("playhead.db")).await.unwrap();
    let egress = Egress::new(EgressPolicy { allow: Vec::new(), own: None });
    let providers = Registry::standard(Arc::new(egress.unwrap_or_else(|e| panic!("{}", e.detail))));
    let store: Arc<dyn Store> = store;
    let clock = RoomClock::start(Timestamp::default());
    let hub = Arc::new(Hub::default());
    let limits = <Config as clap::Parser>::parse_from(["playhead-server"]).limits;
    let limiters = Arc::new(Limiters::new(&limits));
    let sources = Arc::new(Sources::new(Arc::new(providers), limiters.clone(), clock.clone()));
    let members = Arc::new(Members::new(store.clone(), hub.clone(), clock.clone(), 8));
    let sql = Arc::new(sql);
    let per_room = AccessLimits { bans: 8, grants: 8, invites: 8 };
    let keys = (ApiKeys::default(), ProductKeys::default());
    let hasher = Hasher::start().unwrap();
    let access = Access::open(None, sql.clone(), 60_000, per_room, keys, hasher).await.unwrap();
    let access = Arc::new(access);
    let rooms =
        Rooms::new(Dependencies { store, sql, access, hub, clock, members, sources, limiters });
    (Arc::new(rooms), dir)
}

fn join(rooms: &Rooms, room: &Room) -> Arc<Connection> {
    let new = NewConnection {
        participant_id: ParticipantId::new("p_guest"),
        user_id: "u_guest".to_owned(),
        display_name: "Gus".to_owned(),
        named_at_ms: 0,
        base: Role::Guest,
        session_id: "s_guest".to_owned(),
        family_id: None,
        ready_capable: false,
    };
    let now = rooms.clock.now();
    rooms.hub.find_or_create(&room.room_id, now).attach(new, 8, now).unwrap()
}

fn published(room: &Room, commit: Commit) -> News {
    let mut after = room.clone();
    after.apply(&commit);
    News::Commit(Published { room: Arc::new(after), commit: Arc::new(commit) })
}

/// The next thing that a connection would be written.
async fn next(connection: &Connection) -> Outgoing {
    let next = async {
        loop {
            match connection.outbox.pop() {
                Some(outgoing) => return outgoing,
                None => connection.outbox.wake.notified().await,
            }
        }
    };
    timeout(HANG, next).await.expect("something to write")
}

/// Asks for ten public rooms.
fn ten() -> PublicQuery {
    PublicQuery { take: 10, ..PublicQuery::default() }
}
