//! SQLite alone: the faults of a file, its URL and its settings. The laws are in `laws`.

use std::os::unix::fs::PermissionsExt;

use engine::RoomId;
use sqlx::migrate::{Migration, MigrationType};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqlSafeStr, SqliteConnection};
use tempfile::TempDir;

use super::laws::refresh_families::family;
use super::laws::{DAMAGES, Database, NOW, create_rooms, inflict, snapshot};
use super::{Sql, SqlError};

/// A database file of one test. Neither it nor its directory exists yet.
pub(super) struct File {
    pub(super) database: Database,
    _dir: TempDir,
}

impl File {
    pub(super) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let url = format!("sqlite://{}", dir.path().join("data/playhead.db").display());
        Self { database: Database { url }, _dir: dir }
    }

    async fn open(&self) -> Sql {
        self.database.open().await
    }
}

#[tokio::test]
async fn a_file_locked_by_another_program_gives_an_error_and_works_once_it_is_released() {
    let file = File::new();
    let sql = file.open().await;
    let mut other = other_program(&file).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let error = sql.create_room(&RoomId::new("r_a"), "one", NOW).await.unwrap_err();
    let SqlError::Statement { operation: "create a room", source } = error else {
        panic!("{error:?}")
    };
    assert!(source.to_string().contains("locked"), "{source}");
    // Reading isn't held up.
    assert!(!sql.has_room(&RoomId::new("r_a")).await.unwrap());
    sql.database_id().await.unwrap();

    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(sql.create_room(&RoomId::new("r_a"), "one", NOW).await.unwrap(), 1);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_counts_as_absent_and_paging_goes_on_behind_it() {
    for damage in DAMAGES {
        let file = File::new();
        let sql = file.open().await;
        create_rooms(&sql, &["r_a", "r_b", "r_c"]).await;
        let rows = ["r_a", "r_b", "r_c"].map(|room| snapshot(room, 1, 1));
        sql.write_snapshots(&rows).await.unwrap();
        let url = &file.database.url;
        inflict(url, &format!("UPDATE rooms SET {damage} WHERE room_id = 'r_b'")).await;

        let ids = ["r_a", "r_b", "r_c"].map(RoomId::new);
        let loaded = sql.load_snapshots(&ids).await.unwrap();
        assert_eq!(loaded, [rows[0].clone(), rows[2].clone()], "{damage}");
        assert_eq!(sql.load_snapshot(&ids[1]).await.unwrap(), None, "{damage}");
        let (mut listed, mut known) = (Vec::new(), Vec::new());
        while let Some(room_id) = sql.list_rooms(listed.last(), 1).await.unwrap().pop() {
            listed.push(room_id);
            let page = sql.list_known_rooms(known.last(), 1).await.unwrap();
            known.extend(page.into_iter().map(|one| one.room_id));
        }
        let readable = if damage.starts_with("room_id") { vec![0, 2] } else { vec![0, 1, 2] };
        let readable: Vec<RoomId> = readable.into_iter().map(|index| ids[index].clone()).collect();
        assert_eq!((&listed, &known), (&readable, &readable), "{damage}");
        // A snapshot takes the place of one that can't be read.
        let next = snapshot("r_b", 1, 2);
        sql.write_snapshots(std::slice::from_ref(&next)).await.unwrap();
        let expected = (!damage.starts_with("room_id")).then_some(next);
        assert_eq!(sql.load_snapshot(&ids[1]).await.unwrap(), expected, "{damage}");
    }
}

#[tokio::test]
async fn an_epoch_that_is_not_a_number_costs_no_other_room_its_own() {
    for damage in ["'zz'", "x'ff'", "-7", "1.5", "CAST(x'ff' AS TEXT)"] {
        let file = File::new();
        let sql = file.open().await;
        create_rooms(&sql, &["r_a", "r_b"]).await;
        let damage = format!("UPDATE rooms SET epoch = {damage} WHERE room_id = 'r_a'");
        inflict(&file.database.url, &damage).await;
        let held = [(RoomId::new("r_a"), 6), (RoomId::new("r_b"), 1)];
        let raised = sql.raise_epochs_and_delete_others(&held, NOW).await.unwrap();
        assert_eq!(raised, [(RoomId::new("r_a"), 7), (RoomId::new("r_b"), 2)], "{damage}");
    }
}

#[tokio::test]
async fn a_refresh_family_that_cannot_be_read_counts_as_absent_and_costs_no_other() {
    for damage in ["display_name = x'ff'", "token_hash = 'text'", "token_number = -5"] {
        let file = File::new();
        let sql = file.open().await;
        let [spoilt, whole] = ["f_1", "f_2"].map(|family_id| family(family_id, 1_000, 2_000));
        sql.create_refresh_families(&[&spoilt, &whole]).await.unwrap();
        let damage = format!("UPDATE refresh_families SET {damage} WHERE family_id = 'f_1'");
        inflict(&file.database.url, &damage).await;
        assert_eq!(sql.find_refresh_family("f_1").await.unwrap(), None, "{damage}");
        assert_eq!(sql.find_refresh_family("f_2").await.unwrap(), Some(whole));
    }
}

#[tokio::test]
async fn a_full_disk_gives_an_error_and_nothing_is_half_written() {
    let file = File::new();
    let sql = file.open().await;
    let rooms: Vec<String> = (0..200).map(|room| format!("r_{room:03}")).collect();
    let rooms: Vec<&str> = rooms.iter().map(String::as_str).collect();
    create_rooms(&sql, &rooms).await;
    let before: Vec<_> = rooms.iter().map(|room| snapshot(room, 1, 1)).collect();
    sql.write_snapshots(&before).await.unwrap();
    let ids: Vec<_> = rooms.iter().map(|room| RoomId::new(*room)).collect();

    let mut after: Vec<_> = rooms.iter().map(|room| snapshot(room, 1, 2)).collect();
    for row in &mut after {
        row.body.resize(4_000, 7);
    }
    fill_disk(&sql).await;
    let SqlError::Statement { operation: "write snapshots", source } =
        sql.write_snapshots(&after).await.unwrap_err()
    else {
        panic!("the disk is full")
    };
    assert!(source.to_string().contains("full"), "{source}");
    let mut kept = sql.load_snapshots(&ids).await.unwrap();
    kept.sort_by_key(|row| row.room_id.to_string());
    assert!(kept == before);

    // A new connection has no limit.
    sql.close().await;
    let sql = file.open().await;
    sql.write_snapshots(&after).await.unwrap();
    let mut kept = sql.load_snapshots(&ids).await.unwrap();
    kept.sort_by_key(|row| row.room_id.to_string());
    assert!(kept == after);
}

#[tokio::test]
async fn the_file_and_its_directory_are_created_for_the_owner_alone() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("new folder").join("50% of #1?.db");
    let sql = Sql::open_file(&file).await.unwrap();
    create_rooms(&sql, &["r_a"]).await;
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    for suffix in ["", "-wal", "-shm"] {
        let mut path = file.clone().into_os_string();
        path.push(suffix);
        assert_eq!(mode(path.as_ref()), 0o600, "{suffix}");
    }
    sql.close().await;

    let url = format!("sqlite://{}/new folder/50%25 of %231%3f.db", dir.path().display());
    assert!(Sql::open(&url).await.unwrap().has_room(&RoomId::new("r_a")).await.unwrap());
}

#[tokio::test]
async fn a_file_that_others_can_read_is_narrowed_when_it_is_opened() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("playhead.db");
    let beside = dir.path().join("playhead.db-wal");
    for path in [&file, &beside] {
        std::fs::write(path, []).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o664)).unwrap();
    }
    let sql = Sql::open_file(&file).await.unwrap();
    create_rooms(&sql, &["r_a"]).await;
    for path in [&file, &beside] {
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_commit_is_written_through_to_the_disk() {
    let file = File::new();
    let sql = file.open().await;
    for (setting, value) in [("synchronous", "2"), ("journal_mode", "wal")] {
        let mut operation = sql.begin("read a setting").await.unwrap();
        let query = format!("SELECT CAST({setting} AS TEXT) FROM pragma_{setting}");
        let read = |row: &sqlx::any::AnyRow| sqlx::Row::try_get::<String, _>(row, 0);
        let found =
            operation.fetch_one(sqlx::query(sqlx::AssertSqlSafe(query)), read).await.unwrap();
        assert_eq!(found.as_deref(), Some(value), "{setting}");
    }
}

#[tokio::test]
async fn two_databases_have_different_ids() {
    let (one, other) = (File::new(), File::new());
    let id = one.open().await.database_id().await.unwrap();
    assert_ne!(other.open().await.database_id().await.unwrap(), id);
}

#[tokio::test]
async fn a_url_of_another_kind_is_rejected_with_a_readable_error() {
    for url in [
        "mysql://localhost/playhead",
        "playhead.db",
        "sqlite::memory:",
        "sqlite://a?mode=ro",
        "sqlite:",
        "sqlite://",
        "sqlite:///nowhere/",
    ] {
        let error = Sql::open(url).await.unwrap_err();
        assert!(error.to_string().contains("sqlite:///path"), "{error}");
    }
}

#[test]
fn a_released_migration_never_changes() {
    let sql = include_str!("migrations/0001_rooms_and_token_keys.sql").into_sql_str();
    let migration = Migration::new(1, "".into(), MigrationType::Simple, sql, false);
    assert_eq!(migration.checksum[..8], [174, 41, 238, 225, 90, 162, 129, 250]);
}

/// Keeps the file from growing, on every connection.
async fn fill_disk(sql: &Sql) {
    let mut connections = Vec::new();
    for _ in 0..sql.pool.options().get_max_connections() {
        let mut connection = sql.pool.acquire().await.unwrap();
        sqlx::query("PRAGMA max_page_count = 1").execute(&mut *connection).await.unwrap();
        connections.push(connection);
    }
}

/// Opens the file as a program that isn't ours does.
async fn other_program(file: &File) -> SqliteConnection {
    file.database.url.parse::<SqliteConnectOptions>().unwrap().connect().await.unwrap()
}
