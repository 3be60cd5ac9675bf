//! Acknowledged commits survive the process, however it ends.

use std::collections::BTreeMap;

use contracts::{LifecycleState, Resume, Role, Status};
use engine::RoomId;
use harness::{Api, Closed, DEADLINE, ServerOptions, ServerProcess, WsClient};
use serde_json::{Value, json};
use server::sql::Sql;

use crate::nodes::site::until;
use crate::party::{does_not_start, number, options, sample, versioned};

const SEEKS: u64 = 200;

#[tokio::test]
async fn acknowledged_commits_survive_a_power_cut() {
    let mut server = with_journal().start().await.unwrap();
    let (api, room_id, mut host) = host_in_a_room(&server).await;
    host.ack("set_media", json!({ "link": sample(&server) })).await.unwrap();
    host.ack("change_quality", json!({ "rendition": "auto" })).await.unwrap();
    host.ack("set_rate", json!({ "rate": 1.5 })).await.unwrap();
    let last = host.ack("seek", json!({ "position_ms": 4321 })).await.unwrap();
    let before = api.state(&room_id).await.unwrap();
    server.kill_9().await.unwrap();
    server.restart().await.unwrap();

    let after = api.state(&room_id).await.unwrap();
    assert_eq!((before.epoch, before.version), (last.epoch, last.version));
    assert_eq!((after.epoch, after.version), (last.epoch + 1, last.version + 1), "one rebuild");
    assert_eq!(after.room.playback, before.room.playback);
    assert_eq!(after.room.media, before.room.media);
    assert_eq!((after.room.host_id, after.room.code), (before.room.host_id, before.room.code));
    assert_eq!(after.room.state, LifecycleState::Live);
    assert!(after.at_ms >= before.at_ms, "the room clock goes on");
}

#[tokio::test]
async fn a_client_resumes_as_the_same_participant_with_the_same_role() {
    let mut server = with_journal().start().await.unwrap();
    let (api, room_id, mut host) = host_in_a_room(&server).await;
    host.ack("set_media", json!({ "link": sample(&server) })).await.unwrap();
    let guest_api = server.api().as_guest("Ben").await.unwrap();
    let mut guest = guest_api.connect(&room_id).await.unwrap();
    let welcome = guest.welcome(&[], None).await.unwrap();
    let last = host.ack("play", json!({})).await.unwrap();
    let host_id = api.join(&room_id).await.unwrap().participant_id;
    server.kill_9().await.unwrap();
    assert_eq!(host.closed().await.unwrap().close_code, None);
    assert_eq!(guest.closed().await.unwrap().close_code, None);
    server.restart().await.unwrap();

    let resume = |session_id: &Value| Resume {
        session_id: session_id.as_str().unwrap_or_default().to_owned(),
        epoch: last.epoch,
        version: last.version,
    };
    let mut guest = guest_api.connect(&room_id).await.unwrap();
    let session_id = &welcome["data"]["session_id"];
    let again = guest.welcome(&[], Some(resume(session_id))).await.unwrap();
    assert_eq!(again["epoch"], last.epoch + 1);
    assert_eq!(again["data"]["participant_id"], welcome["data"]["participant_id"]);
    assert_eq!(again["data"]["role"], "guest");
    let rebased = versioned(&mut guest).await;
    assert_eq!(rebased["type"], "rebased");
    let previous = json!({ "epoch": last.epoch, "version": last.version });
    assert_eq!(rebased["data"], json!({ "previous": previous, "lost": false }));
    assert_eq!((&rebased["epoch"], &rebased["version"]), (&again["epoch"], &again["version"]));

    let mut host = api.connect(&room_id).await.unwrap();
    let welcome = host.hello_with(&[], Some(resume(&json!("s_old")))).await.unwrap();
    assert_eq!((welcome.role, welcome.participant_id), (Role::Host, host_id));
    host.ack("pause", json!({})).await.unwrap();
    let paused = versioned(&mut guest).await;
    assert_eq!(paused["data"]["playback"]["status"], json!(Status::Paused));
    assert_eq!(number(&paused["version"]), number(&rebased["version"]) + 1);

    // A new connection isn't told of the rebuild.
    let mut fresh = guest_api.connect(&room_id).await.unwrap();
    fresh.hello(&[]).await.unwrap();
    host.ack("play", json!({})).await.unwrap();
    assert_eq!(versioned(&mut fresh).await["type"], "playback_changed");
}

#[tokio::test]
async fn a_power_cut_during_commands_loses_and_repeats_no_acknowledged_one() {
    let mut server = with_journal().start().await.unwrap();
    let (api, room_id, mut host) = host_in_a_room(&server).await;
    host.ack("set_media", json!({ "link": sample(&server) })).await.unwrap();
    let mut base = api.state(&room_id).await.unwrap();
    for (round, answers_before_the_cut) in [1, 10, 60].into_iter().enumerate() {
        for number in 1..=SEEKS {
            host.send_json(&seek(round, number)).await.unwrap();
        }
        let mut acked = BTreeMap::new();
        for number in 1..=answers_before_the_cut {
            let ack = host.answer(&id(round, number)).await.unwrap();
            acked.insert(number, self::number(&ack["version"]));
        }
        server.kill_9().await.unwrap();
        // Frames that the server sent before it was killed count too.
        host.closed().await.unwrap();
        for frame in host.take_unread().iter().filter(|frame| frame["type"] == "ack") {
            let known = (1..=SEEKS).find(|number| frame["id"] == id(round, *number));
            acked.insert(known.expect("an ack of this round"), number(&frame["version"]));
        }
        server.restart().await.unwrap();

        let state = api.state(&room_id).await.unwrap();
        assert_eq!(state.epoch, base.epoch + 1);
        let kept = state.version - 1 - base.version;
        let acknowledged = *acked.keys().next_back().expect("at least one");
        assert!((acknowledged..=SEEKS).contains(&kept), "acknowledged {acknowledged}, kept {kept}");
        assert_eq!(state.room.playback.position_ms, position_ms(round, kept));

        host = api.enter(&room_id).await.unwrap();
        for number in 1..=SEEKS {
            let (id, data) = (id(round, number), seek(round, number)["data"].clone());
            let again = host.command_with_id(&id, "seek", data).await.unwrap();
            assert_eq!(again["type"], "ack", "{again}");
            assert_eq!(again["data"]["duplicate"], number <= kept, "the seek {number}");
            if number <= kept {
                assert_eq!(self::number(&again["version"]), base.version + number);
                assert_eq!(again["epoch"], base.epoch);
            }
        }
        base = api.state(&room_id).await.unwrap();
        assert_eq!(base.version, state.version + SEEKS - kept, "each seek took effect once");
        assert_eq!(base.room.playback.position_ms, position_ms(round, SEEKS));
        // A new connection, which has its own rate limit.
        host = api.enter(&room_id).await.unwrap();
    }
}

#[tokio::test]
async fn an_ended_room_stays_ended_after_a_restart() {
    let mut server = options().start().await.unwrap();
    let (api, room_id, host) = host_in_a_room(&server).await;
    api.delete_room(&room_id).await.unwrap();
    drop(host);
    server.restart().await.unwrap();
    let found = api.state(&room_id).await.unwrap_err().to_string();
    let refused = api.join(&room_id).await.unwrap_err().to_string();
    assert!(found.contains("room_closed") && refused.contains("room_closed"), "{found} {refused}");
}

#[tokio::test]
async fn a_server_that_is_asked_to_end_announces_it_and_keeps_everything() {
    let mut server = with_journal().start().await.unwrap();
    let (api, room_id, mut host) = host_in_a_room(&server).await;
    host.ack("set_media", json!({ "link": sample(&server) })).await.unwrap();
    let guest_api = server.api().as_guest("Ben").await.unwrap();
    let mut guest = guest_api.enter(&room_id).await.unwrap();
    // Neither a client without hello nor one that doesn't read may delay it.
    let mut early = guest_api.connect(&room_id).await.unwrap();
    let _deaf = guest_api.enter(&room_id).await.unwrap();
    let last = host.ack("seek", json!({ "position_ms": 2222 })).await.unwrap();
    server.ask_to_end().unwrap();
    let draining = Closed { close_code: Some(4503), reason: "draining".to_owned() };
    for socket in [&mut host, &mut guest] {
        let closing = socket.wait_for("closing").await.unwrap();
        assert_eq!(closing["data"]["code"], "draining");
        assert_eq!(closing["data"]["retry"], "immediate");
        assert_eq!(socket.closed().await.unwrap(), draining);
    }
    early.closed().await.unwrap();
    assert_eq!(server.wait_exit().await.unwrap(), Some(0));

    server.restart().await.unwrap();
    let state = api.state(&room_id).await.unwrap();
    assert_eq!((state.version, state.room.playback.position_ms), (last.version + 1, 2222));
}

#[tokio::test]
async fn a_second_process_on_the_same_data_ends_with_an_explanation_and_harms_nothing() {
    let server = with_journal().start().await.unwrap();
    let (_, _, mut host) = host_in_a_room(&server).await;
    let words = does_not_start(with_journal().data_dir(server.data_dir())).await;
    assert!(words.contains("another process is using the data directory"), "{words}");
    host.ack("set_media", json!({ "link": sample(&server) })).await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_start_names_the_reason() {
    let server = options().start().await.unwrap();
    let taken = server.address().to_owned();
    for name in ["PLAYHEAD_LISTEN", "PLAYHEAD_ADMIN_LISTEN"] {
        let words = does_not_start(options().env(name, &taken)).await;
        assert!(words.contains(&format!("can't listen on {taken}")), "{words}");
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let words = does_not_start(options().data_dir(&file)).await;
    let named = file.to_str().expect("a plain path");
    assert!(words.contains(named) && words.contains("can't be made"), "{words}");
    let missing = directory.path().join("missing.pem");
    let missing = missing.to_str().expect("a plain path");
    let words = does_not_start(options().env("PLAYHEAD_TOKEN_KEY_FILE", missing)).await;
    assert!(words.contains("PLAYHEAD_TOKEN_KEY_FILE"), "{words}");
}

#[tokio::test]
async fn a_corrupt_journal_is_named_in_the_error() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut server = with_journal().data_dir(&data).start().await.unwrap();
    let (_, _, mut host) = host_in_a_room(&server).await;
    host.ack("set_media", json!({ "link": sample(&server) })).await.unwrap();
    assert_eq!(server.terminate().await.unwrap(), Some(0));
    drop(server);
    let journal = data.join("journal.db");
    assert!(journal.is_file(), "the journal lies in the data directory");
    std::fs::write(&journal, "not a database, not at all".repeat(500)).unwrap();
    let words = does_not_start(with_journal().data_dir(&data)).await;
    assert!(words.contains("journal"), "{words}");
}

#[tokio::test]
async fn a_journal_without_its_log_costs_rooms_their_last_changes_and_each_is_named() {
    let mut server = with_journal().start().await.unwrap();
    let rooms = Seeked::three(&server).await;
    let database = server.data_dir().join("playhead.db");
    let sql = Sql::open_file(&database).await.unwrap();
    for room in &rooms {
        let room_id = RoomId::new(&room.room_id);
        let written = async || {
            let row = sql.load_snapshot(&room_id).await.unwrap()?;
            (row.version >= room.version).then_some(())
        };
        until("a snapshot in the database", DEADLINE, written).await;
    }
    sql.close().await;
    server.kill_9().await.unwrap();
    for end in ["wal", "shm"] {
        std::fs::remove_file(server.data_dir().join(format!("journal.db-{end}"))).unwrap();
    }
    server.restart().await.unwrap();
    let log = server.log();
    let named = log.lines().find(|line| line.contains("they go on from their snapshots"));
    for room in &rooms {
        room.goes_on().await;
        assert!(named.is_some_and(|line| line.contains(&room.room_id)), "{log}");
    }
}

#[tokio::test]
async fn a_journal_whose_database_is_lost_keeps_its_rooms_and_the_log_says_that_guests_are_unknown()
{
    let mut server = with_journal().start().await.unwrap();
    let rooms = Seeked::three(&server).await;
    assert_eq!(server.terminate().await.unwrap(), Some(0));
    std::fs::remove_file(server.data_dir().join("playhead.db")).unwrap();
    server.restart().await.unwrap();
    let log = server.log();
    assert!(log.contains("the database knows none of the journal's rooms"), "{log}");
    let newcomer = server.api().as_guest("Cleo").await.unwrap();
    for room in &rooms {
        newcomer.join(&room.room_id).await.unwrap();
        let state = newcomer.state(&room.room_id).await.unwrap();
        assert_eq!(state.room.playback.position_ms, room.position_ms);
    }
}

#[tokio::test]
async fn a_damaged_journal_is_set_aside_and_rooms_go_on_from_the_database() {
    const PAGE: usize = 4096;
    let mut server = with_journal().start().await.unwrap();
    let rooms = Seeked::three(&server).await;
    assert_eq!(server.terminate().await.unwrap(), Some(0));
    let journal = server.data_dir().join("journal.db");
    let mut damaged = std::fs::read(&journal).unwrap();
    damaged[PAGE..].fill(0);
    std::fs::write(&journal, &damaged).unwrap();
    server.restart().await.unwrap();
    for room in &rooms {
        room.goes_on().await;
    }
    let log = server.log();
    assert!(log.contains("the journal was damaged: it is set aside"), "{log}");
    let kept = server.data_dir().join("journal.db.damaged-1");
    assert_eq!(std::fs::read(kept).unwrap().len(), damaged.len());
}

/// A room whose playhead was moved.
struct Seeked {
    api: Api,
    room_id: String,
    session_id: String,
    position_ms: u64,
    epoch: u64,
    version: u64,
}

impl Seeked {
    async fn three(server: &ServerProcess) -> Vec<Self> {
        let mut rooms = Vec::new();
        for position_ms in [1111, 2222, 3333] {
            let api = server.api().as_guest("Ada").await.unwrap();
            let room_id = api.create_room("Friday").await.unwrap().room_id;
            let mut host = api.connect(&room_id).await.unwrap();
            let welcome = host.welcome(&[], None).await.unwrap();
            host.ack("set_media", json!({ "link": sample(server) })).await.unwrap();
            let seek = json!({ "position_ms": position_ms });
            let last = host.ack("seek", seek).await.unwrap();
            let session_id = welcome["data"]["session_id"].as_str().expect("a text").to_owned();
            let (epoch, version) = (last.epoch, last.version);
            rooms.push(Self { api, room_id, session_id, position_ms, epoch, version });
        }
        rooms
    }

    /// Asserts that the room is there under a new epoch, and that who resumes is told of a loss.
    async fn goes_on(&self) {
        let state = self.api.state(&self.room_id).await.unwrap();
        assert_eq!(state.room.playback.position_ms, self.position_ms);
        assert!(state.epoch > self.epoch && state.version > self.version, "{state:?}");
        let (epoch, version) = (self.epoch, self.version);
        let resume = Resume { session_id: self.session_id.clone(), epoch, version };
        let mut host = self.api.connect(&self.room_id).await.unwrap();
        host.welcome(&[], Some(resume)).await.unwrap();
        let rebased = versioned(&mut host).await;
        assert_eq!((&rebased["type"], &rebased["data"]["lost"]), (&json!("rebased"), &json!(true)));
        host.ack("play", json!({})).await.unwrap();
    }
}

/// A server with the memory store, even if the other tests run over Redis.
fn with_journal() -> ServerOptions {
    options().env("PLAYHEAD_STORE", "memory")
}

/// A new room with its host connected.
async fn host_in_a_room(server: &ServerProcess) -> (Api, String, WsClient) {
    let api = server.api().as_guest("Ada").await.unwrap();
    let room_id = api.create_room("Friday").await.unwrap().room_id;
    let host = api.enter(&room_id).await.unwrap();
    (api, room_id, host)
}

fn id(round: usize, number: u64) -> String {
    format!("r{round}s{number}")
}

/// A different position each time, so that every seek changes something.
fn position_ms(round: usize, number: u64) -> u64 {
    1 + round as u64 + number * 20
}

fn seek(round: usize, number: u64) -> Value {
    let data = json!({ "position_ms": position_ms(round, number) });
    json!({ "type": "seek", "id": id(round, number), "data": data })
}
