//! One commit, one script, one round trip.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use engine::{Commit, Event, LifecycleCause, LifecycleState, Room};

use super::put::{idle_ms, listed, maybe};
use super::read::{encode, json, text};
use super::script::COMMIT;
use super::{Node, failed, keys};
use crate::store::{CommitOutcome, StoreError};

impl Node {
    /// Makes a commit so, if Redis still holds `room`.
    pub(super) async fn commit(
        self: &Arc<Self>,
        room: &Arc<Room>,
        commit: &Commit,
    ) -> Result<CommitOutcome, StoreError> {
        let mut after = Room::clone(room);
        after.apply(commit);
        let deletes = after.lifecycle.state == LifecycleState::Deleted;
        if deletes {
            // SQL first: a room that SQL has forgotten is never rebuilt.
            let gone = self.sql.delete_rooms(std::slice::from_ref(&room.room_id)).await;
            gone.map_err(|error| failed("delete", error))?;
        }
        let args = vec![
            text(&room.room_id),
            text(room.epoch),
            text(room.version),
            text(commit.version),
            text(commit.at.as_millis()),
            encode(&after),
            json(commit),
            after.ops.last().filter(|_| commit.op.is_some()).map(json).unwrap_or_default(),
            maybe(after.deadline()),
            idle_ms(&after),
            listed(&after),
            Bytes::from_static(if deletes { b"1" } else { b"0" }),
            keys::channel(&room.room_id).into(),
            match LeaseChange::of(commit, &after) {
                LeaseChange::Keep => Bytes::new(),
                LeaseChange::Until(until) => text(until.as_millis()),
                LeaseChange::End => text(0),
            },
            Bytes::from_static(if loses_host(commit) { b"1" } else { b"0" }),
        ];
        let answer = self.run("commit", &COMMIT, &room.room_id, args).await?;
        if matches!(commit.event, Event::RoomChanged { .. } | Event::LifecycleChanged { .. }) {
            self.list_changed.store(true, Ordering::Relaxed);
        }
        match answer.word.as_str() {
            "ok" if deletes => {
                self.backlog.forget(&room.room_id);
                let _ = self.link.call("DEL", vec![keys::code(&room.code).into()]).await;
                Ok(CommitOutcome::Committed)
            }
            "ok" => {
                let after = Arc::new(after);
                self.backlog.note(&after);
                if let Some(followed) = self.find_followed(&room.room_id) {
                    self.notice(&followed, &after);
                }
                Ok(CommitOutcome::Committed)
            }
            "moved" => Ok(CommitOutcome::Conflict),
            "clock" => {
                // Decided too long ago, or this node's clock is off: measure, and decide again.
                self.doubt.notify_one();
                Ok(CommitOutcome::Conflict)
            }
            "absent" | "stale" => match self.recover(&room.room_id).await? {
                Some(_) => Ok(CommitOutcome::Conflict),
                None => Ok(CommitOutcome::Gone),
            },
            word => Err(failed("commit", format!("unexpected answer {word}"))),
        }
    }
}

/// Whether a commit is made because the host's lease is over: it mustn't be if it was renewed.
fn loses_host(commit: &Commit) -> bool {
    matches!(commit.event, Event::LifecycleChanged { cause: LifecycleCause::HostLost, .. })
}
