//! Laws of families of refresh tokens.

use super::Database;
use crate::clock::{WallStep, WallTime};
use crate::sql::{RefreshFamily, Sql, Sweep};

/// A sweep that finds nothing to delete.
const NOTHING: Sweep = Sweep {
    began_before: WallTime::from_millis(0),
    rotated_before: WallTime::from_millis(0),
    families_max: 1_000,
    rows_max: 1_000,
};

pub(super) async fn a_family_is_found_as_it_was_created_and_creating_it_again_changes_nothing(
    database: &Database,
) {
    let sql = database.open().await;
    let (one, other) = (family("f_1", 1_000, 2_000), family("f_2", 3_000, 4_000));
    sql.create_refresh_families(&[&one, &other]).await.unwrap();
    assert_eq!(sql.find_refresh_family("f_1").await.unwrap(), Some(one.clone()));
    assert_eq!(sql.find_refresh_family("f_2").await.unwrap(), Some(other.clone()));
    assert_eq!(sql.find_refresh_family("f_3").await.unwrap(), None);

    let again = RefreshFamily { token_hash: vec![9], ..one.clone() };
    let third = family("f_3", 5_000, 5_000);
    sql.create_refresh_families(&[&again, &third]).await.unwrap();
    assert_eq!(sql.find_refresh_family("f_1").await.unwrap(), Some(one.clone()));
    assert_eq!(sql.find_refresh_family("f_3").await.unwrap(), Some(third));
    assert!(!format!("{one:?}").contains("hash"));

    let many: Vec<_> = (0..1_200).map(|index| family(&format!("f_many_{index}"), 1, 1)).collect();
    sql.create_refresh_families(&many.iter().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(sql.find_refresh_family("f_many_1199").await.unwrap(), many.last().cloned());
}

pub(super) async fn of_two_nodes_that_rotate_a_family_at_once_one_succeeds(database: &Database) {
    let (one, other) = (database.open().await, database.open().await);
    let before = family("f_1", 1_000, 1_000);
    one.create_refresh_families(&[&before]).await.unwrap();
    let next = |hash: u8| RefreshFamily {
        token_hash: vec![hash],
        proof_key: vec![hash, 3],
        predecessors: vec![7, 0, 255],
        rotated_at: WallTime::from_millis(9_000),
        ..before.clone()
    };
    let (first, second) = (next(1), next(2));
    let (was_first, was_second) = tokio::join!(
        one.rotate_refresh_family(&before.token_hash, &first),
        other.rotate_refresh_family(&before.token_hash, &second),
    );
    let (was_first, was_second) = (was_first.unwrap(), was_second.unwrap());
    assert_ne!(was_first, was_second, "exactly one");
    let kept = if was_first { first } else { second };
    assert_eq!(one.find_refresh_family("f_1").await.unwrap(), Some(kept));
}

pub(super) async fn nothing_is_left_of_a_deleted_family(database: &Database) {
    let sql = database.open().await;
    let (one, other) = (family("f_1", 1_000, 1_000), family("f_2", 1_000, 1_000));
    sql.create_refresh_families(&[&one, &other]).await.unwrap();
    sql.delete_refresh_family("f_1").await.unwrap();
    sql.delete_refresh_family("f_unknown").await.unwrap();
    assert_eq!(sql.find_refresh_family("f_1").await.unwrap(), None);
    assert!(!sql.rotate_refresh_family(&one.token_hash, &one).await.unwrap());
    assert_eq!(sql.find_refresh_family("f_2").await.unwrap(), Some(other));
}

pub(super) async fn a_sweep_deletes_old_and_idle_families_a_few_at_a_time(database: &Database) {
    let sql = database.open().await;
    create(&sql, &[("old", 1_000, 9_000), ("idle", 5_000, 5_000), ("good", 5_000, 9_000)]).await;
    assert!(!sql.sweep_refresh_families(NOTHING).await.unwrap());
    assert_eq!(known(&sql, &["old", "idle", "good"]).await, ["old", "idle", "good"]);

    let at = WallTime::from_millis;
    let sweep = Sweep { began_before: at(5_000), rotated_before: at(9_000), ..NOTHING };
    let few = Sweep { rows_max: 1, ..sweep };
    assert!(sql.sweep_refresh_families(few).await.unwrap(), "there may be more");
    assert_eq!(known(&sql, &["old", "idle", "good"]).await.len(), 2);
    assert!(!sql.sweep_refresh_families(sweep).await.unwrap());
    assert_eq!(known(&sql, &["old", "idle", "good"]).await, ["good"]);
}

pub(super) async fn of_too_many_families_those_unused_for_longest_are_swept(database: &Database) {
    let sql = database.open().await;
    create(&sql, &[("a", 1, 4_000), ("b", 2, 1_000), ("c", 3, 3_000), ("d", 4, 2_000)]).await;
    let sweep = Sweep { families_max: 2, ..NOTHING };
    assert!(!sql.sweep_refresh_families(sweep).await.unwrap());
    assert_eq!(known(&sql, &["a", "b", "c", "d"]).await, ["a", "c"]);
    assert!(!sql.sweep_refresh_families(sweep).await.unwrap());
    assert_eq!(known(&sql, &["a", "b", "c", "d"]).await, ["a", "c"]);
}

pub(super) async fn times_before_a_step_of_the_clock_move_with_it(database: &Database) {
    let sql = database.open().await;
    create(&sql, &[("old", 1_000, 2_000), ("used", 1_000, 5_000), ("new", 4_000, 5_000)]).await;
    let at = WallTime::from_millis;
    for (from, to, by_ms, moved) in
        [(4_000, 5_000, 10_000, 15_000), (14_000, 15_000, -3_000, 12_000)]
    {
        let step = WallStep { from: at(from), to: at(to), by_ms };
        sql.shift_refresh_families(step).await.unwrap();
        let found = sql.find_refresh_family("new").await.unwrap().unwrap();
        assert_eq!((found.began_at, found.rotated_at), (at(moved - 1_000), at(moved)));
    }
    let used = sql.find_refresh_family("used").await.unwrap().unwrap();
    assert_eq!((used.began_at, used.rotated_at), (at(1_000), at(12_000)));
    let old = sql.find_refresh_family("old").await.unwrap().unwrap();
    assert_eq!((old.began_at, old.rotated_at), (at(1_000), at(2_000)));
}

pub(super) async fn times_of_a_clock_that_was_ahead_are_pulled_back(database: &Database) {
    let sql = database.open().await;
    create(&sql, &[("past", 1_000, 2_000), ("future", 8_000, 9_000), ("used", 1_000, 9_000)]).await;
    let at = WallTime::from_millis;
    sql.pull_back_refresh_families(at(4_000), at(3_000)).await.unwrap();
    for (name, began_at, rotated_at) in
        [("past", 1_000, 2_000), ("future", 3_000, 3_000), ("used", 1_000, 3_000)]
    {
        let found = sql.find_refresh_family(name).await.unwrap().unwrap();
        assert_eq!((found.began_at, found.rotated_at), (at(began_at), at(rotated_at)), "{name}");
    }
}

async fn create(sql: &Sql, families: &[(&str, u64, u64)]) {
    let families: Vec<_> = families
        .iter()
        .map(|(name, began_at, rotated_at)| family(name, *began_at, *rotated_at))
        .collect();
    sql.create_refresh_families(&families.iter().collect::<Vec<_>>()).await.unwrap();
}

/// Returns those of `names` that are stored.
async fn known<'a>(sql: &Sql, names: &[&'a str]) -> Vec<&'a str> {
    let mut known = Vec::new();
    for name in names {
        known.extend(sql.find_refresh_family(name).await.unwrap().map(|_| *name));
    }
    known
}

fn family(family_id: &str, began_at: u64, rotated_at: u64) -> RefreshFamily {
    RefreshFamily {
        family_id: family_id.to_owned(),
        user_id: format!("user of {family_id}"),
        display_name: "Ada \u{1f3ac}".to_owned(),
        token_hash: format!("hash of {family_id}").into_bytes(),
        proof_key: vec![0, 255],
        predecessors: Vec::new(),
        began_at: WallTime::from_millis(began_at),
        rotated_at: WallTime::from_millis(rotated_at),
    }
}
