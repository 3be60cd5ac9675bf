//! Barriers: starts that wait for players to load.

use std::time::{Duration, Instant};

use contracts::{CreateRoom, Playback, Status};
use harness::{Api, FaultProxy};
use serde_json::{Value, json};

use crate::party::{Party, new_room, number, playback, sample, server, text};

/// The delay of the slow connection in each direction.
const SLOW: Duration = Duration::from_millis(200);
/// A round trip that is slow, but in time for a start to be planned for it, and one that isn't.
const IN_TIME: Duration = Duration::from_millis(800);
const LATE: Duration = Duration::from_millis(1_400);
const POLL: Duration = Duration::from_millis(500);
/// A host's round trip is measured every five seconds.
const NOTICED: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_start_waits_until_every_player_is_ready() {
    let mut party = Party::watching_with(&["ready"]).await;
    let (frame, waiting) = start(&mut party).await;
    let wait = waiting.waiting.as_ref().expect("it says for whom");
    assert_eq!(wait.since_version, party.version);
    assert_eq!(wait.deadline_ms, number(&frame["at_ms"]) + 3000);
    let mut awaited = wait.waiting_for.participant_ids.clone();
    awaited.sort_unstable();
    let mut both = vec![party.host_id.clone(), party.guest_id.clone()];
    both.sort_unstable();
    assert_eq!((wait.waiting_for.count, awaited), (2, both));

    let ready = json!({ "version": party.version });
    let acked = party.guest.ack("ready", ready.clone()).await.unwrap();
    assert_eq!(acked.version, party.version, "one of two starts nothing");
    party.host.ack("ready", ready).await.unwrap();
    let started = party.committed().await;
    assert_eq!(
        (&started["data"]["cause"], &started["data"]["by"]),
        (&json!("ready"), &json!(null))
    );
    let now = playback(&started);
    assert_eq!((now.status, now.position_ms, now.waiting.as_ref()), (Status::Playing, 0, None));
    assert!(now.anchor_at_ms >= number(&started["at_ms"]) + 150, "scheduled ahead: {started}");
}

#[tokio::test]
async fn a_player_that_never_answers_delays_the_start_until_the_deadline_at_most() {
    let mut party = Party::watching_with(&["ready"]).await;
    let (_, waiting) = start(&mut party).await;
    let deadline_ms = waiting.waiting.expect("it waits").deadline_ms;
    party.host.ack("ready", json!({ "version": party.version })).await.unwrap();
    let started = party.committed().await;
    assert_eq!(
        (&started["data"]["cause"], &started["data"]["by"]),
        (&json!("deadline"), &json!(null))
    );
    assert!(number(&started["at_ms"]) >= deadline_ms);
    assert_eq!(playback(&started).status, Status::Playing);
    // It started once; a late `ready` is acknowledged and changes nothing.
    let late = party.guest.ack("ready", json!({ "version": party.version - 1 })).await.unwrap();
    assert_eq!(late.version, party.version);
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_player_that_was_never_ready_is_not_waited_for_again_until_it_is_ready_in_time() {
    let mut party = Party::watching_with(&["ready"]).await;
    start(&mut party).await;
    party.host.ack("ready", json!({ "version": party.version })).await.unwrap();
    assert_eq!(party.committed().await["data"]["cause"], "deadline");

    // The next start waits for the host alone.
    let frame = party.command("seek", json!({ "position_ms": 3000 })).await;
    let wait = playback(&frame).waiting.expect("it waits");
    assert_eq!(wait.waiting_for.participant_ids, [party.host_id.clone()]);
    // This one is ready in time, but nobody waits for it.
    party.guest.ack("ready", json!({ "version": party.version })).await.unwrap();
    party.host.ack("ready", json!({ "version": party.version })).await.unwrap();
    assert_eq!(party.committed().await["data"]["cause"], "ready");

    let frame = party.command("seek", json!({ "position_ms": 6000 })).await;
    let wait = playback(&frame).waiting.expect("it waits");
    assert_eq!(wait.waiting_for.count, 2, "it behaved");
}

#[tokio::test]
async fn guests_who_come_one_after_another_and_are_never_ready_hold_up_one_start() {
    let mut party = Party::watching_with(&["ready"]).await;
    start(&mut party).await;
    be_ready(&mut party).await;
    assert_eq!(party.committed().await["data"]["cause"], "ready");

    let mut fresh = Vec::new();
    for (name, cause, position_ms) in
        [("Cleo", "deadline", 3000), ("Dora", "ready", 5000), ("Emma", "ready", 1000)]
    {
        let api = party.server.api().as_guest(name).await.unwrap();
        let mut socket = api.connect(&party.room_id).await.unwrap();
        socket.hello(&["ready"]).await.unwrap();
        fresh.push(socket);
        let frame = party.command("seek", json!({ "position_ms": position_ms })).await;
        let wait = playback(&frame).waiting.expect("it waits");
        let awaited = if cause == "deadline" { 3 } else { 2 };
        assert_eq!(wait.waiting_for.count, awaited, "{name} has just come");
        be_ready(&mut party).await;
        assert_eq!(party.committed().await["data"]["cause"], cause, "{name}");
    }
}

#[tokio::test]
async fn a_start_does_not_wait_for_a_player_that_disconnects() {
    let mut party = Party::watching_with(&["ready"]).await;
    start(&mut party).await;
    party.host.ack("ready", json!({ "version": party.version })).await.unwrap();
    drop(party.guest);
    party.guest = party.guest_api.enter(&party.room_id).await.unwrap();
    let started = party.host.take("the start", of_cause("ready")).await.unwrap();
    assert_eq!(number(&started["version"]), party.version + 1);
    assert_eq!(playback(&started).status, Status::Playing);
}

#[tokio::test]
async fn a_start_does_not_wait_for_a_late_joiner() {
    let mut party = Party::watching_with(&["ready"]).await;
    start(&mut party).await;
    let late_api = party.server.api().as_guest("Cleo").await.unwrap();
    let mut late = late_api.connect(&party.room_id).await.unwrap();
    let welcome = late.hello(&["ready"]).await.unwrap();
    assert_eq!(welcome.room.playback.status, Status::Waiting);
    let ready = json!({ "version": party.version });
    party.host.ack("ready", ready.clone()).await.unwrap();
    party.guest.ack("ready", ready).await.unwrap();
    assert_eq!(party.committed().await["data"]["cause"], "ready");
}

#[tokio::test]
async fn without_players_that_announce_readiness_a_start_is_immediate() {
    let mut party = Party::watching_with(&["telepathy"]).await;
    let frame = party.command("play", json!({})).await;
    let now = playback(&frame);
    assert_eq!((now.status, now.anchor_at_ms), (Status::Playing, number(&frame["at_ms"])));
    let now = playback(&party.command("seek", json!({ "position_ms": 3000 })).await);
    assert_eq!((now.status, now.position_ms), (Status::Playing, 3000));
}

#[tokio::test]
async fn a_seek_while_playing_waits_until_play_pause_or_another_seek() {
    let mut party = Party::watching_with(&["ready"]).await;
    start(&mut party).await;
    let forced = playback(&party.command("play", json!({})).await);
    assert_eq!(forced.status, Status::Playing, "play forces the start");

    let frame = party.command("seek", json!({ "position_ms": 4000 })).await;
    let now = playback(&frame);
    assert_eq!((now.status, now.position_ms), (Status::Waiting, 4000));
    let wait = now.waiting.expect("it waits");
    assert_eq!(wait.deadline_ms, number(&frame["at_ms"]) + 1500);

    let replaced = playback(&party.command("seek", json!({ "position_ms": 6000 })).await);
    let again = replaced.waiting.expect("it waits anew");
    assert_eq!((replaced.position_ms, again.since_version), (6000, party.version));
    // Readiness for the replaced barrier starts nothing.
    for socket in [&mut party.host, &mut party.guest] {
        socket.ack("ready", json!({ "version": wait.since_version })).await.unwrap();
    }
    let stopped = playback(&party.command("pause", json!({})).await);
    assert_eq!(
        (stopped.status, stopped.position_ms, stopped.waiting),
        (Status::Paused, 6000, None)
    );
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_player_that_rebuffers_makes_the_room_wait_once_in_thirty_seconds() {
    let room = CreateRoom { rebuffer_barrier: true, ..new_room() };
    let mut party = Party::watching_in(server().await, &room, &["ready"]).await;
    // Nothing is playing yet, so this doesn't count.
    party.guest.ack("buffering", json!({ "on": true })).await.unwrap();
    party.nothing_happened().await;
    start(&mut party).await;
    party.command("play", json!({})).await;
    party.guest.ack("buffering", json!({ "on": true })).await.unwrap();
    let frame = party.committed().await;
    assert_eq!(
        (&frame["data"]["cause"], playback(&frame).status),
        (&json!("rebuffer"), Status::Waiting)
    );
    party.command("play", json!({})).await;
    party.guest.ack("buffering", json!({ "on": false })).await.unwrap();
    party.guest.ack("buffering", json!({ "on": true })).await.unwrap();
    party.nothing_happened().await;
    // Otherwise members taking turns could hold the room forever.
    party.host.ack("buffering", json!({ "on": true })).await.unwrap();
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_connection_without_a_player_never_makes_the_room_wait() {
    let room = CreateRoom { rebuffer_barrier: true, ..new_room() };
    let mut party = Party::watching_in(server().await, &room, &["ready"]).await;
    let remote_api = party.server.api().as_guest("Cleo").await.unwrap();
    let mut remote = remote_api.enter(&party.room_id).await.unwrap();
    start(&mut party).await;
    party.command("play", json!({})).await;
    remote.ack("buffering", json!({ "on": true })).await.unwrap();
    party.nothing_happened().await;
    party.guest.ack("buffering", json!({ "on": true })).await.unwrap();
    let frame = party.committed().await;
    assert_eq!(frame["data"]["cause"], "rebuffer", "a player's buffering still does");
}

#[tokio::test]
async fn a_start_is_as_far_ahead_as_the_slowest_connection_needs() {
    let (mut party, line) = host_behind_a_line(SLOW, SLOW).await;
    let needed_ms = 150 + u64::try_from(SLOW.as_millis()).unwrap();
    let ahead_ms = forced_start(&mut party).await;
    assert!((needed_ms..=1500).contains(&ahead_ms), "{ahead_ms} of {needed_ms} ms ahead");

    // The connection becomes fast; the host is pinged every five seconds.
    line.delay(Duration::ZERO, Duration::ZERO);
    let began = Instant::now();
    loop {
        party.host.read_for(POLL).await.unwrap();
        party.command("seek", json!({ "position_ms": 0 })).await;
        if forced_start(&mut party).await < needed_ms {
            return;
        }
        assert!(began.elapsed() < NOTICED, "starts wait for a line that is slow no more");
    }
}

#[tokio::test]
async fn a_player_whose_pongs_come_late_puts_off_nobodys_start() {
    let (mut party, line) = host_behind_a_line(IN_TIME, Duration::ZERO).await;
    let needed_ms = 150 + u64::try_from(IN_TIME.as_millis()).unwrap() / 2;
    let ahead_ms = forced_start(&mut party).await;
    assert!(ahead_ms >= needed_ms, "starts are planned for it: {ahead_ms} of {needed_ms} ms ahead");

    // From now on, everything that the host sends comes late, and so do its pongs.
    line.delay(LATE, Duration::ZERO);
    let began = Instant::now();
    loop {
        party.host.read_for(POLL).await.unwrap();
        party.command("seek", json!({ "position_ms": 0 })).await;
        if forced_start(&mut party).await < needed_ms {
            return;
        }
        assert!(began.elapsed() < NOTICED, "starts wait for pongs that come late");
    }
}

/// A party whose host is behind a line with these delays, from the host and to the host. Its round trip is measured.
async fn host_behind_a_line(from: Duration, to: Duration) -> (Party, FaultProxy) {
    let server = server().await;
    let near = server.address().to_owned();
    let line = FaultProxy::start(near.parse().unwrap()).await.unwrap();
    line.delay(from, to);
    let token = server.api().guest("Ada").await.unwrap().access_token;
    let host_api = Api::new(&format!("http://{}/", line.address())).with_token(&token);
    let guest_api = server.api().as_guest("Ben").await.unwrap();
    let mut party = Party::of(server, host_api, guest_api, &new_room(), &["ready"]).await;
    // A pong that is sent late would be measured as slow, the guest's for 20 s.
    let Party { host, guest, .. } = &mut party;
    tokio::try_join!(host.read_for(POLL), guest.read_for(POLL)).unwrap();
    let link = sample(&party.server);
    party.command("set_media", json!({ "link": link })).await;
    // After two round trips the server has received the pong to its own ping.
    party.host.ack("buffering", json!({ "on": false })).await.unwrap();
    (party, line)
}

/// Lets the host force a start; returns how far ahead it is, in milliseconds.
async fn forced_start(party: &mut Party) -> u64 {
    if party.state().await.room.playback.status != Status::Waiting {
        start(party).await;
    }
    let frame = party.command("play", json!({})).await;
    assert_eq!(playback(&frame).status, Status::Playing);
    playback(&frame).anchor_at_ms - number(&frame["at_ms"])
}

/// Lets both players be ready.
async fn be_ready(party: &mut Party) {
    let ready = json!({ "version": party.version });
    party.guest.ack("ready", ready.clone()).await.unwrap();
    party.host.ack("ready", ready).await.unwrap();
}

/// Lets the host play, so that the room waits.
async fn start(party: &mut Party) -> (Value, Playback) {
    let frame = party.command("play", json!({})).await;
    let now = playback(&frame);
    assert_eq!((now.status, text(&frame["data"]["cause"]).as_str()), (Status::Waiting, "play"));
    (frame, now)
}

fn of_cause(cause: &str) -> impl Fn(&Value) -> bool {
    move |frame| frame["type"] == "playback_changed" && frame["data"]["cause"] == cause
}
