//! Looks, once a minute, whether every room that SQL knows is in Redis, and is looked at in time.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use engine::RoomId;
use tokio::time::sleep;

use super::link::Reply;
use super::read::{bytes_of, text};
use super::{Node, keys};
use crate::store::NodeId;

/// How often.
const EVERY: Duration = Duration::from_secs(60);
/// How long one node keeps the others from it, in milliseconds.
const CLAIM_MS: u64 = 55_000;
/// After this without a copy a room was never made.
const NEVER_MADE: Duration = Duration::from_secs(100);
/// How many rooms are asked for at once.
const PAGE: usize = 500;

impl Node {
    /// Sweeps until the store is closed.
    pub(super) async fn sweep(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = sleep(EVERY) => {}
                () = self.stop.cancelled() => return,
            }
            let node = text(&self.node_id.0);
            let args = vec![keys::SWEEP.into(), node, "NX".into(), "PX".into(), text(CLAIM_MS)];
            if matches!(self.link.call("SET", args).await, Ok(reply) if reply != Reply::Nil) {
                self.sweep_all().await;
            }
        }
    }

    /// Every room that SQL knows.
    pub(super) async fn sweep_all(self: &Arc<Self>) {
        self.bury_nodes().await;
        let mut after = None;
        loop {
            let page = match self.sql.list_rooms(after.as_ref(), PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    return tracing::warn!(error, "not swept: SQL doesn't answer");
                }
            };
            let Some(last) = page.last() else { return };
            after = Some(last.clone());
            match self.check(&page).await {
                Ok(missing) => self.bury(&missing).await,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "a page of rooms isn't swept");
                }
            }
            if self.stop.is_cancelled() {
                return;
            }
        }
    }

    /// Rooms that SQL knows and nobody has a copy of were never made, or their maker is at it.
    async fn bury(&self, missing: &[RoomId]) {
        let old: Vec<RoomId> = {
            let mut orphans = self.orphans.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let old = missing.iter().filter(|room_id| {
                let seen = *orphans.entry((*room_id).clone()).or_insert(now);
                seen.elapsed() >= NEVER_MADE
            });
            let old: Vec<RoomId> = old.cloned().collect();
            orphans.retain(|room_id, _| !old.contains(room_id));
            old
        };
        if !old.is_empty()
            && let Err(error) = self.sql.delete_rooms(&old).await
        {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "rows of rooms that were never made stay");
        }
    }

    /// Nodes that died while nobody looked.
    async fn bury_nodes(&self) {
        let range = vec![keys::ALIVE.into(), "0".into(), "-1".into()];
        let Ok(Reply::List(nodes)) = self.link.call("ZRANGE", range).await else { return };
        for node in nodes.iter().filter_map(bytes_of) {
            let node_id = NodeId(String::from_utf8_lossy(&node).as_ref().into());
            let is_alive = node_id == self.node_id || {
                let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
                others.contains_key(&node_id)
            };
            if !is_alive {
                self.clean_up_after(&node_id).await;
            }
        }
    }
}
