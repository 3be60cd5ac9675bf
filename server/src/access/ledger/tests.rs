use tempfile::TempDir;

use super::*;
use crate::access::Bans;
use crate::sql::laws::create_rooms;
use crate::sql::{BanRow, ENDLESS};

#[tokio::test]
async fn who_another_node_bans_is_announced_once_by_whichever_reading_finds_it_first() {
    let dir = TempDir::new().unwrap();
    let sql = Arc::new(Sql::open_file(&dir.path().join("playhead.db")).await.unwrap());
    create_rooms(&sql, &["r_1"]).await;
    let (here, elsewhere) = (Bans::open(sql.clone(), 10).await, Bans::open(sql.clone(), 10).await);
    let ledger = here.ledger();
    for (participant, anew) in [("p_1", false), ("p_2", true)] {
        elsewhere.ban(ban(participant)).await.unwrap();
        if anew {
            ledger.read_anew().await.unwrap();
        } else {
            ledger.read().await.unwrap();
        }
        let announced = std::mem::take(&mut *ledger.lock_closed());
        assert_eq!(announced, [(RoomId::new("r_1"), ParticipantId::new(participant))]);
        ledger.read().await.unwrap();
        ledger.read_anew().await.unwrap();
        assert!(ledger.lock_closed().is_empty());
        assert!(is_banned(&here, participant));
    }
    // Its own are known, and announced by their maker.
    here.ban(ban("p_3")).await.unwrap();
    ledger.read_anew().await.unwrap();
    ledger.read().await.unwrap();
    assert!(ledger.lock_closed().is_empty());
    assert!(is_banned(&here, "p_3"));
}

#[tokio::test]
async fn a_database_that_has_gone_back_is_read_from_its_start() {
    let dir = TempDir::new().unwrap();
    let (path, backup) = (dir.path().join("playhead.db"), dir.path().join("backup.db"));
    let sql = Arc::new(Sql::open_file(&path).await.unwrap());
    create_rooms(&sql, &["r_1"]).await;
    let restored = Arc::new(Sql::open_file(&backup).await.unwrap());
    create_rooms(&restored, &["r_1"]).await;
    let mut here = Bans::open(sql, 10).await;
    for participant in ["p_1", "p_2"] {
        here.ban(ban(participant)).await.unwrap();
    }
    here.ledger().read().await.unwrap();
    here.ledger_mut().sql = restored.clone();
    Bans::open(restored, 10).await.ban(ban("p_3")).await.unwrap();
    here.ledger().read_anew().await.unwrap();
    let announced = std::mem::take(&mut *here.ledger().lock_closed());
    assert_eq!(announced, [(RoomId::new("r_1"), ParticipantId::new("p_3"))]);
    assert!(is_banned(&here, "p_3") && !is_banned(&here, "p_1"));
    here.ban(ban("p_1")).await.unwrap();
    assert!(is_banned(&here, "p_1"));
}

#[tokio::test]
async fn what_was_lifted_and_what_went_with_its_room_is_forgotten() {
    let dir = TempDir::new().unwrap();
    let sql = Arc::new(Sql::open_file(&dir.path().join("playhead.db")).await.unwrap());
    create_rooms(&sql, &["r_1"]).await;
    let here = Bans::open(sql.clone(), 10).await;
    here.ban(ban("p_1")).await.unwrap();
    here.ban(ban("p_2")).await.unwrap();
    here.lift(&RoomId::new("r_1"), &ParticipantId::new("p_1")).await.unwrap();
    here.ledger().read_anew().await.unwrap();
    assert!(!is_banned(&here, "p_1") && is_banned(&here, "p_2"));
    sql.delete_rooms(&[RoomId::new("r_1")]).await.unwrap();
    here.ledger().read_anew().await.unwrap();
    assert!(here.ledger().known().entries.is_empty());
}

fn ban(participant: &str) -> BanRow {
    BanRow {
        room_id: RoomId::new("r_1"),
        participant_id: ParticipantId::new(participant),
        display_name: String::new(),
        reason: String::new(),
        by: ParticipantId::new("p_host"),
        banned_at: WallTime::now(),
        until: ENDLESS,
    }
}

fn is_banned(bans: &Bans, participant: &str) -> bool {
    let id = ParticipantId::new(participant);
    bans.check(&RoomId::new("r_1"), &id, WallTime::now()).is_err()
}
