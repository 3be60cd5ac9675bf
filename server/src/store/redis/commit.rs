//! Stores a commit: one script, one round trip.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use engine::{Commit, LeaseChange, Room};

use super::codec::{encode_room, flag, json, optional_time, text};
use super::keys;
use super::node::Node;
use super::script::COMMIT;
use crate::store::{CLOCKS_APART_MS, CommitOutcome, StoreError};

impl Node {
    /// Stores a commit if Redis still holds `room`, the room before it.
    pub(super) async fn commit(
        self: &Arc<Self>,
        room: &Arc<Room>,
        commit: &Commit,
    ) -> Result<CommitOutcome, StoreError> {
        let mut after = Room::clone(room);
        after.apply(commit);
        if after.is_deleted() {
            // SQL first: a room that SQL doesn't know is never rebuilt.
            let deleted = self.sql.delete_rooms(std::slice::from_ref(&room.room_id)).await;
            deleted.map_err(|error| StoreError::new("delete", error))?;
        }
        let args = arguments(room, commit, &after);
        let reply = self.run("commit", &COMMIT, &room.room_id, args).await?;
        if commit.event.may_change_listing() {
            self.list_changed.store(true, Ordering::Relaxed);
        }
        match reply.status.as_str() {
            "ok" if after.is_deleted() => {
                self.backlog.remove(&room.room_id);
                let _ = self.masters.call("DEL", vec![keys::code(&room.code).into()]).await;
                Ok(CommitOutcome::Committed)
            }
            "ok" => {
                let after = Arc::new(after);
                self.backlog.add(&after);
                if let Some(followed) = self.followed.find(&room.room_id) {
                    self.learn(&followed, &after);
                }
                Ok(CommitOutcome::Committed)
            }
            "moved" => Ok(CommitOutcome::Conflict),
            "clock" => {
                // Decided too long ago, or one of the clocks is off: measure, and decide again.
                if let Ok(master) = self.masters.of_room(&room.room_id) {
                    self.masters.timekeeper().inspect(|keeper| keeper.check_now.notify_one());
                    master.check_now.notify_one();
                    master.clock.settled().await;
                }
                Ok(CommitOutcome::Conflict)
            }
            _ if reply.is_lost() => match self.recover(&room.room_id).await? {
                Some(_) => Ok(CommitOutcome::Conflict),
                None => Ok(CommitOutcome::Gone),
            },
            status => Err(StoreError::new("commit", format!("unexpected answer {status}"))),
        }
    }
}

/// The arguments of the script, in its order.
fn arguments(before: &Room, commit: &Commit, after: &Room) -> Vec<Bytes> {
    vec![
        text(&before.room_id),
        text(before.epoch),
        text(before.version),
        text(commit.version),
        text(commit.at.as_millis()),
        encode_room(after),
        json(commit),
        after.ops.last().filter(|_| commit.op.is_some()).map(json).unwrap_or_default(),
        optional_time(after.deadline()),
        after.idle_ms().map(text).unwrap_or_default(),
        flag(after.is_listed()),
        flag(after.is_deleted()),
        keys::channel(&before.room_id).into(),
        match LeaseChange::of(commit, after) {
            LeaseChange::Keep => Bytes::new(),
            LeaseChange::Until(until) => text(until.as_millis()),
            LeaseChange::End => text(0),
        },
        flag(commit.event.is_host_lost()),
        text(CLOCKS_APART_MS),
        text(before.at.as_millis()),
    ]
}
