//! The laws that hold on every kind of database. A broken law panics.
//!
//! Each law takes a database of its own. They are public so that the `tests` package can run them on
//! a real PostgreSQL.

mod bans;
mod creations;
mod database;
mod entry;
mod epochs;
pub(super) mod refresh_families;
mod revoked_families;
mod rooms;
mod snapshots;

use std::pin::Pin;

use engine::{RoomId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};

use super::{SnapshotRow, Sql};

/// The time at which the laws register rooms.
pub const NOW: Timestamp = Timestamp::from_millis(1_000);

/// A law, to be run on a new database.
pub type Law = fn(Database) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Lists the laws in `ALL`, and makes each of them a test on an SQLite file.
macro_rules! laws {
    ($($subject:ident::$law:ident,)*) => {
        /// Every law, with its name.
        pub const ALL: &[(&str, Law)] = &[$((
            stringify!($law),
            |database| Box::pin(async move { $subject::$law(&database).await }),
        )),*];

        #[cfg(test)]
        mod on_sqlite {
            $(#[tokio::test]
            async fn $law() {
                let file = crate::sql::tests::File::new();
                super::$subject::$law(&file.database).await;
            })*
        }
    };
}

laws! {
    rooms::a_new_room_has_the_first_epoch_and_is_found_by_its_id_and_by_its_code,
    rooms::a_taken_id_and_a_taken_code_are_told_apart,
    rooms::a_room_whose_creation_failed_can_be_created_again,
    rooms::nothing_is_left_of_a_deleted_room,
    rooms::each_room_is_listed_on_exactly_one_page,
    creations::a_repeated_creation_names_the_first_room_and_only_the_first_one_makes_it,
    creations::a_creation_whose_room_is_gone_says_so_and_one_that_came_to_nothing_starts_anew,
    creations::a_room_that_was_made_and_went_unnoticed_is_never_made_again,
    creations::of_simultaneous_creations_under_one_key_one_registers_the_room,
    creations::a_creation_is_forgotten_after_a_day,
    epochs::epochs_rise_above_both_the_issued_and_the_given_ones,
    epochs::epochs_of_more_rooms_than_fit_in_one_statement_rise,
    epochs::only_registered_rooms_get_a_new_epoch,
    epochs::an_epoch_rises_above_the_one_that_a_store_holds,
    epochs::nodes_that_raise_the_same_epochs_at_once_each_get_their_own,
    snapshots::a_snapshot_is_replaced_only_by_a_newer_one,
    snapshots::of_several_snapshots_of_one_room_the_newest_is_kept,
    snapshots::a_snapshot_does_not_bring_a_deleted_room_back,
    snapshots::more_snapshots_than_fit_in_one_statement_are_read_back_byte_for_byte,
    refresh_families::a_family_is_found_as_it_was_created_and_creating_it_again_changes_nothing,
    refresh_families::a_family_of_an_earlier_version_has_neither_key_nor_clock,
    refresh_families::the_user_of_a_family_has_the_name_that_was_given_last,
    refresh_families::of_two_nodes_that_rotate_a_family_at_once_one_succeeds,
    refresh_families::a_sweep_deletes_old_and_idle_families_a_few_at_a_time,
    refresh_families::of_too_many_families_those_unused_for_longest_are_swept,
    refresh_families::of_too_many_families_those_whose_people_did_not_come_back_are_swept_first,
    refresh_families::families_are_counted_by_when_their_newest_token_was_issued,
    refresh_families::times_that_a_clock_wrote_before_it_was_set_move_with_it_once,
    refresh_families::times_of_a_clock_that_was_ahead_are_pulled_back,
    revoked_families::a_revoked_family_is_gone_and_every_node_finds_it_in_the_list,
    revoked_families::revoked_families_are_listed_the_last_first_until_they_are_swept,
    bans::a_ban_is_listed_until_it_ends_or_is_lifted,
    bans::every_node_reads_each_change_of_bans_in_order,
    bans::a_room_has_no_more_bans_than_it_may,
    bans::bans_go_with_their_room_and_once_they_are_over,
    entry::a_participant_has_one_grant_in_a_room_the_last_one,
    entry::every_node_reads_each_change_of_grants_in_order,
    entry::a_grant_that_has_ended_is_kept_with_its_room_and_the_refusal_of_a_knock_is_not,
    entry::an_invite_lets_in_as_many_as_it_is_for_each_once,
    entry::of_many_who_use_an_invite_at_once_only_as_many_as_it_is_for_are_let_in,
    entry::an_invite_that_is_unknown_elsewhere_over_or_revoked_lets_nobody_in,
    entry::a_room_has_no_more_invites_and_grants_than_it_may,
    entry::what_lets_people_in_goes_with_its_room,
    database::the_token_key_is_created_once_and_kept,
    database::a_token_key_that_is_unusable_is_named_and_the_newest_of_the_others_is_taken,
    database::a_database_keeps_its_id,
    database::the_clock_of_a_database_shows_the_milliseconds_of_its_time,
    database::nodes_that_open_a_new_database_at_once_find_it_complete,
    database::nodes_that_open_a_database_of_the_previous_version_at_once_keep_its_rooms,
    database::a_database_of_a_newer_program_is_rejected_with_a_readable_error,
    database::an_unfinished_operation_changes_nothing,
    database::a_closed_database_returns_errors,
}

/// A database that laws can open, also several times at once.
#[derive(Clone, Debug)]
pub struct Database {
    /// The URL of the database.
    pub url: String,
}

impl Database {
    /// Opens the database, as one more node does.
    pub async fn open(&self) -> Sql {
        Sql::open(&self.url).await.expect("the database opens")
    }
}

/// Registers rooms. The code of each is `code of <id>`.
pub async fn create_rooms(sql: &Sql, rooms: &[&str]) {
    for room in rooms {
        sql.create_room(&id(room), &format!("code of {room}"), NOW).await.expect("registered");
    }
}

/// Returns a snapshot whose body is unique to the room and its place.
pub fn snapshot(room: &str, epoch: u64, version: u64) -> SnapshotRow {
    let body = format!("{room} at {epoch}-{version}").into_bytes();
    SnapshotRow { room_id: id(room), epoch, version, body }
}

/// Executes a statement on a connection of its own, as somebody would who edits the file by hand.
pub async fn inflict(url: &str, statement: &str) {
    let mut connection = AnyConnection::connect(url).await.expect("the database opens");
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::query(statement).execute(&mut connection).await.expect("damaged");
    connection.close().await.expect("closed");
}

/// What a disk or a hand may do to a cell of a room's row in SQLite, as `SET` has it.
pub const DAMAGES: &[&str] = &[
    "snapshot_version = 'zz'",
    "snapshot_version = CAST(x'ff' AS TEXT)",
    "snapshot_version = -1",
    "snapshot_epoch = x'ff'",
    "snapshot_epoch = 'zz'",
    "snapshot_epoch = -1",
    "snapshot_epoch = 1.5",
    "snapshot = CAST(x'ff' AS TEXT)",
    "snapshot = 7",
    "room_id = CAST(room_id AS BLOB)",
    "room_id = x'ff'",
    "room_id = CAST(x'72ff' AS TEXT)",
];

fn id(text: &str) -> RoomId {
    RoomId::new(text)
}
