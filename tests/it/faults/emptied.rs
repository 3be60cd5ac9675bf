//! F3: Redis restarts empty, is flushed, or loses one room.

use std::time::{Duration, Instant};

use contracts::{PatchRoom, Role};
use engine::RoomId;
use harness::dice::Dice;
use harness::http::Method;
use harness::prove::emptied;
use harness::{DEADLINE, ServerProcess, Upgrade};
use serde_json::json;
use server::sql::Sql;

use super::scene::{Duo, Scene, ground, insist};
use crate::nodes::site::until;
use crate::problem;

const ROOMS: usize = 500;
/// By then every node has noticed, and told again who is connected to it.
const SETTLED: Duration = Duration::from_secs(3);

#[tokio::test]
async fn f3_all_rooms_of_an_emptied_redis_are_usable_within_ten_seconds() {
    let outcome = emptied(&ground(), 2, ROOMS, &mut Dice::new(5)).await.unwrap();
    assert_eq!(outcome.problems(), Vec::<String>::new(), "{outcome}");
    let in_time = outcome.served_within_ms(100).is_some_and(|ms| ms <= 10_000);
    assert!(in_time, "every room is usable within 10 s\n{outcome}");
}

#[tokio::test]
async fn f3_a_flushed_redis_is_rebuilt_under_the_next_epoch() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = start_duo(&nodes).await;
    scene.redis.command(&["FLUSHALL"]).await.unwrap();
    assert_rebuilt(&scene, &mut duo).await;
    duo.judge(true);
}

#[tokio::test]
async fn f3_a_redis_that_restarts_empty_is_rebuilt_under_the_next_epoch() {
    let mut scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = start_duo(&nodes).await;
    scene.redis.wipe_and_restart().await.unwrap();
    assert_rebuilt(&scene, &mut duo).await;
    duo.judge(true);
}

#[tokio::test]
async fn f3_a_ticket_that_redis_has_lost_is_refused_and_the_next_join_by_code_gives_another() {
    let scene = Scene::new().await;
    let node = scene.node().await;
    let host = node.api().as_guest("Ada").await.unwrap();
    let room = host.create_room("Friday").await.unwrap();
    let guest = node.api().as_guest("Ben").await.unwrap();
    let lost = guest.join(&room.code).await.unwrap().ws;
    // Nobody is connected: only SQL can bring the room back.
    let sql = Sql::open_file(&scene.database()).await.unwrap();
    let room_id = RoomId::new(&room.room_id);
    let kept = async || sql.load_snapshot(&room_id).await.unwrap();
    until("a snapshot in the database", DEADLINE, kept).await;
    sql.close().await;

    scene.redis.command(&["FLUSHALL"]).await.unwrap();
    let refused = Upgrade::with(&lost).refusal().await.unwrap();
    problem::check(&refused, "ticket_invalid", "a ticket that Redis has lost");
    let entered = async || guest.enter(&room.code).await.ok();
    until("the room to be entered by its code", DEADLINE, entered).await;
}

#[tokio::test]
async fn f3_a_room_whose_state_is_deleted_is_rebuilt_alone() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = start_duo(&nodes).await;
    let mut other = Duo::meet(&nodes).await;
    let key = scene.redis.command(&["KEYS", &format!("*:{}:state", duo.room_id)]).await.unwrap();
    scene.redis.command(&["DEL", &key.texts()[0]]).await.unwrap();
    assert_rebuilt(&scene, &mut duo).await;
    duo.judge(true);
    assert_eq!(other.agree().await.epoch, 1, "the other room is unchanged");
}

#[tokio::test]
async fn f3_a_room_that_somebody_sets_back_is_rebuilt_from_what_its_nodes_know() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = start_set_back(&scene, &nodes).await;
    assert_rebuilt(&scene, &mut duo).await;
    assert!(insist(&mut duo.mate, "between", 5678).await.duplicate, "its id is remembered");
    duo.judge(true);
}

#[tokio::test]
async fn f3_nodes_notice_that_a_room_is_set_back_while_nobody_commands_it() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = start_set_back(&scene, &nodes).await;
    for socket in [&mut duo.host, &mut duo.mate] {
        socket.wait_for("rebased").await.unwrap();
    }
    assert_eq!(duo.agree().await.room.playback.position_ms, 5678);
    duo.judge(true);
}

#[tokio::test]
async fn f3_a_room_that_is_set_back_by_one_commit_and_goes_on_elsewhere_is_one_room_again() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await, scene.node().await];
    let mut duo = start_set_back(&scene, &nodes[..2]).await;
    let host = duo.host_api.at(&nodes[2].api());
    // This node knows nothing that it could compare with.
    for name in ["Saturday", "Sunday"] {
        let renamed = PatchRoom { name: Some(name.to_owned()), ..PatchRoom::default() };
        host.patch_room(&duo.room_id, &renamed).await.unwrap();
    }
    for socket in [&mut duo.host, &mut duo.mate] {
        socket.wait_for("rebased").await.unwrap();
    }
    let state = duo.agree().await;
    for socket in [&mut duo.host, &mut duo.mate] {
        let unread = socket.take_unread();
        let again = unread.iter().filter(|frame| frame["type"] == "rebased");
        assert_eq!(again.count(), 0, "it was rebuilt once");
    }
    let elsewhere = host.state(&duo.room_id).await.unwrap();
    assert_eq!((elsewhere.epoch, elsewhere.version), (state.epoch, state.version));
    assert_eq!(
        (elsewhere.room.name, elsewhere.room.playback),
        (state.room.name, state.room.playback)
    );
}

#[tokio::test]
async fn f3_a_connected_participant_stays_a_member_everywhere_while_redis_is_emptied() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = start_duo(&nodes).await;
    let token = nodes[1].api().guest("Cleo").await.unwrap().access_token;
    let [there, guest] = [&nodes[0], &nodes[1]].map(|node| node.api().with_token(&token));
    let guest_id = guest.join(&duo.room_id).await.unwrap().participant_id;
    let mut seat = guest.connect(&duo.room_id).await.unwrap();
    seat.hello(&[]).await.unwrap();
    // Both nodes know that all three are connected.
    for api in [&duo.host_api, &duo.mate_api] {
        until("all three", DEADLINE, async || {
            (api.participants(&duo.room_id).await.ok()?.total == 3).then_some(())
        })
        .await;
    }
    let everywhere = [there, guest];
    let began = Instant::now();
    scene.redis.command(&["FLUSHALL"]).await.unwrap();
    while began.elapsed() < SETTLED {
        for api in everywhere.iter().chain([&duo.host_api, &duo.mate_api]) {
            for path in ["state", "participants"] {
                let path = format!("rooms/{}/{path}", duo.room_id);
                let response = api.request(Method::GET, &path, None).await.unwrap();
                let (status, body) = (response.status, &response.text);
                assert!(status == 200 || status == 503, "{path}: {status} {body}");
                if status == 200 && path.ends_with("participants") {
                    assert_eq!(response.json["total"], 3, "{body}");
                }
            }
        }
    }
    let role = duo.host_api.give_role(&duo.room_id, &guest_id, Role::Moderator).await;
    role.expect("the guest is still somebody to name");

    // The members alone are lost as well.
    let members = scene.redis.command(&["KEYS", &format!("*:{}:members", duo.room_id)]).await;
    scene.redis.command(&["DEL", &members.unwrap().texts()[0]]).await.unwrap();
    for api in &everywhere {
        api.state(&duo.room_id).await.expect("the guest is connected");
    }
    insist(&mut duo.host, "still the host", 2345).await;
}

#[tokio::test]
async fn f3_who_is_connected_is_told_again_if_redis_loses_that_alone() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await, scene.node().await];
    let duo = start_duo(&nodes[..2]).await;
    let elsewhere = nodes[2].api().as_guest("Cleo").await.unwrap();
    elsewhere.join(&duo.room_id).await.unwrap();
    let total = async || elsewhere.participants(&duo.room_id).await.unwrap().total;
    until("both are told", DEADLINE, async || (total().await == 2).then_some(())).await;
    let keys = scene.redis.command(&["KEYS", &format!("*:{}:present", duo.room_id)]).await;
    scene.redis.command(&["DEL", &keys.unwrap().texts()[0]]).await.unwrap();
    until("both are told again", DEADLINE, async || (total().await == 2).then_some(())).await;
}

#[tokio::test]
async fn f3_nobody_who_is_connected_is_refused_by_a_node_that_the_room_is_not_on() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await, scene.node().await];
    let duo = start_duo(&nodes[..2]).await;
    let token = nodes[1].api().guest("Cleo").await.unwrap().access_token;
    let [guest, elsewhere] = [&nodes[1], &nodes[2]].map(|node| node.api().with_token(&token));
    guest.join(&duo.room_id).await.unwrap();
    let mut seat = guest.connect(&duo.room_id).await.unwrap();
    seat.hello(&[]).await.unwrap();
    let path = format!("rooms/{}/state", duo.room_id);
    let began = Instant::now();
    scene.redis.command(&["FLUSHALL"]).await.unwrap();
    let mut statuses = Vec::new();
    while began.elapsed() < SETTLED {
        let response = elsewhere.request(Method::GET, &path, None).await.unwrap();
        let (status, body) = (response.status, &response.text);
        assert!(status == 200 || status == 503, "{status} {body}");
        statuses.push(status);
    }
    assert_eq!(statuses.last(), Some(&200), "the node they are connected to has told it");
}

/// What Redis held of a room at some time, kept beside it.
struct Earlier {
    keys: Vec<String>,
}

impl Earlier {
    async fn keep(scene: &Scene, duo: &Duo) -> Self {
        let mut keys = Vec::new();
        for name in ["state", "log", "ops"] {
            let key = scene.key(&duo.room_id, name).await;
            let copied = scene.redis.command(&["COPY", &key, &format!("earlier-{name}")]).await;
            assert_eq!(copied.unwrap().integer(), Some(1), "{key}");
            keys.push(key);
        }
        Self { keys }
    }

    /// Does at once what an operator does who restores keys from a backup.
    async fn put_back(&self, scene: &Scene) {
        let script = "for _, key in ipairs(KEYS) do
            redis.call('COPY', 'earlier-' .. string.match(key, '[^:]+$'), key, 'REPLACE')
        end";
        let mut command = vec!["EVAL", script, "3"];
        command.extend(self.keys.iter().map(String::as_str));
        scene.redis.command(&command).await.unwrap();
    }
}

/// A duo whose room has just been set back by one commit.
async fn start_set_back(scene: &Scene, nodes: &[ServerProcess]) -> Duo {
    let mut duo = start_duo(nodes).await;
    let earlier = Earlier::keep(scene, &duo).await;
    insist(&mut duo.mate, "between", 5678).await;
    duo.agree().await;
    earlier.put_back(scene).await;
    duo
}

/// A duo with a commit that must be kept.
async fn start_duo(nodes: &[ServerProcess]) -> Duo {
    let mut duo = Duo::meet(nodes).await;
    insist(&mut duo.host, "before", 4321).await;
    duo.agree().await;
    duo
}

/// Asserts that the room is unchanged in the next epoch and that both can command it.
async fn assert_rebuilt(scene: &Scene, duo: &mut Duo) {
    let sought = insist(&mut duo.mate, "after", 1234).await;
    // Each node may have been issued an epoch; one of them was used.
    assert!((2..=3).contains(&sought.epoch) && !sought.duplicate, "{sought:?}");
    let rebuilt_at = sought.version - 1;
    let mut versions = Vec::new();
    for socket in [&mut duo.host, &mut duo.mate] {
        let rebased = socket.wait_for("rebased").await.unwrap();
        assert_eq!(rebased["epoch"], json!(sought.epoch), "{rebased}");
        // A node that recovers late may read the room after the seek.
        let version = rebased["version"].as_u64().unwrap_or_default();
        assert!((rebuilt_at..=sought.version).contains(&version), "{rebased}");
        versions.push(version);
    }
    assert!(versions.contains(&rebuilt_at), "one node rebuilt it: {versions:?}");
    // Nothing happened between the last acknowledged commit and the rebuild.
    assert!(insist(&mut duo.host, "before", 4321).await.duplicate, "its id is remembered");
    insist(&mut duo.host, "last", 777).await;
    let state = duo.agree().await;
    assert_eq!(
        (state.epoch, state.version, state.room.playback.position_ms),
        (sought.epoch, sought.version + 1, 777)
    );
    scene.record_store(&duo.recorder, &duo.room_id).await;
}
