//! The policies for a room whose host stays away, which have the same effect at every node.

use contracts::{CreateRoom, HostLoss, Role, Status};
use harness::{Closed, WsClient};
use serde_json::{Value, json};

use super::site::{Across, Site, site};
use crate::party::{new_room, number, playback, versioned};

/// Short, so that the loss of a host is noticed soon.
const LEASE_MS: u64 = 2000;
const GRACE_MS: u64 = 500;

#[tokio::test]
async fn by_default_the_party_ends_at_every_node() {
    let site = site().await;
    let mut scene = Scene::of(&site, HostLoss::Expire).await;
    scene.break_host();
    let fence = scene.both_receive_edge("grace", "host_lost").await["data"]["fence"].clone();
    let expired = scene.both_receive_edge("expired", "grace_ended").await;
    assert_eq!(number(&expired["data"]["fence"]), number(&fence) + 1);
    let closed = Closed { close_code: Some(4410), reason: "room_closed".to_owned() };
    for socket in [&mut scene.here, &mut scene.there] {
        assert_eq!(socket.closed().await.unwrap(), closed);
    }
}

#[tokio::test]
async fn a_held_room_goes_on_and_its_former_host_regains_it_at_the_other_node() {
    let site = site().await;
    let mut scene = Scene::of(&site, HostLoss::Hold).await;
    scene.break_host();
    scene.both_receive_edge("grace", "host_lost").await;
    let held = scene.both_receive_edge("live", "grace_ended").await;
    assert_eq!((&held["data"]["host_id"], playback(&held).status), (&Value::Null, Status::Playing));
    for socket in [&mut scene.here, &mut scene.there] {
        assert_eq!(socket.reject("pause", json!({})).await.unwrap().code, "not_host");
    }
    let mut host = scene.host_elsewhere.enter(&scene.room_id).await.unwrap();
    for socket in [&mut scene.here, &mut scene.there] {
        let back = versioned(socket).await;
        assert_eq!(
            (&back["type"], &back["data"]["cause"]),
            (&json!("host_changed"), &json!("return"))
        );
        assert_eq!(back["data"]["host_id"], scene.host_id);
    }
    host.ack("pause", json!({})).await.unwrap();
    for socket in [&mut scene.here, &mut scene.there] {
        assert_eq!(versioned(socket).await["data"]["by"], scene.host_id);
    }
}

#[tokio::test]
async fn a_room_can_be_set_to_pause_at_every_node() {
    let site = site().await;
    let mut scene = Scene::of(&site, HostLoss::Pause).await;
    scene.break_host();
    let grace = scene.both_receive_edge("grace", "host_lost").await;
    assert_eq!(playback(&grace).status, Status::Playing, "not before the grace ends");
    let paused = scene.both_receive_edge("live", "grace_ended").await;
    assert_eq!(playback(&paused).status, Status::Paused);
    assert_eq!(paused["data"]["host_id"], Value::Null);
}

#[tokio::test]
async fn the_longest_connected_co_host_is_promoted_by_either_node() {
    // Either node may carry out the deadline, so in one of the rooms the co-host is at the other one.
    let site = site().await;
    for longest_here in [true, false] {
        let mut scene = Scene::of(&site, HostLoss::Promote).await;
        // The one that reconnects has been connected for a shorter time.
        let (shorter_api, shorter, longest_id) = if longest_here {
            (&scene.there_api, &mut scene.there, &scene.here_id)
        } else {
            (&scene.here_api, &mut scene.here, &scene.there_id)
        };
        let again = shorter_api.clone();
        let gone = std::mem::replace(shorter, again.connect(&scene.room_id).await.unwrap());
        gone.close().await.unwrap();
        shorter.hello(&[]).await.unwrap();
        let longest_id = longest_id.clone();
        for id in [scene.here_id.clone(), scene.there_id.clone()] {
            scene.host_api.give_role(&scene.room_id, &id, Role::CoHost).await.unwrap();
            scene.both_receive("role_changed").await;
        }
        scene.break_host();
        scene.both_receive_edge("grace", "host_lost").await;
        let live = scene.both_receive_edge("live", "grace_ended").await;
        assert_eq!(live["data"]["host_id"], longest_id);
        let (new, other) = if longest_here {
            (&mut scene.here, &mut scene.there)
        } else {
            (&mut scene.there, &mut scene.here)
        };
        new.ack("pause", json!({})).await.unwrap();
        assert_eq!(versioned(other).await["data"]["by"], longest_id);
    }
}

/// A playing party with a short lease, its host at the first node, and a guest at each node.
struct Scene {
    room_id: String,
    host_id: String,
    host: Option<WsClient>,
    host_api: harness::Api,
    host_elsewhere: harness::Api,
    here: WsClient,
    here_api: harness::Api,
    here_id: String,
    there: WsClient,
    there_api: harness::Api,
    there_id: String,
}

impl Scene {
    async fn of(site: &Site, host_loss: HostLoss) -> Self {
        let room = CreateRoom {
            host_loss: Some(host_loss),
            host_grace_ms: Some(GRACE_MS),
            host_lease_ms: Some(LEASE_MS),
            ..new_room()
        };
        let Across { mut party, host: [host_api, host_elsewhere], .. } =
            site.watch(&room, &[]).await;
        party.command("play", json!({})).await;
        let here_api = site.api(0).as_guest("Cleo").await.unwrap();
        let mut here = here_api.connect(&party.room_id).await.unwrap();
        let here_id = here.hello(&[]).await.unwrap().participant_id;
        Self {
            room_id: party.room_id,
            host_id: party.host_id,
            host: Some(party.host),
            host_api,
            host_elsewhere,
            here,
            here_api,
            here_id,
            there: party.guest,
            there_api: party.guest_api,
            there_id: party.guest_id,
        }
    }

    /// Breaks the host's socket.
    fn break_host(&mut self) {
        self.host = None;
    }

    /// Waits for the next commit at both nodes, which must be this edge of the lifecycle.
    async fn both_receive_edge(&mut self, state: &str, cause: &str) -> Value {
        let frame = self.both_receive("lifecycle_changed").await;
        let edge = (&frame["data"]["state"], &frame["data"]["cause"]);
        assert_eq!(edge, (&json!(state), &json!(cause)), "{frame}");
        frame
    }

    async fn both_receive(&mut self, type_: &str) -> Value {
        let (here, there) = (versioned(&mut self.here).await, versioned(&mut self.there).await);
        assert_eq!(here["type"], type_, "{here}");
        assert_eq!(here, there);
        here
    }
}
