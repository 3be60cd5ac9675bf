//! What survives a restart or a crash.

use engine::{
    Actor, Command, Decision, Envelope, Facts, LifecycleState, Op, ParticipantId, Place, Request,
    Role, RoomPatch, Timestamp,
};

use super::*;

#[tokio::test]
async fn every_acknowledged_commit_and_every_member_survives_a_restart() {
    let dir = TempDir::new().unwrap();
    let (store, clock) = open(dir.path()).await.unwrap();
    let party = create(&store, "party").await;
    let party = commit_times(&store, party, 5).await;
    let other = create(&store, "other").await;
    for id in ["p_a", "p_b"] {
        assert!(store.add_member(&party.room_id, member(id), 2, &|_| false).await.unwrap());
    }
    let before = clock.now();
    store.close().await;

    let (store, clock) = open(dir.path()).await.unwrap();
    assert_rebased(&store, &party).await;
    assert_rebased(&store, &other).await;
    assert_eq!(store.find_code("party").await.unwrap(), Some(party.room_id.clone()));
    assert!(clock.now() >= before);
    for id in ["p_a", "p_b"] {
        let found = store.find_member(&party.room_id, &ParticipantId::new(id)).await.unwrap();
        assert_eq!(found, Some(member(id)));
    }
    // The order in which they joined survives as well: the oldest makes way.
    assert!(store.add_member(&party.room_id, member("p_c"), 2, &|_| false).await.unwrap());
    let gone = store.find_member(&party.room_id, &ParticipantId::new("p_a")).await.unwrap();
    assert_eq!(gone, None);
    store.close().await;

    let (store, _) = open(dir.path()).await.unwrap();
    assert_eq!(load(&store, &party.room_id).await.epoch, 3);
    let gone = store.find_member(&party.room_id, &ParticipantId::new("p_a")).await.unwrap();
    assert_eq!(gone, None);
}

#[tokio::test]
async fn every_acknowledged_commit_survives_a_crash() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let room = create(&store, "crash").await;
    let room = commit_times(&store, room, 3).await;

    // A crash would leave the files as they are now.
    let crashed = TempDir::new().unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        if !file.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(file.path(), crashed.path().join(file.file_name())).unwrap();
        }
    }
    let (store, _) = open(crashed.path()).await.unwrap();
    assert_rebased(&store, &room).await;
}

#[tokio::test]
async fn snapshots_replace_commits_without_changing_the_room() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let room = create(&store, "long").await;
    let room = commit_times(&store, room, 300).await;
    assert_eq!(room.version, 301);
    store.close().await;
    assert_eq!(count(dir.path(), "snapshots").await, 1);
    assert_eq!(count(dir.path(), "commits").await, 301 - 256);

    let (store, _) = open(dir.path()).await.unwrap();
    assert_rebased(&store, &room).await;
}

#[tokio::test]
async fn a_repeated_command_is_known_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let room = create(&store, "ops").await;
    let room = commit_times(&store, room, 200).await;
    store.close().await;

    let (store, _) = open(dir.path()).await.unwrap();
    let restarted = load(&store, &room.room_id).await;
    for version in [1, 127, 128, 200] {
        let patch = RoomPatch { name: Some("again".to_owned()), ..RoomPatch::default() };
        let op = Op { participant_id: host(), id: format!("c{version}"), payload_hash: version };
        let actor = Actor::Participant { id: host(), base: Role::Member };
        let envelope = Envelope { op: Some(op), ..Envelope::of(actor) };
        let request = Request { envelope, command: Command::ChangeRoom(patch) };
        let decision = restarted.handle(&request, &Facts::default());
        assert_eq!(decision, Ok(Decision::Duplicate(Place { epoch: 1, version: version + 1 })));
    }
}

#[tokio::test]
async fn after_a_restart_each_host_has_one_lease_to_come_back() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let waiting = create(&store, "waiting").await;
    let live = create(&store, "live").await;
    let request = Request::of_system(Command::Connected { participant: host() });
    let Ok(Decision::Commit(commit)) = live.handle(&request, &Facts::default()) else {
        panic!("the host's arrival starts the party")
    };
    store.commit(&Arc::new(live.clone()), Arc::new(*commit)).await.unwrap();
    store.close().await;

    let (store, clock) = open(dir.path()).await.unwrap();
    let signs = store.life_signs(&live.room_id).await.unwrap();
    let lease = signs.lease.unwrap();
    let rebased = load(&store, &live.room_id).await;
    assert_eq!(rebased.lifecycle.state, LifecycleState::Live);
    assert_eq!(lease, rebased.at.plus_millis(15_000));
    assert_eq!(signs.attended, Some(rebased.at), "nobody can have connected meanwhile");
    assert_eq!(store.life_signs(&waiting.room_id).await.unwrap().lease, None);
    assert!(store.list_due(lease, 10).await.unwrap().contains(&live.room_id));
    assert!(clock.now() >= rebased.at);
}

#[tokio::test]
async fn a_clock_that_was_set_while_no_server_ran_ends_no_party() {
    let hour_ms = 3_600_000;
    // The machine's clock is far behind the rooms' time, then far ahead of it.
    for created_at in [room("a").at, Timestamp::from_millis(hour_ms)] {
        let dir = TempDir::new().unwrap();
        let (store, _) = open(dir.path()).await.unwrap();
        let waiting = laws::room_at("waiting", created_at);
        store.create(waiting.clone()).await.unwrap();
        store.close().await;
        let lived_until = created_at.plus_millis(hour_ms).as_millis();
        let alive = format!("{lived_until:020} {lived_until:020}\n");
        std::fs::write(dir.path().join("alive"), alive).unwrap();

        let (store, clock) = open(dir.path()).await.unwrap();
        let now = load(&store, &waiting.room_id).await;
        let left_ms = now.deadline().unwrap().millis_since(now.at);
        assert_eq!(left_ms, engine::CREATED_MS - hour_ms, "as much as when the server ended");
        assert!(store.list_due(clock.now(), 10).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn without_a_sign_of_life_a_room_waits_for_its_host_as_if_it_was_new() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let waiting = laws::room_at("waiting", Timestamp::from_millis(1_000));
    store.create(waiting.clone()).await.unwrap();
    store.close().await;
    std::fs::write(dir.path().join("alive"), "torn").unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let now = load(&store, &waiting.room_id).await;
    assert_eq!(now.deadline().unwrap().millis_since(now.at), engine::CREATED_MS);
}
