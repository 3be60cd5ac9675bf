//! A client hangs up while its room is being created.

use std::time::Duration;

use harness::{DEADLINE, FaultProxy};
use serde_json::json;
use server::sql::Sql;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::scene::Scene;
use crate::nodes::site::until;

/// How long Redis, which has the room after the database does, takes each way: there and back well within the half second
/// that a command has.
const SLOW: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_room_whose_creator_hangs_up_is_there_and_not_only_counted() {
    let scene = Scene::new().await;
    let line = FaultProxy::start(scene.redis.address()).await.unwrap();
    let node = scene.node_at(&format!("redis://{}", line.address())).await;
    let sql = Sql::open_file(&scene.database()).await.unwrap();
    let token = node.api().guest("Ada").await.unwrap().access_token;
    line.delay(SLOW, SLOW);

    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    let body = json!({ "name": "Friday", "is_public": true }).to_string();
    let request = format!(
        "POST /api/v1/rooms HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        node.address(),
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let counted = async || (sql.count_rooms().await.ok()? == 1).then_some(());
    until("the database to count the room", DEADLINE, counted).await;
    drop(stream);

    let listed = async || {
        let page = node.api().public_rooms().await.ok()?;
        (page.items.len() == 1).then_some(())
    };
    until("the room to be listed", DEADLINE, listed).await;
}
