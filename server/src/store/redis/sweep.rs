//! Looks, once a minute, whether every room that SQL knows is in Redis, and is looked at in time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::link::Reply;
use super::read::text;
use super::{Node, keys};

/// How often.
const EVERY: Duration = Duration::from_secs(60);
/// How long one node keeps the others from it, in milliseconds.
const CLAIM_MS: u64 = 55_000;
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
            if let Err(error) = self.check(&page).await {
                let error: &dyn std::error::Error = &error;
                return tracing::warn!(error, "not swept to the end");
            }
        }
    }
}
