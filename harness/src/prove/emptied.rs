//! Empties a Redis that holds many rooms.

use std::sync::Arc;
use std::time::Duration;

use contracts::PatchRoom;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::time::{Instant, sleep};

use super::redis_killed::load;
use super::{Crowd, Ground, Order, Outcome, Size};
use crate::dice::Dice;
use crate::{Api, AppendFsync, DEADLINE, Error, Result};

/// The rooms in which members stay connected.
const SIZE: Size = Size { rooms: 5, commanders: 1, viewers: 1 };
/// The number of concurrent requests.
const AT_ONCE: usize = 32;
/// One of this many rooms also gets a command.
const COMMANDED_ONE_IN: usize = 50;
/// Every room must be usable within this many milliseconds.
const USABLE_MUST_MS: [(u64, u64); 1] = [(100, 10_000)];
const RETRY: Duration = Duration::from_millis(50);

/// Empties a Redis with `rooms` idle rooms, alternately by FLUSHALL and by a restart without files.
pub async fn emptied(
    ground: &Ground,
    rounds: u64,
    rooms: usize,
    dice: &mut Dice,
) -> Result<Outcome> {
    let mut outcome = Outcome::new("emptied", false, &USABLE_MUST_MS);
    let mut site = ground.on_redis(AppendFsync::Always, 2).await?;
    let mut crowd = Crowd::gather(&site, SIZE, dice).await?;
    let token = site.nodes[0].api().guest("Host").await?.access_token;
    let apis: Vec<Api> = site.nodes.iter().map(|node| node.api().with_token(&token)).collect();
    let idle: Vec<String> = stream::iter(0..rooms)
        .map(|_| async { apis[0].create_room("Idle").await.map(|room| room.room_id) })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let idle: Arc<[String]> = idle.into();
    for round in 0..rounds {
        crowd.order(Order::Command);
        load(dice).await;
        let redis = site.redis()?;
        if round % 2 == 0 {
            redis.command(&["FLUSHALL"]).await?;
        } else {
            redis.wipe_and_restart().await?;
        }
        let began = Instant::now();
        let all = use_all(&apis, &idle, round, began);
        let (served, usable) = tokio::join!(crowd.wait_served(), all);
        outcome.add_waits(served?);
        outcome.add_waits(usable?);
        crowd.settle().await?;
    }
    crowd.finish(outcome, rounds).await
}

/// Uses every room until it works; returns when each did.
async fn use_all(
    apis: &[Api],
    rooms: &[String],
    round: u64,
    began: Instant,
) -> Result<Vec<Duration>> {
    stream::iter(rooms.iter().enumerate())
        .map(async |(number, room_id)| {
            let api = &apis[number % apis.len()];
            loop {
                let done = use_one(api, room_id, number, round).await;
                match done {
                    Ok(()) => return Ok(began.elapsed()),
                    Err(error) if began.elapsed() > 6 * DEADLINE => {
                        return Err(Error::new(format!(
                            "room {number} is still unusable: {error}"
                        )));
                    }
                    Err(_) => sleep(RETRY).await,
                }
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// Reads a room, and also changes and joins some.
async fn use_one(api: &Api, room_id: &str, number: usize, round: u64) -> Result<()> {
    api.find_room(room_id).await?;
    if number.is_multiple_of(COMMANDED_ONE_IN) {
        let name = Some(format!("Round {round}"));
        api.patch_room(room_id, &PatchRoom { name, ..Default::default() }).await?;
        api.join(room_id).await?;
        let epoch = api.state(room_id).await?.epoch;
        if epoch < round + 2 {
            return Err(Error::new(format!("still in epoch {epoch}")));
        }
    }
    Ok(())
}
