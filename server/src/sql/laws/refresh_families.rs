//! Laws of families of refresh tokens.

use super::Database;
use crate::clock::{WallStep, WallTime};
use crate::sql::{FamilyCounts, RefreshFamily, Sql, Sweep};

/// A sweep that finds nothing to delete.
const NOTHING: Sweep = Sweep {
    began_before: WallTime::from_millis(0),
    rotated_before: WallTime::from_millis(0),
    families_max: 1_000,
    rows_max: 1_000,
};

/// From how long after its beginning on a family counts as used if it is rotated, in milliseconds.
const USED_MS: u64 = 6 * 60 * 60 * 1000;

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

pub(super) async fn the_user_of_a_family_has_the_name_that_was_given_last(database: &Database) {
    let sql = database.open().await;
    let before = family("f_1", 1_000, 1_000);
    sql.create_refresh_families(&[&before, &family("f_2", 1_000, 1_000)]).await.unwrap();
    let at = WallTime::from_millis;
    let rename = async |id: &str, name: &str, now| sql.rename_refresh_family(id, name, now).await;
    assert_eq!(rename("f_1", "Grace", at(2_000)).await.unwrap(), Some(at(2_000)));
    assert_eq!(
        rename("f_1", "Ada L.", at(1_999)).await.unwrap(),
        Some(at(2_001)),
        "a clock behind"
    );
    assert_eq!(rename("f_3", "Ada L.", at(3_000)).await.unwrap(), None);
    // Who rotates may have read the family before.
    let rotated = RefreshFamily { token_hash: vec![8], ..before.clone() };
    let name = sql.rotate_refresh_family(&before.token_hash, &rotated).await.unwrap();
    assert_eq!(name, Some(("Ada L.".to_owned(), at(2_001))));
    for (family_id, name) in [("f_1", "Ada L."), ("f_2", before.display_name.as_str())] {
        let found = sql.find_refresh_family(family_id).await.unwrap().unwrap();
        assert_eq!(found.display_name, name);
    }
}

pub(super) async fn a_family_of_an_earlier_version_has_neither_key_nor_clock(database: &Database) {
    let sql = database.open().await;
    let insert = "INSERT INTO refresh_families (family_id, user_id, display_name, token_hash,
         predecessors, began_at_ms, rotated_at_ms) VALUES ('f_1', 'u_1', 'Ada', $1, $2, 1, 2)";
    let insert = sqlx::query(insert).bind(vec![7_u8]).bind(Vec::<u8>::new());
    insert.execute(&sql.pool).await.unwrap();
    let found = sql.find_refresh_family("f_1").await.unwrap().unwrap();
    assert_eq!((found.proof_key.len(), found.clock_id.as_str()), (0, ""));
    assert_eq!(found.token_number, 0);
    let rotated = RefreshFamily { token_hash: vec![8], ..family("f_1", 1, 3) };
    let named = sql.rotate_refresh_family(&[7], &rotated).await.unwrap();
    assert_eq!(named, Some(("Ada".to_owned(), WallTime::from_millis(0))));
    let found = sql.find_refresh_family("f_1").await.unwrap().unwrap();
    assert_eq!((found.proof_key, found.clock_id), (rotated.proof_key, rotated.clock_id));
}

pub(super) async fn of_two_nodes_that_rotate_a_family_at_once_one_succeeds(database: &Database) {
    let (one, other) = (database.open().await, database.open().await);
    let before = family("f_1", 1_000, 1_000);
    one.create_refresh_families(&[&before]).await.unwrap();
    let next = |hash: u8| RefreshFamily {
        token_hash: vec![hash],
        token_number: 1_000_000 + u32::from(hash),
        proof_key: vec![hash, 3],
        predecessors: vec![7, 0, 255],
        rotated_at: WallTime::from_millis(9_000),
        clock_id: "c_other".to_owned(),
        ..before.clone()
    };
    let (first, second) = (next(1), next(2));
    let (was_first, was_second) = tokio::join!(
        one.rotate_refresh_family(&before.token_hash, &first),
        other.rotate_refresh_family(&before.token_hash, &second),
    );
    let (was_first, was_second) = (was_first.unwrap().is_some(), was_second.unwrap().is_some());
    assert_ne!(was_first, was_second, "exactly one");
    let kept = if was_first { first } else { second };
    assert_eq!(one.find_refresh_family("f_1").await.unwrap(), Some(kept));
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
    let families = [("a", 1, 4_000), ("b", 2, 1_000), ("c", 3, 3_000), ("d", 4, 2_000)];
    create(&sql, &families.map(|(name, began, after)| (name, began, USED_MS + after))).await;
    let sweep = Sweep { families_max: 2, ..NOTHING };
    assert!(!sql.sweep_refresh_families(sweep).await.unwrap());
    assert_eq!(known(&sql, &["a", "b", "c", "d"]).await, ["a", "c"]);
    assert!(!sql.sweep_refresh_families(sweep).await.unwrap());
    assert_eq!(known(&sql, &["a", "b", "c", "d"]).await, ["a", "c"]);
}

pub(super) async fn of_too_many_families_those_whose_people_did_not_come_back_are_swept_first(
    database: &Database,
) {
    let sql = database.open().await;
    let families = [
        ("never used", 3_000, 3_000),
        ("used at once", 1_000, 900_000),
        ("used again and again at first", 2_000, 2_000 + USED_MS - 1),
        ("used later", 500, 500 + USED_MS),
        ("used later too", 400, 401 + USED_MS),
    ];
    create(&sql, &families).await;
    let names = families.map(|(name, ..)| name);
    for (families_max, kept) in [
        (4, &[names[0], names[2], names[3], names[4]][..]),
        (3, &[names[0], names[3], names[4]]),
        (2, &[names[3], names[4]]),
        (1, &[names[3]]),
    ] {
        let sweep = Sweep { families_max, ..NOTHING };
        assert!(!sql.sweep_refresh_families(sweep).await.unwrap());
        assert_eq!(known(&sql, &names).await, kept);
    }
}

pub(super) async fn families_are_counted_by_when_their_newest_token_was_issued(
    database: &Database,
) {
    let sql = database.open().await;
    let at = WallTime::from_millis;
    let none = FamilyCounts { all: 0, ahead: 0, over: 0 };
    assert_eq!(sql.count_refresh_families(at(4_000), at(2_000)).await.unwrap(), none);
    create(&sql, &[("a", 1, 1_000), ("b", 2, 2_000), ("c", 3, 4_000), ("d", 4, 4_001)]).await;
    let counts = sql.count_refresh_families(at(4_000), at(2_000)).await.unwrap();
    assert_eq!(counts, FamilyCounts { all: 4, ahead: 1, over: 1 });
}

pub(super) async fn times_that_a_clock_wrote_before_it_was_set_move_with_it_once(
    database: &Database,
) {
    let sql = database.open().await;
    create(&sql, &[("old", 1_000, 2_000), ("used", 1_000, 5_000), ("new", 4_000, 5_000)]).await;
    let of_other = RefreshFamily { clock_id: "c_2".to_owned(), ..family("of other", 4_000, 4_500) };
    sql.create_refresh_families(&[&of_other]).await.unwrap();
    let at = WallTime::from_millis;
    let times = async |name: &str| {
        let found = sql.find_refresh_family(name).await.unwrap().unwrap();
        (found.began_at, found.rotated_at)
    };
    // What moved is still within the time before the step, and isn't moved again.
    let step = WallStep { from: at(4_000), to: at(9_000), by_ms: 1_000 };
    for _ in 0..2 {
        sql.shift_refresh_families(step, "c_1", "c_1a").await.unwrap();
        assert_eq!(times("new").await, (at(5_000), at(6_000)));
        assert_eq!(times("used").await, (at(1_000), at(6_000)));
    }
    let back = WallStep { from: at(4_000), to: at(9_000), by_ms: -3_000 };
    sql.shift_refresh_families(back, "c_1a", "c_1b").await.unwrap();
    assert_eq!(times("new").await, (at(2_000), at(3_000)));
    assert_eq!(times("old").await, (at(1_000), at(2_000)));
    assert_eq!(times("of other").await, (at(4_000), at(4_500)), "that clock wasn't set");
}

pub(super) async fn times_of_a_clock_that_was_ahead_are_pulled_back(database: &Database) {
    let sql = database.open().await;
    create(&sql, &[("past", 1_000, 2_000), ("future", 8_000, 9_000), ("used", 1_000, 9_000)]).await;
    let at = WallTime::from_millis;
    sql.pull_back_refresh_families(at(4_000), at(3_000), "c_2").await.unwrap();
    for (name, began_at, rotated_at) in
        [("past", 1_000, 2_000), ("future", 3_000, 3_000), ("used", 1_000, 3_000)]
    {
        let found = sql.find_refresh_family(name).await.unwrap().unwrap();
        assert_eq!((found.began_at, found.rotated_at), (at(began_at), at(rotated_at)), "{name}");
        assert_eq!(found.clock_id == "c_2", name != "past", "{name}");
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

pub(in crate::sql) fn family(family_id: &str, began_at: u64, rotated_at: u64) -> RefreshFamily {
    RefreshFamily {
        family_id: family_id.to_owned(),
        user_id: format!("user of {family_id}"),
        display_name: "Ada \u{1f3ac}".to_owned(),
        named_at: WallTime::from_millis(began_at),
        token_hash: format!("hash of {family_id}").into_bytes(),
        token_number: 0,
        proof_key: vec![0, 255],
        predecessors: Vec::new(),
        began_at: WallTime::from_millis(began_at),
        rotated_at: WallTime::from_millis(rotated_at),
        clock_id: "c_1".to_owned(),
    }
}
