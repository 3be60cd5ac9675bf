//! The rows that one transaction of the journal writes.

use engine::{Commit, ParticipantId, Room, RoomId};
use serde_json::Value;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use tokio::sync::oneshot;

use super::checksum;
use super::members::Members;
use crate::sql::column;
use crate::store::Member;

/// A room whose version is a multiple of this is written as a snapshot, in place of its commits.
pub(super) const SNAPSHOT_EVERY: u64 = 128;
/// How many rows one statement writes. SQLite accepts many more parameters than they need.
const ROWS_PER_STATEMENT: usize = 500;

/// What the journal stores of one room. Bodies are JSON.
#[derive(Debug, Default)]
pub(super) enum Entry {
    /// The whole room, in place of all earlier entries.
    Snapshot(Vec<u8>),
    /// A further commit.
    Commit(Vec<u8>),
    /// Nothing: all entries of the room are deleted.
    #[default]
    Deletion,
}

impl Entry {
    /// Makes the entry that replaces everything about `room`.
    pub(super) fn whole(room: &Room) -> Self {
        Self::Snapshot(serde_json::to_vec(room).expect("a room is plain data"))
    }

    /// Makes the entry of `room`, which is new, or the room after `commit`.
    pub(super) fn of(room: &Room, commit: Option<&Commit>) -> Self {
        let body = "a room is plain data";
        match commit {
            _ if room.is_deleted() => Self::Deletion,
            Some(commit) if !room.version.is_multiple_of(SNAPSHOT_EVERY) => {
                Self::Commit(serde_json::to_vec(commit).expect(body))
            }
            _ => Self::Snapshot(serde_json::to_vec(room).expect(body)),
        }
    }
}

/// A change of a room's members.
#[derive(Debug)]
pub(super) struct MemberChange {
    pub(super) room_id: RoomId,
    pub(super) participant_id: ParticipantId,
    /// The member with the sequence number; `None` if it was removed.
    pub(super) entry: Option<(u64, Member)>,
    /// Those who wait until the change is durable.
    pub(super) waiting: Vec<oneshot::Sender<()>>,
}

impl MemberChange {
    /// Tells those who wait for a change that it is durable.
    pub(super) fn tell_written(waiting: Vec<oneshot::Sender<()>>) {
        for one in waiting {
            // A caller that has gone needs no answer.
            let _ = one.send(());
        }
    }
}

/// The rows of one transaction.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The room, its epoch and version, and the body.
    snapshots: Vec<(RoomId, u64, u64, Vec<u8>)>,
    /// The room, the version, and the body.
    commits: Vec<(RoomId, u64, Vec<u8>)>,
    deleted: Vec<RoomId>,
    members: Vec<MemberChange>,
}

impl Batch {
    /// Makes a batch of changes of members.
    pub(super) fn of_members(members: Vec<MemberChange>) -> Self {
        Self { members, ..Self::default() }
    }

    /// Returns the changes of members.
    pub(super) fn into_members(self) -> Vec<MemberChange> {
        self.members
    }

    /// Whether the batch deletes rooms.
    pub(super) fn deletes_rooms(&self) -> bool {
        !self.deleted.is_empty()
    }

    /// Adds all members of a room.
    pub(super) fn add_members(&mut self, room_id: &RoomId, members: &Members) {
        let change = |entry: &(u64, Member)| MemberChange {
            room_id: room_id.clone(),
            participant_id: entry.1.participant_id.clone(),
            entry: Some(entry.clone()),
            waiting: Vec::new(),
        };
        self.members.extend(members.iter().map(change));
    }

    /// Adds an entry of `room`.
    pub(super) fn add(&mut self, room: &Room, entry: Entry) {
        let room_id = room.room_id.clone();
        match entry {
            Entry::Snapshot(body) => {
                self.snapshots.push((room_id, room.epoch, room.version, body));
            }
            Entry::Commit(body) => self.commits.push((room_id, room.version, body)),
            Entry::Deletion => self.deleted.push(room_id),
        }
    }

    /// Writes the rows in the open transaction of `connection`.
    pub(super) async fn write(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        self.write_snapshots(connection).await?;
        self.write_commits(connection).await?;
        self.write_members(connection).await?;
        // Last, so that no row of a deleted room is written after it.
        for table in ["snapshots", "commits", "members"] {
            delete(connection, table, self.deleted.iter()).await?;
        }
        Ok(())
    }

    async fn write_snapshots(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for rows in self.snapshots.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT OR REPLACE INTO snapshots (room_id, epoch, version, body, sum) ",
            );
            query.push_values(rows, |mut row, (room_id, epoch, version, body)| {
                row.push_bind(room_id.as_str());
                row.push_bind(column(*epoch));
                row.push_bind(column(*version));
                row.push_bind(body.as_slice());
                row.push_bind(checksum::of_row(room_id.as_str(), *version, &[body]));
            });
            query.build().persistent(rows.len() == 1).execute(&mut *connection).await?;
        }
        delete(connection, "commits", self.snapshots.iter().map(|(room_id, ..)| room_id)).await
    }

    async fn write_commits(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for rows in self.commits.chunks(ROWS_PER_STATEMENT) {
            let mut query =
                QueryBuilder::<Sqlite>::new("INSERT INTO commits (room_id, version, body, sum) ");
            query.push_values(rows, |mut row, (room_id, version, body)| {
                row.push_bind(room_id.as_str());
                row.push_bind(column(*version));
                row.push_bind(body.as_slice());
                row.push_bind(checksum::of_row(room_id.as_str(), *version, &[body]));
            });
            query.build().persistent(rows.len() == 1).execute(&mut *connection).await?;
        }
        Ok(())
    }

    async fn write_members(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let (joined, left): (Vec<_>, Vec<_>) =
            self.members.iter().partition(|change| change.entry.is_some());
        for rows in joined.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT OR REPLACE INTO members \
                 (room_id, participant_id, user_id, display_name, base, joined_seq, sum) ",
            );
            let rows = rows.iter().filter_map(|change| Some((change, change.entry.as_ref()?)));
            query.push_values(rows, |mut row, (change, (seq, member))| {
                row.push_bind(change.room_id.as_str());
                row.push_bind(member.participant_id.as_str());
                row.push_bind(member.user_id.as_str());
                row.push_bind(member.display_name.as_str());
                let base = role_name(member);
                let id = member.participant_id.as_str();
                let parts = [id, &member.user_id, &member.display_name, &base].map(str::as_bytes);
                let sum = checksum::of_row(change.room_id.as_str(), *seq, &parts);
                row.push_bind(base);
                row.push_bind(column(*seq));
                row.push_bind(sum);
            });
            query.build().persistent(false).execute(&mut *connection).await?;
        }
        for change in left {
            sqlx::query("DELETE FROM members WHERE room_id = $1 AND participant_id = $2")
                .bind(change.room_id.as_str())
                .bind(change.participant_id.as_str())
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}

async fn delete(
    connection: &mut SqliteConnection,
    table: &str,
    rooms: impl Iterator<Item = &RoomId> + Send,
) -> Result<(), sqlx::Error> {
    let rooms: Vec<&RoomId> = rooms.collect();
    for rooms in rooms.chunks(ROWS_PER_STATEMENT) {
        let mut query =
            QueryBuilder::<Sqlite>::new(format!("DELETE FROM {table} WHERE room_id IN ("));
        let mut ids = query.separated(", ");
        for room_id in rooms {
            ids.push_bind(room_id.as_str());
        }
        query.push(")");
        query.build().persistent(rooms.len() == 1).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Returns the role's name in JSON.
fn role_name(member: &Member) -> String {
    let value = serde_json::to_value(member.base).ok();
    value.as_ref().and_then(Value::as_str).expect("a role is a word").to_owned()
}
