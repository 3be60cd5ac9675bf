//! Journals that can't be used are refused, with an error that says what to do. Rows that can't be read
//! cost no more than their room.

use super::*;

#[tokio::test]
async fn a_journal_of_garbage_is_refused_with_a_clear_error() {
    let dir = stored_room("garbage").await;
    std::fs::write(dir.path().join(FILE), "not a database at all".repeat(1_000)).unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains(FILE), "{error}");
}

#[tokio::test]
async fn a_journal_that_lost_its_content_is_refused_with_a_clear_error() {
    let dir = stored_room("emptied").await;
    let sql = database(dir.path()).await;
    assert_eq!(sql.count_rooms().await.unwrap(), 1);
    std::fs::write(dir.path().join(FILE), "").unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Emptied { rooms: 1, .. }), "{error}");

    // Moving the journal away is a decision to forget its rooms.
    std::fs::remove_file(dir.path().join(FILE)).unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    assert!(store.list_public().await.unwrap().is_empty());
    assert_eq!(sql.count_rooms().await.unwrap(), 0);
}

#[tokio::test]
async fn a_damaged_row_costs_its_room_what_came_after_it_and_no_other_room_anything() {
    // A room of version 5 is read up to this version, or is gone.
    for (damage, kept) in [
        ("UPDATE commits SET body = x'7b' WHERE version = 3", Some(2)),
        ("UPDATE commits SET body = x'7b', sum = NULL WHERE version = 3", Some(2)),
        ("UPDATE commits SET version = 7 WHERE version = 3", Some(2)),
        ("DELETE FROM commits WHERE version = 3", Some(2)),
        // Still a commit, but not the one that was written.
        (
            "UPDATE commits SET body = CAST(replace(CAST(body AS TEXT), 'version 3', 'version 9') \
             AS BLOB) WHERE version = 4",
            Some(3),
        ),
        ("DELETE FROM snapshots", None),
        ("UPDATE snapshots SET body = x'7b'", None),
        ("UPDATE snapshots SET room_id = x'ff'", None),
        (
            "UPDATE snapshots SET body = CAST(replace(CAST(body AS TEXT), 'Party', 'Porty') AS BLOB)",
            None,
        ),
    ] {
        damage_a_row(damage, kept, false).await;
        // The snapshot in SQL has all five versions.
        damage_a_row(damage, Some(5), true).await;
    }
}

async fn damage_a_row(damage: &str, kept: Option<u64>, has_snapshot: bool) {
    let dir = stored_room("damaged").await;
    let (store, _) = open(dir.path()).await.unwrap();
    let sound = create(&store, "sound").await;
    let room_id = RoomId::new("r_damaged");
    assert!(store.add_member(&room_id, member("p_a"), 8, &|_| false).await.unwrap());
    store.close().await;
    // Two starts have each added a commit; the damage is to what was there before.
    let mut journal = connect(dir.path()).await;
    let only = if damage.contains("WHERE") { "AND" } else { "WHERE" };
    let damage = format!("{damage} {only} room_id = 'r_damaged'");
    sqlx::query(sqlx::AssertSqlSafe(damage.as_str())).execute(&mut journal).await.unwrap();
    journal.close().await.unwrap();

    if !has_snapshot {
        forget_snapshots(dir.path()).await;
    }
    let (store, _) = open(dir.path()).await.unwrap();
    assert_rebased(&store, &sound).await;
    let damaged = store.load(&room_id).await.unwrap();
    let place = damaged.map(|room| (room.version - 1, room.rebased.unwrap().lost));
    assert_eq!(place, kept.map(|version| (version, true)), "{damage}");
    store.close().await;
    assert!(count(dir.path(), "damaged").await > 0 || damage.contains("x'ff'"), "{damage}");

    // From then on it is an ordinary room.
    let (store, _) = open(dir.path()).await.unwrap();
    let again = store.load(&room_id).await.unwrap();
    assert_eq!(again.map(|room| room.version), kept.map(|version| version + 2), "{damage}");
    let kept_member = store.find_member(&room_id, &ParticipantId::new("p_a")).await.unwrap();
    assert_eq!(kept_member.is_some(), kept.is_some(), "{damage}");
}

#[tokio::test]
async fn a_page_that_cannot_be_read_costs_neither_the_start_nor_a_room_with_a_snapshot() {
    const PAGE: usize = 4096;
    let dir = TempDir::new().unwrap();
    let sql = database(dir.path()).await;
    let (store, clock) = MemoryStore::open(dir.path(), sql.clone()).await.unwrap();
    let mut rooms = Vec::new();
    for number in 0..6 {
        let room = create(&store, &format!("page-{number}")).await;
        sql.create_room(&room.room_id, &room.code, clock.now()).await.unwrap();
        assert!(store.add_member(&room.room_id, member("p_a"), 8, &|_| false).await.unwrap());
        rooms.push(commit_times(&store, room, 20).await);
    }
    store.close().await;
    sql.close().await;
    let whole = std::fs::read(dir.path().join(FILE)).unwrap();
    let mut set_aside = 0;
    // Of the first page, see below.
    for page in 1..whole.len() / PAGE {
        let copy = TempDir::new().unwrap();
        for file in ["playhead.db", "playhead.db-wal"] {
            let _ = std::fs::copy(dir.path().join(file), copy.path().join(file));
        }
        let mut damaged = whole.clone();
        damaged[page * PAGE..(page + 1) * PAGE].fill(0);
        std::fs::write(copy.path().join(FILE), damaged).unwrap();
        let (store, _) = open(copy.path()).await.unwrap();
        for room in &rooms {
            let found = load(&store, &room.room_id).await;
            let expected = (room.version + 1, &room.profile);
            assert_eq!((found.version, &found.profile), expected, "page {page}");
        }
        let next = commit_times(&store, load(&store, &rooms[0].room_id).await, 1).await;
        store.close().await;
        if copy.path().join(format!("{FILE}.damaged-1")).exists() {
            set_aside += 1;
        }
        let (store, _) = open(copy.path()).await.unwrap();
        assert_rebased(&store, &next).await;
    }
    assert!(set_aside > 0, "pages with rows of rooms are noticed");
}

#[tokio::test]
async fn a_changed_byte_of_the_first_page_costs_no_room_with_a_snapshot_its_existence() {
    // The first 16 bytes say that it is a database at all.
    const FROM: usize = 16;
    let dir = stored_room("first").await;
    let whole = std::fs::read(dir.path().join(FILE)).unwrap();
    let mut set_aside = Vec::new();
    for offset in FROM..112 {
        let copy = TempDir::new().unwrap();
        for file in ["playhead.db", "playhead.db-wal"] {
            let _ = std::fs::copy(dir.path().join(file), copy.path().join(file));
        }
        let mut damaged = whole.clone();
        damaged[offset] ^= 0xff;
        std::fs::write(copy.path().join(FILE), damaged).unwrap();
        let what = format!("offset {offset}");
        let opened = open(copy.path()).await;
        if let Err(OpenError::Newer { found: 2 | 4..256, .. }) = &opened {
            assert_eq!(offset, 63, "{what}: the number of a schema that there may be");
            continue;
        }
        let (store, _) = opened.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let room = load(&store, &RoomId::new("r_first")).await;
        assert_eq!(room.version, 6, "{what}");
        let next = commit_times(&store, room, 1).await;
        store.close().await;
        if copy.path().join(format!("{FILE}.damaged-1")).exists() {
            set_aside.push(offset);
        }
        let (store, _) = open(copy.path()).await.unwrap();
        assert_rebased(&store, &next).await;
        store.close().await;
    }
    for offset in [18, 28, 59, 60, 100, 103, 108] {
        assert!(set_aside.contains(&offset), "offset {offset} is noticed: {set_aside:?}");
    }
}

#[tokio::test]
async fn wherever_the_replacement_of_a_damaged_journal_is_interrupted_the_next_start_repeats_it() {
    const NOTICED: usize = 18;
    for steps in 0..=3 {
        let dir = stored_room("cut").await;
        let path = dir.path().join(FILE);
        let mut damaged = std::fs::read(&path).unwrap();
        damaged[NOTICED] ^= 0xff;
        std::fs::write(&path, damaged).unwrap();
        let lock = std::fs::File::create(dir.path().join("lock")).unwrap();
        let mut journal = Journal::open(dir.path(), lock, 1).await.unwrap();
        assert!(journal.is_damaged);
        if let Some(connection) = journal.connection.take() {
            let _ = connection.close().await;
        }
        if steps >= 1 {
            journal.keep_damaged().unwrap();
        }
        if steps >= 2 {
            let new = journal.create_beside().await.unwrap();
            if steps == 3 {
                journal.put_in_place(&new).unwrap();
            }
        }
        drop(journal);
        assert!(path.exists(), "after {steps} steps");
        let (store, _) = open(dir.path()).await.unwrap();
        let room = load(&store, &RoomId::new("r_cut")).await;
        assert_eq!(room.version, 6, "after {steps} steps");
        store.close().await;
    }
}

#[tokio::test]
async fn a_room_that_had_ended_does_not_come_back_from_its_snapshot() {
    let dir = TempDir::new().unwrap();
    let sql = database(dir.path()).await;
    let (store, clock) = MemoryStore::open(dir.path(), sql.clone()).await.unwrap();
    let room = create(&store, "ended").await;
    sql.create_room(&room.room_id, &room.code, clock.now()).await.unwrap();
    laws::end(&*store, &room.room_id).await;
    store.close().await;
    assert!(sql.load_snapshot(&room.room_id).await.unwrap().is_some());
    let mut journal = connect(dir.path()).await;
    for statement in ["DELETE FROM snapshots", "DELETE FROM commits"] {
        sqlx::query(statement).execute(&mut journal).await.unwrap();
    }
    journal.close().await.unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    assert!(store.load(&room.room_id).await.unwrap().is_none());
}

/// Leaves the rooms in the database, without their snapshots.
async fn forget_snapshots(dir: &Path) {
    let url = format!("sqlite://{}", dir.join("playhead.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    let forget = "UPDATE rooms SET snapshot = NULL, snapshot_epoch = NULL, snapshot_version = NULL";
    sqlx::query(forget).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_damaged_member_has_to_join_again_and_nobody_else() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let room_id = create(&store, "members").await.room_id;
    for id in ["p_a", "p_b"] {
        assert!(store.add_member(&room_id, member(id), 8, &|_| false).await.unwrap());
    }
    store.close().await;
    let mut journal = connect(dir.path()).await;
    let damage = "UPDATE members SET display_name = 'Eve' WHERE participant_id = 'p_a'";
    sqlx::query(damage).execute(&mut journal).await.unwrap();
    journal.close().await.unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let find = async |id: &str| store.find_member(&room_id, &ParticipantId::new(id)).await.unwrap();
    assert_eq!(find("p_a").await, None);
    assert_eq!(find("p_b").await, Some(member("p_b")));
}

#[tokio::test]
async fn a_journal_of_the_program_before_is_read_and_kept_up_to_date() {
    let dir = stored_room("old").await;
    let mut journal = connect(dir.path()).await;
    for statement in [
        "ALTER TABLE snapshots DROP COLUMN sum",
        "ALTER TABLE commits DROP COLUMN sum",
        "ALTER TABLE members DROP COLUMN sum",
        "DROP TABLE damaged",
        "DROP TABLE probe",
        "PRAGMA user_version = 1",
        "PRAGMA auto_vacuum = NONE",
        "VACUUM",
    ] {
        sqlx::query(statement).execute(&mut journal).await.unwrap();
    }
    journal.close().await.unwrap();
    for version in [6, 7] {
        let (store, _) = open(dir.path()).await.unwrap();
        assert_eq!(load(&store, &RoomId::new("r_old")).await.version, version);
        store.close().await;
    }
    let mut journal = connect(dir.path()).await;
    let mode = sqlx::query_scalar::<_, i64>("PRAGMA auto_vacuum").fetch_one(&mut journal).await;
    assert_eq!(mode.unwrap(), 2, "it can give pages back");
}

#[tokio::test]
async fn a_journal_with_a_probe_left_in_it_is_brought_up_to_date() {
    let dir = stored_room("probed").await;
    let mut journal = connect(dir.path()).await;
    for statement in ["INSERT INTO probe VALUES (zeroblob(100000))", "PRAGMA user_version = 2"] {
        sqlx::query(statement).execute(&mut journal).await.unwrap();
    }
    journal.close().await.unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    assert_eq!(load(&store, &RoomId::new("r_probed")).await.version, 6);
    store.close().await;
    assert_eq!(count(dir.path(), "probe").await, 0);
}

#[tokio::test]
async fn rows_that_were_set_aside_are_kept_up_to_a_bound_the_latest_ones() {
    let dir = stored_room("bounded").await;
    let mut journal = connect(dir.path()).await;
    let fill = "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 12000)
        INSERT INTO damaged (kind, room_id, version, body) SELECT 'commits', 'r_old', n, x'7b' FROM number";
    sqlx::query(fill).execute(&mut journal).await.unwrap();
    journal.close().await.unwrap();
    open(dir.path()).await.unwrap().0.close().await;
    assert_eq!(count(dir.path(), "damaged").await, 10_000);
    let mut journal = connect(dir.path()).await;
    let earliest = sqlx::query_scalar("SELECT MIN(version) FROM damaged").fetch_one(&mut journal);
    let earliest: i64 = earliest.await.unwrap();
    assert_eq!(earliest, 2_001);
    let large = "UPDATE damaged SET body = zeroblob(40000000) WHERE version > 11996";
    sqlx::query(large).execute(&mut journal).await.unwrap();
    journal.close().await.unwrap();
    open(dir.path()).await.unwrap().0.close().await;
    assert_eq!(count(dir.path(), "damaged").await, 1, "of four with 40 MB each");
}

#[tokio::test]
async fn a_journal_of_a_newer_program_is_refused_with_a_clear_error() {
    let dir = stored_room("newer").await;
    let mut journal = connect(dir.path()).await;
    sqlx::query("PRAGMA user_version = 99").execute(&mut journal).await.unwrap();
    journal.close().await.unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }));
    assert!(error.to_string().contains("newer version of this program"), "{error}");
}
