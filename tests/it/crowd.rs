//! Many people at once: a class behind one address at the default limits, and guests who use up what others
//! need too.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use harness::{Api, DEADLINE, WsClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::party::{options, sample};

const PEOPLE: usize = 200;
/// Guests whose links lead to hosts that answer drop by drop, each to one of its own.
const DRIPPING: u8 = 16;
/// How many such links each of them has resolved at once. Four requests to a host are in progress at once.
const AT_ONCE: usize = 8;

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

#[tokio::test]
async fn links_that_answer_drop_by_drop_hold_up_nobody_elses() {
    let server = options().env("PLAYHEAD_LIMIT_RESOLVES_PER_MINUTE", "100000");
    let server = server.start().await.unwrap();
    let connected = watch::Sender::new(0);
    let mut guests = JoinSet::new();
    for number in 0..DRIPPING {
        let link = drip(Ipv4Addr::new(127, 0, 0, 2 + number).into(), connected.clone()).await;
        let guest = server.api().as_guest("Mallory").await.unwrap();
        for question in 0..AT_ONCE {
            // Equal questions of one guest share an answer.
            let (guest, link) = (guest.clone(), format!("{link}?{question}"));
            guests.spawn(async move { while guest.resolve(&link).await.is_err() {} });
        }
    }
    let mut count = connected.subscribe();
    let all_in_progress = count.wait_for(|count| *count >= usize::from(DRIPPING) * 4);
    tokio::time::timeout(DEADLINE, all_in_progress).await.expect("all drip").unwrap();
    for name in ["Ada", "Ben", "Cleo"] {
        let viewer = server.api().as_guest(name).await.unwrap();
        let source = viewer.resolve(&sample(&server)).await.expect("resolved meanwhile");
        assert_eq!(source.provider, "hls");
    }
    guests.abort_all();
}

/// Serves a playlist that never ends, a byte at a time; returns the link to it.
async fn drip(address: IpAddr, connected: watch::Sender<usize>) -> String {
    let listener = TcpListener::bind((address, 0)).await.expect("a free port");
    let link = format!("http://{}/drip.m3u8", listener.local_addr().expect("it is bound"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connected.send_modify(|count| *count += 1);
            tokio::spawn(drip_to(stream));
        }
    });
    link
}

async fn drip_to(mut stream: TcpStream) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let mut next: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n#EXTM3U\n";
    while stream.write_all(next).await.is_ok() {
        next = b"#";
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
