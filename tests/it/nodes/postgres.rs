//! Nodes over PostgreSQL.

use std::sync::Arc;

use harness::http::Method;
use harness::{DEADLINE, PostgresServer};
use serde_json::{Value, json};

use super::site::{Site, until};
use super::story;
use crate::party::{Party, new_room, options, sample};
use crate::wall::Wall;

#[tokio::test]
async fn postgresql_behaves_like_sqlite() {
    let postgres = PostgresServer::start_unsynced().await.unwrap();
    let mut site = Site::of(0).await;
    for _ in 0..2 {
        let node = site.options().env("PLAYHEAD_DATABASE_URL", postgres.url()).start().await;
        site.nodes.push(Arc::new(node.unwrap()));
    }
    let mut party = site.watch(&story::room(), &[]).await.party;
    story::tell(&mut party).await;

    // A room that Redis has lost is rebuilt under an epoch of PostgreSQL.
    let mut party: Party = site.watch(&story::room(), &[]).await.party;
    party.host.ack("seek", json!({ "position_ms": 2500 })).await.unwrap();
    let written = "SELECT count(*) FROM rooms WHERE room_id = '";
    let written = format!("{written}{}'", party.room_id);
    assert_eq!(postgres.query(&postgres.url(), &written).await.unwrap().trim(), "1");
    party.committed().await;
    site.redis.command(&["FLUSHALL"]).await.unwrap();
    let link = sample(&party.server);
    let acked = party.host.ack("set_media", json!({ "link": link })).await.unwrap();
    // Both nodes may have asked for an epoch; the room has one that PostgreSQL issued.
    let issued = format!("SELECT epoch FROM rooms WHERE room_id = '{}'", party.room_id);
    let issued = postgres.query(&postgres.url(), &issued).await.unwrap().trim().parse().unwrap();
    assert!((2..=issued).contains(&acked.epoch), "{} of {issued}", acked.epoch);
    let rebased = party.guest.wait_for("rebased").await.unwrap();
    assert_eq!(rebased["epoch"], acked.epoch);
    // The guest's node tells the choice as an event or, if its message was lost with Redis, by the state.
    let (epoch, version) = (json!(acked.epoch), json!(acked.version));
    let tells = |frame: &Value| {
        let carries_media = frame["type"] == "media_changed" || frame["type"] == "room_state";
        carries_media && frame["epoch"] == epoch && frame["version"] == version
    };
    party.guest.take("the choice", tells).await.unwrap();
}

#[tokio::test]
async fn readyz_names_a_database_that_is_away_and_stays_ready_because_rooms_go_on() {
    let mut postgres = PostgresServer::start_unsynced().await.unwrap();
    let server = options().env("PLAYHEAD_DATABASE_URL", postgres.url()).start().await.unwrap();
    let mut party = Party::watching_in(Arc::new(server), &new_room(), &[]).await;
    let admin = party.server.admin_api();
    let says = async |words: &str| {
        until(words, DEADLINE, async || {
            let response = admin.raw(Method::GET, "readyz", &[], "").await.ok()?;
            assert_eq!(response.status, 200, "{}", response.text);
            response.text.starts_with(words).then_some(())
        })
        .await;
    };
    let (well, degraded) =
        ("ready\nstore: ok\ndatabase: ok\n", "degraded\nstore: ok\ndatabase: sql");
    says(well).await;
    postgres.pause().unwrap();
    says(degraded).await;
    party.command("play", json!({})).await;
    postgres.resume().unwrap();
    says(well).await;
    postgres.stop().await.unwrap();
    says(degraded).await;
    party.command("pause", json!({})).await;
    postgres.restart().await.unwrap();
    says(well).await;
}

#[tokio::test]
async fn a_node_whose_clock_is_years_off_ends_nobodys_session() {
    let postgres = PostgresServer::start_unsynced().await.unwrap();
    let mut site = Site::of(0).await;
    let (behind, ahead) = (Wall::at("-10y"), Wall::at("+10y"));
    for options in [site.options(), behind.shown_to(site.options()), ahead.shown_to(site.options())]
    {
        let node = options.env("PLAYHEAD_DATABASE_URL", postgres.url()).start().await;
        site.nodes.push(Arc::new(node.unwrap()));
    }
    for began_at in 0..3 {
        let mut tokens = site.api(began_at).guest("Ada").await.unwrap();
        let user_id = tokens.user_id.clone();
        for node in [0, 1, 0, 2, 0, 2, 1, 2, 0] {
            tokens = site.api(node).refresh(&tokens.refresh_token).await.unwrap();
            assert_eq!(tokens.user_id, user_id, "at node {node}");
        }
    }
}
