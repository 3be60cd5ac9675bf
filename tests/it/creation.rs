//! What counts as a new room of a user and of an address.

use harness::http::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::party::options;
use crate::problem;
use crate::rooms::create_under;

#[tokio::test]
async fn a_repeated_or_malformed_creation_uses_up_nothing_of_the_rooms_of_its_user_and_address() {
    let server = options()
        .env("PLAYHEAD_LIMIT_PER_ADDRESS", "1")
        .env("PLAYHEAD_LIMIT_ROOMS_PER_MINUTE", "2")
        .env("PLAYHEAD_LIMIT_ROOMS_PER_DAY", "2")
        .env("PLAYHEAD_LIMIT_ROOMS_PER_USER_AND_DAY", "1")
        .start()
        .await
        .unwrap();
    let ada = server.api().as_guest("Ada").await.unwrap();
    for malformed in [
        json!([]),
        json!({ "name": "" }),
        json!({ "name": "Friday", "host_lease_ms": 1 }),
        json!({ "name": "Friday", "host_grace_ms": -1 }),
    ] {
        let response = ada.request(Method::POST, "rooms", Some(&malformed)).await.unwrap();
        problem::check(&response, "invalid_request", &malformed.to_string());
    }
    let (status, code) = create_under(&ada, &"k".repeat(65), "Friday").await;
    assert_eq!((status, code.as_str()), (400, "invalid_request"));

    let mut asking = JoinSet::new();
    for _ in 0..10 {
        let ada = ada.clone();
        asking.spawn(async move { create_under(&ada, "k1", "Friday").await });
    }
    let answers = asking.join_all().await;
    let first = answers[0].clone();
    assert!(first.0 == 201 && answers.iter().all(|answer| *answer == first), "{answers:?}");
    assert_eq!(create_under(&ada, "k1", "Saturday").await.1, "id_reused");
    assert_eq!(
        create_under(&ada, "k2", "Saturday").await.1,
        "rate_limited",
        "a second one of hers"
    );

    let ben = server.api().as_guest("Ben").await.unwrap();
    let (status, said) = create_under(&ben, "k1", "Sunday").await;
    assert_eq!(status, 201, "one of the address is left: {said}");
    let cleo = server.api().as_guest("Cleo").await.unwrap();
    assert_eq!(create_under(&cleo, "k1", "Monday").await.1, "rate_limited");
    assert_eq!(create_under(&ada, "k1", "Friday").await, first, "though none is left");
}
