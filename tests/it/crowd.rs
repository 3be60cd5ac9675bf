//! A class: many people behind one address, at the default limits.

use std::time::Instant;

use harness::{Api, WsClient};
use tokio::task::JoinSet;

use crate::party::options;

const PEOPLE: usize = 200;

#[tokio::test]
async fn two_hundred_people_behind_one_address_come_by_code_and_come_back_after_a_restart() {
    let mut server = options().env("PLAYHEAD_LIMIT_PER_ADDRESS", "1").start().await.unwrap();
    let teacher = server.api().as_guest("Ada").await.unwrap();
    let code = teacher.create_room("Biology").await.unwrap().code;

    let began = Instant::now();
    let mut coming = JoinSet::new();
    for number in 0..PEOPLE {
        let (api, code) = (server.api(), code.clone());
        coming.spawn(async move {
            let api = api.as_guest(&format!("Pupil {number}")).await.expect("a guest");
            let socket = api.enter(&code).await.expect("let in");
            (api, socket)
        });
    }
    let class: Vec<(Api, WsClient)> = coming.join_all().await;
    eprintln!("{PEOPLE} people came in {:?}", began.elapsed());

    // Everybody reloads the page.
    let class = come_back(class, &code).await;
    assert_eq!(teacher.find_room(&code).await.unwrap().viewer_count, PEOPLE as u64);

    server.kill_9().await.unwrap();
    server.restart().await.unwrap();
    let began = Instant::now();
    let class = come_back(class, &code).await;
    eprintln!("{PEOPLE} people came back in {:?}", began.elapsed());
    assert_eq!(class.len(), PEOPLE);
}

/// Lets everybody's connection end, and everybody come again.
async fn come_back(class: Vec<(Api, WsClient)>, code: &str) -> Vec<(Api, WsClient)> {
    let mut coming = JoinSet::new();
    for (api, socket) in class {
        drop(socket);
        let code = code.to_owned();
        coming.spawn(async move {
            let socket = api.enter(&code).await.expect("let in again");
            (api, socket)
        });
    }
    coming.join_all().await
}
