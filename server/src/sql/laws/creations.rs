//! Laws of repeated creations.

use std::collections::HashSet;

use super::{Database, NOW, id};
use crate::sql::{Creation, CreationKey};

const KEY: CreationKey<'static> = CreationKey { user_id: "u_a", key: "k1", payload_hash: 7 };
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

pub(super) async fn a_repeated_creation_names_the_first_room_and_only_the_first_one_makes_it(
    database: &Database,
) {
    let sql = database.open().await;
    assert!(!sql.has_creation(KEY, NOW).await.unwrap());
    let first = sql.begin_creation(KEY, &id("r_a"), "one", NOW).await.unwrap();
    let made = Creation {
        room_id: id("r_a"),
        code: "one".to_owned(),
        payload_hash: 7,
        is_created: false,
        has_ended: false,
        epoch: Some(1),
    };
    assert_eq!(first, made);
    assert!(sql.has_creation(KEY, NOW).await.unwrap() && sql.has_room(&id("r_a")).await.unwrap());
    assert_eq!(sql.find_code("one").await.unwrap(), Some(id("r_a")));

    let again = Creation { epoch: None, ..made };
    let other_payload = CreationKey { payload_hash: 8, ..KEY };
    for key in [KEY, other_payload] {
        assert_eq!(sql.begin_creation(key, &id("r_b"), "two", NOW).await.unwrap(), again);
    }
    assert!(!sql.has_room(&id("r_b")).await.unwrap());
    for (user_id, key, room) in [("u_b", "k1", "r_c"), ("u_a", "k2", "r_d")] {
        let key = CreationKey { user_id, key, ..KEY };
        let other = sql.begin_creation(key, &id(room), room, NOW).await.unwrap();
        assert_eq!((other.room_id, other.epoch), (id(room), Some(1)));
    }
}

pub(super) async fn a_creation_whose_room_is_gone_says_so_and_one_that_came_to_nothing_starts_anew(
    database: &Database,
) {
    let sql = database.open().await;
    sql.begin_creation(KEY, &id("r_a"), "one", NOW).await.unwrap();
    sql.delete_never_created(&[id("r_a")]).await.unwrap();
    let anew = sql.begin_creation(KEY, &id("r_b"), "two", NOW).await.unwrap();
    assert_eq!((anew.room_id, anew.epoch), (id("r_b"), Some(1)), "never the same id twice");
    sql.delete_rooms(&[id("r_b")]).await.unwrap();
    let gone = sql.begin_creation(KEY, &id("r_c"), "three", NOW).await.unwrap();
    assert!(gone.has_ended && gone.epoch.is_none());
    assert_eq!(gone.room_id, id("r_b"));
    assert_eq!(sql.count_rooms().await.unwrap(), 0);
}

pub(super) async fn a_room_that_was_made_and_went_unnoticed_is_never_made_again(
    database: &Database,
) {
    let sql = database.open().await;
    let keys = ["k1", "k2", "k3"].map(|key| CreationKey { key, ..KEY });
    for (key, room) in keys.iter().zip(["r_a", "r_b", "r_c"]) {
        sql.begin_creation(*key, &id(room), room, NOW).await.unwrap();
    }
    for room in ["r_a", "r_b"] {
        sql.note_created(&id(room)).await.unwrap();
    }
    let known = sql.begin_creation(keys[1], &id("r_x"), "x", NOW).await.unwrap();
    assert!(known.is_created && !known.has_ended && known.epoch.is_none());

    sql.delete_never_created(&[id("r_a")]).await.unwrap();
    // A start at which the journal holds no room.
    sql.raise_epochs_and_delete_others(&[], NOW).await.unwrap();
    for key in &keys[..2] {
        let gone = sql.begin_creation(*key, &id("r_y"), "y", NOW).await.unwrap();
        assert!(gone.has_ended && gone.epoch.is_none(), "{gone:?}");
    }
    assert_eq!(sql.count_rooms().await.unwrap(), 0);
    let anew = sql.begin_creation(keys[2], &id("r_z"), "z", NOW).await.unwrap();
    assert_eq!((anew.room_id, anew.epoch), (id("r_z"), Some(1)), "it had come to nothing");
}

pub(super) async fn of_simultaneous_creations_under_one_key_one_registers_the_room(
    database: &Database,
) {
    let nodes = [database.open().await, database.open().await];
    let mut requests = Vec::new();
    for number in 0..8 {
        let sql = nodes[number % 2].clone();
        requests.push(tokio::spawn(async move {
            let name = format!("r_{number}");
            sql.begin_creation(KEY, &id(&name), &name, NOW).await.unwrap()
        }));
    }
    let mut named = HashSet::new();
    let mut first = 0;
    for request in requests {
        let creation = request.await.unwrap();
        first += usize::from(creation.epoch.is_some());
        named.insert((creation.room_id, creation.code));
    }
    assert_eq!((named.len(), first), (1, 1));
    assert_eq!(nodes[0].count_rooms().await.unwrap(), 1);
}

pub(super) async fn a_creation_is_forgotten_after_a_day(database: &Database) {
    let sql = database.open().await;
    sql.begin_creation(KEY, &id("r_a"), "one", NOW).await.unwrap();
    let later = NOW.plus_millis(DAY_MS);
    let known = sql.begin_creation(KEY, &id("r_b"), "two", later).await.unwrap();
    assert_eq!(known.room_id, id("r_a"));
    assert!(sql.has_creation(KEY, later).await.unwrap());
    assert!(!sql.has_creation(KEY, later.plus_millis(1)).await.unwrap());
    let anew = sql.begin_creation(KEY, &id("r_b"), "two", later.plus_millis(1)).await.unwrap();
    assert_eq!((anew.room_id, anew.epoch), (id("r_b"), Some(1)));
}
