//! Brings the tables up to date.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, SqlSafeStr};

use super::{Kind, SqlError};

/// The migrations in order. Never change one that was released; add another.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "rooms and token keys", include_str!("migrations/0001_rooms_and_token_keys.sql")),
    (
        2,
        "codes, snapshots and identity",
        include_str!("migrations/0002_codes_snapshots_and_identity.sql"),
    ),
    (3, "refresh families", include_str!("migrations/0003_refresh_families.sql")),
    (4, "creations", include_str!("migrations/0004_creations.sql")),
    (
        5,
        "creations that ended unnoticed",
        include_str!("migrations/0005_creations_that_ended_unnoticed.sql"),
    ),
    (6, "refresh proofs", include_str!("migrations/0006_refresh_proofs.sql")),
    (7, "refresh clocks", include_str!("migrations/0007_refresh_clocks.sql")),
    (8, "refresh numbers", include_str!("migrations/0008_refresh_numbers.sql")),
    (9, "refresh families in use", include_str!("migrations/0009_refresh_families_in_use.sql")),
    (10, "revoked families", include_str!("migrations/0010_revoked_families.sql")),
    (11, "bans", include_str!("migrations/0011_bans.sql")),
    (12, "names", include_str!("migrations/0012_names.sql")),
    (13, "entry", include_str!("migrations/0013_entry.sql")),
];

/// Runs the migrations that the database lacks. If several nodes start at once, only one runs them.
pub(super) async fn migrate(connection: &mut AnyConnection, kind: Kind) -> Result<(), SqlError> {
    let known = MIGRATIONS.last().map_or(0, |(version, ..)| *version);
    run(connection, kind).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) => SqlError::Newer { found, known },
        error => SqlError::Migrate(Box::new(error)),
    })
}

async fn run(connection: &mut AnyConnection, kind: Kind) -> Result<(), MigrateError> {
    let migrations = MIGRATIONS.iter().map(|(version, description, sql)| {
        let sql = AssertSqlSafe(dialect(sql, kind)).into_sql_str();
        Migration::new(*version, (*description).into(), MigrationType::Simple, sql, false)
    });
    let migrator = Migrator::with_migrations(migrations.collect());
    match kind {
        // The migrator doesn't lock SQLite.
        Kind::Sqlite => {
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            migrator.run_direct(None, &mut *transaction, false).await?;
            transaction.commit().await?;
            Ok(())
        }
        Kind::Postgres => migrator.run_direct(None, connection, false).await,
    }
}

/// Returns a migration in the database's own dialect. Only the name of one type differs.
fn dialect(sql: &str, kind: Kind) -> String {
    match kind {
        Kind::Sqlite => sql.to_owned(),
        Kind::Postgres => sql.replace(" BLOB", " BYTEA"),
    }
}
