//! Laws of bans.

use engine::{ParticipantId, RoomId};

use super::{Database, create_rooms, id};
use crate::clock::WallTime;
use crate::sql::{BanRow, Banning, ENDLESS, Sql};

const MOST: u64 = 10;

pub(super) async fn a_ban_is_listed_until_it_ends_or_is_lifted(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_1", "r_2"]).await;
    let timed = BanRow { until: at(5_000), ..ban("r_1", "p_timed") };
    for ban in [&ban("r_1", "p_1"), &timed, &ban("r_1", "p_2"), &ban("r_2", "p_1")] {
        stored(&sql, ban).await;
    }
    let listed = sql.list_bans(&id("r_1"), None, 10, at(4_999)).await.unwrap();
    let (numbers, bans): (Vec<u64>, Vec<BanRow>) = listed.into_iter().unzip();
    assert_eq!(bans, [ban("r_1", "p_2"), timed, ban("r_1", "p_1")], "the newest first");
    let behind = sql.list_bans(&id("r_1"), Some(numbers[0]), 1, at(4_999)).await.unwrap();
    assert_eq!(behind[0].1.participant_id.as_str(), "p_timed");
    assert_eq!(listed_in(&sql, "r_1", 5_000).await, ["p_2", "p_1"]);

    assert!(lift(&sql, "r_1", "p_1").await.is_some());
    assert_eq!(lift(&sql, "r_1", "p_1").await, None, "it was lifted before");
    assert_eq!(lift(&sql, "r_1", "p_unknown").await, None);
    assert_eq!(listed_in(&sql, "r_1", 5_000).await, ["p_2"]);
    assert_eq!(listed_in(&sql, "r_2", 5_000).await, ["p_1"]);
}

pub(super) async fn every_node_reads_each_change_of_bans_in_order(database: &Database) {
    let (sql, other_node) = (database.open().await, database.open().await);
    create_rooms(&sql, &["r_1"]).await;
    let first = stored(&sql, &ban("r_1", "p_1")).await;
    stored(&sql, &ban("r_1", "p_2")).await;
    let lifted = lift(&sql, "r_1", "p_1").await.unwrap();
    let changes = other_node.list_ban_changes(0, 10).await.unwrap();
    let found: Vec<_> = changes.iter().map(|one| (one.participant_id.as_str(), one.now)).collect();
    assert_eq!(found, [("p_2", ENDLESS), ("p_1", at(0))], "each participant's last change");
    assert_eq!(changes[1].number, lifted);
    assert!(first < changes[0].number && changes[0].number < lifted);
    assert_eq!(other_node.list_ban_changes(first, 1).await.unwrap(), changes[..1]);
    assert_eq!(other_node.list_ban_changes(lifted, 10).await.unwrap(), []);

    // Several nodes at once: none is read behind a later one.
    let ids: Vec<String> = (0..8).map(|number| format!("p_at_once_{number}")).collect();
    let bans: Vec<BanRow> = ids.iter().map(|one| ban("r_1", one)).collect();
    let all = bans.iter().enumerate().map(|(index, ban)| {
        let node = if index % 2 == 0 { &sql } else { &other_node };
        node.ban(ban, 100)
    });
    for banned in futures_util::future::join_all(all).await {
        assert!(matches!(banned.unwrap(), Banning::Stored { .. }));
    }
    assert_eq!(sql.list_ban_changes(lifted, 100).await.unwrap().len(), 8);
}

pub(super) async fn a_room_has_no_more_bans_than_it_may(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_1"]).await;
    for participant in ["p_1", "p_2"] {
        stored(&sql, &ban("r_1", participant)).await;
    }
    let third = ban("r_1", "p_3");
    assert_eq!(sql.ban(&third, 2).await.unwrap(), Banning::RoomHasMost);
    let again = BanRow { reason: "again".to_owned(), ..ban("r_1", "p_2") };
    let nameless = BanRow { display_name: String::new(), ..again.clone() };
    let banned = sql.ban(&nameless, 2).await.unwrap();
    let Banning::Stored { display_name, .. } = banned else { panic!("it replaces the other one") };
    assert_eq!(display_name, again.display_name, "the name was known");
    assert_eq!(sql.list_bans(&id("r_1"), None, 1, at(0)).await.unwrap()[0].1, again);
    lift(&sql, "r_1", "p_1").await.unwrap();
    assert_eq!(sql.ban(&third, 2).await.unwrap(), Banning::RoomHasMost, "lifted ones are kept");
    sql.sweep_bans(at(4_001)).await.unwrap();
    stored(&sql, &third).await;
    assert_eq!(sql.ban(&ban("r_unknown", "p_1"), 2).await.unwrap(), Banning::RoomIsGone);
}

pub(super) async fn bans_go_with_their_room_and_once_they_are_over(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_1", "r_2"]).await;
    let timed = BanRow { until: at(5_000), ..ban("r_2", "p_timed") };
    for ban in [&ban("r_1", "p_1"), &ban("r_2", "p_1"), &timed] {
        stored(&sql, ban).await;
    }
    sql.delete_rooms(&[id("r_1")]).await.unwrap();
    assert_eq!(changed(&sql).await, ["p_1", "p_timed"]);
    sql.sweep_bans(at(5_000)).await.unwrap();
    assert_eq!(changed(&sql).await, ["p_1", "p_timed"], "other nodes may not have read it yet");
    sql.sweep_bans(at(5_001)).await.unwrap();
    assert_eq!(changed(&sql).await, ["p_1"]);
}

fn ban(room: &str, participant: &str) -> BanRow {
    BanRow {
        room_id: RoomId::new(room),
        participant_id: ParticipantId::new(participant),
        display_name: format!("name of {participant}"),
        reason: String::new(),
        by: ParticipantId::new("p_host"),
        banned_at: at(1_000),
        until: ENDLESS,
    }
}

/// Stores a ban, and returns its number.
async fn stored(sql: &Sql, ban: &BanRow) -> u64 {
    match sql.ban(ban, MOST).await.unwrap() {
        Banning::Stored { number, .. } => number,
        other => panic!("{other:?}"),
    }
}

async fn lift(sql: &Sql, room: &str, participant: &str) -> Option<u64> {
    sql.lift_ban(&id(room), &ParticipantId::new(participant), at(4_000)).await.unwrap()
}

async fn listed_in(sql: &Sql, room: &str, now: u64) -> Vec<String> {
    let listed = sql.list_bans(&id(room), None, 10, at(now)).await.unwrap();
    listed.into_iter().map(|(_, ban)| ban.participant_id.to_string()).collect()
}

async fn changed(sql: &Sql) -> Vec<String> {
    let changes = sql.list_ban_changes(0, 10).await.unwrap();
    changes.into_iter().map(|change| change.participant_id.to_string()).collect()
}

fn at(millis: u64) -> WallTime {
    WallTime::from_millis(millis)
}
