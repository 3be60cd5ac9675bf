//! Laws of families of refresh tokens that were revoked.

use super::Database;
use super::refresh_families::family;
use crate::clock::WallTime;

pub(super) async fn a_revoked_family_is_gone_and_every_node_finds_it_in_the_list(
    database: &Database,
) {
    let (sql, other_node) = (database.open().await, database.open().await);
    let (one, other) = (family("f_1", 1_000, 1_000), family("f_2", 1_000, 1_000));
    sql.create_refresh_families(&[&one, &other]).await.unwrap();
    for family_id in ["f_1", "f_1", "f_unknown"] {
        sql.revoke_refresh_family(family_id, WallTime::from_millis(5_000)).await.unwrap();
    }
    assert_eq!(sql.find_refresh_family("f_1").await.unwrap(), None);
    assert!(sql.rotate_refresh_family(&one.token_hash, &one).await.unwrap().is_none());
    assert_eq!(sql.find_refresh_family("f_2").await.unwrap(), Some(other));
    let mut listed = other_node.list_revoked_families(10).await.unwrap();
    listed.sort();
    assert_eq!(listed, ["f_1", "f_unknown"]);
}

pub(super) async fn revoked_families_are_listed_the_last_first_until_they_are_swept(
    database: &Database,
) {
    let sql = database.open().await;
    let at = WallTime::from_millis;
    for (family_id, revoked_at) in [("f_3", 3_000), ("f_1", 1_000), ("f_4", 4_000), ("f_2", 2_000)]
    {
        sql.revoke_refresh_family(family_id, at(revoked_at)).await.unwrap();
    }
    assert_eq!(sql.list_revoked_families(3).await.unwrap(), ["f_4", "f_3", "f_2"]);
    sql.sweep_revoked_families(at(2_000), 10).await.unwrap();
    assert_eq!(sql.list_revoked_families(10).await.unwrap(), ["f_4", "f_3", "f_2"]);
    sql.sweep_revoked_families(at(0), 2).await.unwrap();
    assert_eq!(sql.list_revoked_families(10).await.unwrap(), ["f_4", "f_3"]);
}
