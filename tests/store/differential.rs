//! Runs the same random story on both stores, crashes included: their rooms must stay equal.

use std::path::Path;
use std::sync::Arc;

use engine::{
    Actor, ChatSettings, Command, Decision, Entry, Envelope, Facts, HostLoss, NewRoom, Op,
    ParticipantId, PlaybackControl, Profile, Rate, Request, Role, Room, RoomId, Settings,
    Timestamp,
};
use harness::{RedisOptions, RedisServer};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use server::clock::RoomClock;
use server::sql::Sql;
use server::store::{CommitOutcome, MemoryStore, RedisStore, RoomStore, Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::node::{database, newest, open, quick_directory};

/// The number of stories.
const STORIES: u32 = 12;

/// A step of a story.
#[derive(Clone, Debug)]
enum Step {
    /// A participant sends a command, under an id that may have been used before.
    Ask { who: u8, command: Command, name: u8 },
    /// The server itself sends a command.
    System(Command),
    /// A commit that was decided on an older room.
    Late,
    /// Both stores crash and restart.
    Crash,
}

#[test]
fn memory_and_redis_hold_the_same_room_after_every_step_and_crash() {
    let runtime = Runtime::new().expect("a runtime");
    let mut runner = TestRunner::new(Config { cases: STORIES, ..Config::default() });
    let told = runner.run(&story(), |steps| {
        runtime.block_on(async {
            let mut worlds = Worlds::new().await;
            for step in &steps {
                worlds.take(step).await;
                worlds.compare(step).await;
            }
            worlds.close().await;
        });
        Ok(())
    });
    told.expect("both stores agree");
}

fn story() -> impl Strategy<Value = Vec<Step>> {
    let command = prop_oneof![
        Just(Command::Play),
        Just(Command::Pause),
        (0..90_000_i64).prop_map(|to_ms| Command::Seek { to_ms }),
        (250..4_000_u16).prop_map(|milli| Command::SetRate {
            rate: Rate::from_milli(milli).expect("in range")
        }),
        (0..3_u8).prop_map(|who| Command::HostTransfer { to: participant(who) }),
        (0..3_u8)
            .prop_map(|who| Command::SetRole { participant: participant(who), role: Role::CoHost }),
    ];
    let system = prop_oneof![
        Just(Command::HostLost),
        Just(Command::Deadline),
        (0..3_u8).prop_map(|who| Command::Connected { participant: participant(who) }),
    ];
    let step = prop_oneof![
        6 => (0..3_u8, command, 0..12_u8)
            .prop_map(|(who, command, name)| Step::Ask { who, command, name }),
        2 => system.prop_map(Step::System),
        1 => Just(Step::Late),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..24)
}

/// A memory store and a Redis store with the same room.
struct Worlds {
    dir: TempDir,
    memory: Arc<MemoryStore>,
    redis: RedisServer,
    over_redis: Arc<RedisStore>,
    sql: Arc<Sql>,
    clock: RoomClock,
    room_id: RoomId,
    before: [Option<Arc<Room>>; 2],
}

impl Worlds {
    async fn new() -> Self {
        let dir = quick_directory();
        let options = RedisOptions::new().data_dir(dir.path().join("redis"));
        let redis = RedisServer::start(options).await.expect("Redis starts");
        let sql = Arc::new(database(&dir.path().join("shared.db")).await);
        let (over_redis, clock) = open(&redis.url(), sql.clone()).await;
        let memory = open_memory(dir.path()).await;
        let room = new_room(clock.now());
        let room_id = room.room_id.clone();
        for store in [&*memory as &dyn Store, &*over_redis] {
            store.create(room.clone()).await.expect("created");
        }
        // SQL issues the epochs of rebuilds, so it must know the room.
        sql.create_room(&room_id, &room.code, clock.now()).await.expect("known");
        let before = [None, None];
        Self { dir, memory, redis, over_redis, sql, clock, room_id, before }
    }

    fn stores(&self) -> [&dyn Store; 2] {
        [&*self.memory, &*self.over_redis]
    }

    async fn take(&mut self, step: &Step) {
        let now = self.clock.now();
        match step {
            Step::Ask { who, command, name } => {
                let actor = Actor::Participant { id: participant(*who), base: Role::Guest };
                let op = Op {
                    participant_id: participant(*who),
                    id: format!("op{name}"),
                    payload_hash: format!("{command:?}").len() as u64,
                };
                self.ask(actor, command, Some(op), now).await;
            }
            Step::System(command) => {
                // A host is lost only once its lease is over.
                for store in self.stores() {
                    let ended = store.renew_lease(&self.room_id, Timestamp::default()).await;
                    ended.expect("answered");
                }
                self.ask(Actor::System, command, None, now).await;
            }
            Step::Late => self.commit_late(now).await,
            Step::Crash => self.crash().await,
        }
    }

    /// Decides a command on both rooms at the same time. The outcomes must be equal.
    async fn ask(&mut self, actor: Actor, command: &Command, op: Option<Op>, now: Timestamp) {
        let envelope = Envelope { op, ..Envelope::of(actor) };
        let request = Request { envelope, command: command.clone() };
        let mut outcomes = Vec::new();
        for (index, store) in self.stores().into_iter().enumerate() {
            let room = newest(store, &self.room_id).await;
            let facts = Facts { now, ..Facts::default() };
            let outcome = match room.handle(&request, &facts) {
                Ok(Decision::Commit(commit)) => {
                    let made = store.commit(&room, Arc::new(*commit)).await.expect("answered");
                    format!("{made:?}")
                }
                other => format!("{other:?}"),
            };
            outcomes.push((index, room, outcome));
        }
        assert_eq!(outcomes[0].2, outcomes[1].2, "{command:?}");
        for (index, room, _) in outcomes {
            self.before[index] = Some(room);
        }
    }

    /// Commits what was decided on an earlier room, which must be a conflict.
    async fn commit_late(&self, now: Timestamp) {
        let request =
            Request::of_system(Command::Rebase { epoch: u64::MAX >> 20, lost: true, outage_ms: 0 });
        for (store, before) in self.stores().into_iter().zip(&self.before) {
            let Some(before) = before else { continue };
            let newest = newest(store, &self.room_id).await;
            if newest.place() == before.place() {
                continue;
            }
            let facts = Facts { now, ..Facts::default() };
            let Ok(Decision::Commit(commit)) = before.handle(&request, &facts) else { continue };
            let made = store.commit(before, Arc::new(*commit)).await.expect("answered");
            assert_eq!(made, CommitOutcome::Conflict);
        }
    }

    async fn crash(&mut self) {
        self.memory.close().await;
        self.memory = open_memory(self.dir.path()).await;
        self.redis.kill_9().await.expect("killed");
        self.redis.restart().await.expect("restarted");
        // The client would reconnect, but a node that restarts is as good a test.
        self.over_redis.close().await;
        let (over_redis, clock) = open(&self.redis.url(), self.sql.clone()).await;
        (self.over_redis, self.clock) = (over_redis, clock);
    }

    async fn compare(&self, step: &Step) {
        let [memory, redis] = self.stores();
        let memory = newest(memory, &self.room_id).await;
        let redis = newest(redis, &self.room_id).await;
        assert_eq!(timeless(&memory), timeless(&redis), "after {step:?}");
    }

    async fn close(self) {
        self.memory.close().await;
        self.over_redis.close().await;
    }
}

/// A room without its time, and without the deadline that moves with outages: the stores rebuild it at
/// different times, after outages of different lengths.
fn timeless(room: &Room) -> Room {
    let mut room = Room { at: Timestamp::default(), ..room.clone() };
    if room.lifecycle.moves_with_outages() {
        room.lifecycle.deadline = None;
    }
    room
}

async fn open_memory(dir: &Path) -> Arc<MemoryStore> {
    let sql = Arc::new(database(&dir.join("memory.db")).await);
    let (store, _) = MemoryStore::open(&dir.join("memory"), sql).await.expect("the store opens");
    store
}

fn participant(who: u8) -> ParticipantId {
    ParticipantId::new(format!("p_{who}"))
}

fn new_room(now: Timestamp) -> Room {
    let settings = Settings {
        host_loss: HostLoss::Hold,
        host_grace_ms: 0,
        host_lease_ms: 15_000,
        rebuffer_barrier: false,
        playback_control: PlaybackControl::Hosts,
        entry: Entry::Open,
        capacity: None,
    };
    let new = NewRoom {
        room_id: RoomId::new("r_same"),
        code: "SAME".to_owned(),
        creator_id: participant(0),
        profile: Profile {
            name: "Same".to_owned(),
            is_public: false,
            language: None,
            tags: Vec::new(),
            settings,
            chat: ChatSettings { enabled: true, slow_mode_ms: 0 },
        },
        epoch: 1,
    };
    Room::new(new, now)
}
