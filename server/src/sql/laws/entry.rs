//! Laws of grants, invites and passwords of rooms.

use engine::{ParticipantId, Role, RoomId};

use super::{Database, create_rooms, id};
use crate::clock::WallTime;
use crate::sql::{ENDLESS, GrantRow, Granting, InviteRow, Redeeming, Sql, Via};

const MOST: u64 = 100;
const NOW: u64 = 1_000;

pub(super) async fn a_participant_has_one_grant_in_a_room_the_last_one(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_1", "r_2"]).await;
    let timed = GrantRow { until: at(5_000), role: Some(Role::Moderator), ..grant("r_1", "p_1") };
    stored(&sql, &grant("r_1", "p_1"), true).await;
    stored(&sql, &grant("r_2", "p_1"), true).await;
    stored(&sql, &timed, true).await;
    assert_eq!(listed(&sql, "r_1", 4_999).await, std::slice::from_ref(&timed));
    assert_eq!(listed(&sql, "r_1", 5_000).await, []);
    assert_eq!(sql.find_grant(&timed.grant_id, at(1)).await.unwrap(), Some(timed));

    // A knock replaces a grant only once that has ended.
    let knock = GrantRow { via: Via::Knock, granted_at: at(4_999), ..grant("r_1", "p_1") };
    assert_eq!(sql.grant(&knock, false, MOST).await.unwrap(), Granting::HoldsAnother);
    let later = GrantRow { granted_at: at(5_000), ..knock };
    stored(&sql, &later, false).await;
    assert_eq!(listed(&sql, "r_1", 5_000).await, [later]);

    let one = ParticipantId::new("p_1");
    let ended = sql.end_grant(&id("r_1"), &one, at(6_000)).await.unwrap().unwrap();
    assert_eq!((ended.participant_id, ended.now.until), (one.clone(), at(0)));
    assert_eq!(sql.end_grant(&id("r_1"), &one, at(6_000)).await.unwrap(), None);
    assert_eq!(listed(&sql, "r_1", 6_000).await, []);
    assert_eq!(listed(&sql, "r_2", 6_000).await.len(), 1);
}

pub(super) async fn every_node_reads_each_change_of_grants_in_order(database: &Database) {
    let (sql, other_node) = (database.open().await, database.open().await);
    create_rooms(&sql, &["r_1"]).await;
    let first = stored(&sql, &grant("r_1", "p_1"), true).await;
    let second = stored(&sql, &grant("r_1", "p_2"), true).await;
    let ended = sql.end_grant(&id("r_1"), &ParticipantId::new("p_1"), at(NOW)).await.unwrap();
    let ended = ended.unwrap().number;
    assert!(first < second && second < ended);
    let changes = other_node.list_grant_changes(0, 10).await.unwrap();
    let found: Vec<_> = changes
        .iter()
        .map(|one| (one.number, one.participant_id.as_str(), one.now.until))
        .collect();
    assert_eq!(found, [(second, "p_2", ENDLESS), (ended, "p_1", at(0))]);
    assert_eq!(other_node.list_grant_changes(second, 10).await.unwrap(), changes[1..]);
    assert_eq!(other_node.last_access_change().await.unwrap(), ended);
}

pub(super) async fn a_grant_that_has_ended_is_kept_with_its_room_and_the_refusal_of_a_knock_is_not(
    database: &Database,
) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_1"]).await;
    stored(&sql, &GrantRow { until: at(2_000), ..grant("r_1", "p_ended") }, true).await;
    let declined = GrantRow { via: Via::Declined, until: at(0), ..grant("r_1", "p_declined") };
    stored(&sql, &declined, false).await;
    let known = async || -> Vec<String> {
        let changes = sql.list_grant_changes(0, 10).await.unwrap();
        changes.into_iter().map(|change| change.participant_id.to_string()).collect()
    };
    sql.sweep_grants(at(NOW)).await.unwrap();
    assert_eq!(known().await, ["p_ended", "p_declined"]);
    sql.sweep_grants(at(1_000_000)).await.unwrap();
    assert_eq!(known().await, ["p_ended"]);
}

pub(super) async fn an_invite_lets_in_as_many_as_it_is_for_each_once(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_1"]).await;
    let two = InviteRow { uses: Some(2), role: Some(Role::CoHost), ..invite("r_1", "i_two") };
    assert!(sql.add_invite(&two, "hash", MOST).await.unwrap());
    let redeem = async |participant: &str| {
        sql.redeem_invite("hash", brought("r_1", participant), MOST).await.unwrap()
    };
    let Redeeming::Granted(_, first) = redeem("p_1").await else { panic!("it is good") };
    assert_eq!(
        (first.role, &*first.invite_id, &*first.by),
        (Some(Role::CoHost), "i_two", "p_host")
    );
    assert_eq!(redeem("p_1").await, Redeeming::Held, "who comes back uses it once");
    assert_eq!(sql.list_invites(&id("r_1"), None, 10, at(NOW)).await.unwrap()[0].1.used, 1);
    assert!(matches!(redeem("p_2").await, Redeeming::Granted(..)));
    assert_eq!(redeem("p_3").await, Redeeming::Invalid);
    assert_eq!(redeem("p_2").await, Redeeming::Held, "though it is used up");
    assert_eq!(sql.list_invites(&id("r_1"), None, 10, at(NOW)).await.unwrap(), []);

    // Who was shown out needs another one.
    sql.end_grant(&id("r_1"), &ParticipantId::new("p_2"), at(NOW)).await.unwrap().unwrap();
    assert_eq!(redeem("p_2").await, Redeeming::Invalid);

    // One without a role betters no grant.
    assert!(sql.add_invite(&invite("r_1", "i_any"), "any", MOST).await.unwrap());
    let brought = brought("r_1", "p_1");
    assert_eq!(sql.redeem_invite("any", brought, MOST).await.unwrap(), Redeeming::Held);
    assert_eq!(sql.list_invites(&id("r_1"), None, 10, at(NOW)).await.unwrap()[0].1.used, 0);
}

pub(super) async fn of_many_who_use_an_invite_at_once_only_as_many_as_it_is_for_are_let_in(
    database: &Database,
) {
    let (sql, other_node) = (database.open().await, database.open().await);
    create_rooms(&sql, &["r_1"]).await;
    let three = InviteRow { uses: Some(3), ..invite("r_1", "i_three") };
    assert!(sql.add_invite(&three, "hash", MOST).await.unwrap());
    let all = (0..12).map(|number| {
        let node = if number % 2 == 0 { &sql } else { &other_node };
        node.redeem_invite("hash", brought("r_1", &format!("p_{number}")), MOST)
    });
    let redeemed = futures_util::future::join_all(all).await;
    let granted = redeemed.iter().filter(|one| matches!(one, Ok(Redeeming::Granted(..)))).count();
    let refused = redeemed.iter().filter(|one| matches!(one, Ok(Redeeming::Invalid))).count();
    assert_eq!((granted, refused), (3, 9), "{redeemed:?}");
    assert_eq!(listed(&sql, "r_1", NOW).await.len(), 3);
}

pub(super) async fn an_invite_that_is_unknown_elsewhere_over_or_revoked_lets_nobody_in(
    database: &Database,
) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_1", "r_2"]).await;
    let ends = InviteRow { until: at(NOW), ..invite("r_1", "i_ends") };
    assert!(sql.add_invite(&ends, "ends", MOST).await.unwrap());
    assert!(sql.add_invite(&invite("r_1", "i_revoked"), "revoked", MOST).await.unwrap());
    assert!(!sql.revoke_invite(&id("r_2"), "i_revoked").await.unwrap(), "another room's");
    assert!(sql.revoke_invite(&id("r_1"), "i_revoked").await.unwrap());
    assert!(!sql.revoke_invite(&id("r_1"), "i_revoked").await.unwrap());
    assert!(sql.add_invite(&invite("r_2", "i_other"), "other", MOST).await.unwrap());
    for hash in ["unknown", "ends", "revoked", "other"] {
        let redeemed = sql.redeem_invite(hash, brought("r_1", "p_1"), MOST).await.unwrap();
        assert_eq!(redeemed, Redeeming::Invalid, "{hash}");
    }
    assert_eq!(listed(&sql, "r_1", NOW).await, []);
}

pub(super) async fn a_room_has_no_more_invites_and_grants_than_it_may(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_1"]).await;
    let once = InviteRow { uses: Some(1), ..invite("r_1", "i_once") };
    assert!(sql.add_invite(&once, "once", 2).await.unwrap());
    assert!(sql.add_invite(&invite("r_1", "i_any"), "any", 2).await.unwrap());
    assert!(!sql.add_invite(&invite("r_1", "i_third"), "third", 2).await.unwrap());
    let redeemed = sql.redeem_invite("once", brought("r_1", "p_1"), 2).await.unwrap();
    assert!(matches!(redeemed, Redeeming::Granted(..)));
    assert!(sql.add_invite(&invite("r_1", "i_third"), "third", 2).await.unwrap(), "one is used up");
    let listed = sql.list_invites(&id("r_1"), None, 10, at(NOW)).await.unwrap();
    let ids: Vec<&str> = listed.iter().map(|(_, invite)| &*invite.invite_id).collect();
    assert_eq!(ids, ["i_third", "i_any"], "the newest first");
    let behind = sql.list_invites(&id("r_1"), Some(listed[0].0), 10, at(NOW)).await.unwrap();
    assert_eq!(behind, listed[1..]);

    stored(&sql, &grant("r_1", "p_2"), true).await;
    let third = sql.redeem_invite("any", brought("r_1", "p_3"), 2).await.unwrap();
    assert_eq!(third, Redeeming::RoomHasMost);
    assert_eq!(sql.grant(&grant("r_1", "p_3"), true, 2).await.unwrap(), Granting::RoomHasMost);
    assert_eq!(sql.grant(&grant("r_none", "p_1"), true, 2).await.unwrap(), Granting::RoomIsGone);
}

pub(super) async fn what_lets_people_in_goes_with_its_room(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_1", "r_2"]).await;
    for room in ["r_1", "r_2"] {
        stored(&sql, &grant(room, "p_1"), true).await;
        let name = format!("i_{room}");
        assert!(sql.add_invite(&invite(room, &name), room, MOST).await.unwrap());
        sql.set_room_password(&id(room), "first").await.unwrap();
        sql.set_room_password(&id(room), "second").await.unwrap();
    }
    sql.delete_rooms(&[id("r_1")]).await.unwrap();
    for (room, is_there) in [("r_1", false), ("r_2", true)] {
        assert_eq!(listed(&sql, room, NOW).await.len(), usize::from(is_there));
        let invites = sql.list_invites(&id(room), None, 10, at(NOW)).await.unwrap();
        assert_eq!(invites.len(), usize::from(is_there));
        let password = sql.find_room_password(&id(room)).await.unwrap();
        assert_eq!(password.as_deref(), is_there.then_some("second"));
    }
    sql.sweep_invites().await.unwrap();
    assert!(sql.find_room_password(&id("r_2")).await.unwrap().is_some());
}

fn grant(room: &str, participant: &str) -> GrantRow {
    GrantRow {
        room_id: RoomId::new(room),
        participant_id: ParticipantId::new(participant),
        grant_id: format!("g_{room}_{participant}"),
        display_name: format!("name of {participant}"),
        role: None,
        via: Via::Given,
        invite_id: String::new(),
        by: "p_host".to_owned(),
        granted_at: at(NOW),
        until: ENDLESS,
    }
}

/// The grant of somebody who brings an invite along.
fn brought(room: &str, participant: &str) -> GrantRow {
    let by = participant.to_owned();
    let grant_id = format!("g_brought_{room}_{participant}");
    GrantRow { via: Via::Invite, by, grant_id, ..grant(room, participant) }
}

fn invite(room: &str, invite_id: &str) -> InviteRow {
    InviteRow {
        invite_id: invite_id.to_owned(),
        room_id: RoomId::new(room),
        role: None,
        uses: None,
        used: 0,
        by: "p_host".to_owned(),
        created_at: at(NOW),
        until: ENDLESS,
    }
}

/// Stores a grant, and returns its number.
async fn stored(sql: &Sql, grant: &GrantRow, replaces: bool) -> u64 {
    match sql.grant(grant, replaces, MOST).await.unwrap() {
        Granting::Stored(number) => number,
        other => panic!("{other:?}"),
    }
}

async fn listed(sql: &Sql, room: &str, now: u64) -> Vec<GrantRow> {
    let listed = sql.list_grants(&id(room), None, 10, at(now)).await.unwrap();
    listed.into_iter().map(|(_, grant)| grant).collect()
}

fn at(millis: u64) -> WallTime {
    WallTime::from_millis(millis)
}
