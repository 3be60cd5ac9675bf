//! What nodes ask Redis for.

use engine::RoomId;
use harness::RedisMonitor;

use super::site::Site;

#[tokio::test]
async fn a_join_costs_two_round_trips_to_redis() {
    let site = Site::of(1).await;
    let host = site.api(0).as_guest("Ada").await.unwrap();
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    // From here on, the node follows the room.
    let _socket = host.enter(&room_id).await.unwrap();
    let guest = site.api(0).as_guest("Ben").await.unwrap();
    let user_id = guest.me().await.unwrap().user_id;
    let id = server::id::participant_id(&RoomId::new(&room_id), &user_id).to_string();
    let mut monitor = RedisMonitor::start(&site.redis).await.unwrap();

    guest.join(&room_id).await.unwrap();
    let asked = monitor.asked_about(&[&user_id, &id]).await.unwrap();
    assert_eq!(asked.len(), 2, "membership and ticket: {asked:#?}");
}
