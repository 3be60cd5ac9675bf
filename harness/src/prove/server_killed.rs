//! Kills a server with the memory store under load and restarts it on its journal.

use super::redis_killed::load;
use super::{Crowd, Ground, Order, Outcome, SERVED_MUST_MS, Size};
use crate::Result;
use crate::dice::Dice;

const SIZE: Size = Size { rooms: 3, commanders: 2, viewers: 1 };

/// Kills and restarts the server `rounds` times.
pub async fn server_killed(ground: &Ground, rounds: u64, dice: &mut Dice) -> Result<Outcome> {
    let mut outcome = Outcome::new("memory", true, &SERVED_MUST_MS);
    let mut site = ground.alone().await?;
    let crowd = Crowd::gather(&site, SIZE, dice).await?;
    for _ in 0..rounds {
        crowd.order(Order::Command);
        load(dice).await;
        for node in &mut site.nodes {
            node.kill_9().await?;
            node.restart().await?;
        }
        outcome.add_waits(crowd.wait_served().await?);
    }
    crowd.finish(outcome, rounds).await
}
