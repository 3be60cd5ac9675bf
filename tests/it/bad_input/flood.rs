//! More frames than the rate limit of a connection allows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::party::Party;

const FRAMES: usize = 1500;
const BURST: usize = 300;

#[tokio::test]
async fn a_flood_is_refused_frame_by_frame_and_disturbs_no_one_else() {
    let mut party = Party::watching().await;
    for number in 0..FRAMES {
        let id = format!("f{number}");
        party.host.send_json(&json!({ "type": "pause", "id": id, "data": {} })).await.unwrap();
    }
    let mut answers = BTreeMap::new();
    while answers.len() < FRAMES {
        let frame = party.host.next_frame().await.unwrap();
        let Some(id) = frame["id"].as_str() else { continue };
        assert!(answers.insert(id.to_owned(), frame.clone()).is_none(), "{id} is answered once");
    }
    let (limited, acked): (Vec<&Value>, Vec<&Value>) =
        answers.values().partition(|answer| answer["type"] == "reject");
    assert!(acked.len() >= BURST, "{} were let through", acked.len());
    assert!(!limited.is_empty(), "{} were let through", acked.len());
    for answer in limited {
        let error = &answer["error"];
        assert_eq!((&error["code"], &error["retry"]), (&json!("rate_limited"), &json!("after")));
        assert!(error["retry_after_ms"].as_u64().is_some_and(|ms| (1..=1000).contains(&ms)));
    }
    assert!(acked.iter().all(|ack| ack["type"] == "ack" && ack["version"] == party.version));
    party.nothing_happened().await;

    // Other connections of the host work, and this one does again a little later.
    let mut second = party.host_api.enter(&party.room_id).await.unwrap();
    second.ack("play", json!({})).await.unwrap();
    party.committed().await;
    loop {
        let answer = party.host.command("pause", json!({})).await.unwrap();
        if answer["type"] == "ack" {
            break;
        }
        assert_eq!(answer["error"]["code"], "rate_limited");
    }
    party.committed().await;
}
