//! Kills Redis under load and restarts it on its files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use super::{Crowd, Ground, Order, Outcome, SERVED_MUST_MS, Site, Size};
use crate::dice::Dice;
use crate::{AppendFsync, Error, Result};

const SIZE: Size = Size { rooms: 3, commanders: 2, viewers: 1 };
/// How long there is load before the kill, in milliseconds: a minimum and a random addition.
const LOAD_MS: (u64, u64) = (150, 450);
/// How long Redis stays down, in milliseconds: usually less than the first, and sometimes the second,
/// which is longer than a connection may be silent.
const DOWN_MS: (u64, u64) = (300, 2_500);
/// One outage in this many is a long one.
const LONG_ONE_IN: u64 = 10;
/// The longest time before the kill whose writes are lost, in milliseconds.
const UNSYNCED_MS: u64 = 200;

/// How many nodes are killed too, in turn. If all are, no memory knows more than the files.
const NODES_KILLED: [usize; 3] = [0, 1, 2];

/// Kills a Redis that syncs each write before it replies.
pub async fn redis_always(ground: &Ground, rounds: u64, dice: &mut Dice) -> Result<Outcome> {
    let mut outcome = Outcome::new("redis-always", true, &SERVED_MUST_MS);
    let mut site = ground.on_redis(AppendFsync::Always, 2).await?;
    let crowd = Crowd::gather(&site, SIZE, dice).await?;
    for _ in 0..rounds {
        crowd.order(Order::Command);
        load(dice).await;
        let redis = site.redis()?;
        redis.kill_9().await?;
        stay_down(dice).await;
        redis.restart().await?;
        outcome.add_waits(crowd.wait_served().await?);
    }
    crowd.finish(outcome, rounds).await
}

/// Kills a Redis that syncs once a second, and cuts what wasn't synced off its log, as a power cut
/// would. In some rounds nodes are killed too, whose memory would have known more.
pub async fn redis_everysec(ground: &Ground, rounds: u64, dice: &mut Dice) -> Result<Outcome> {
    let mut outcome = Outcome::new("redis-everysec", false, &SERVED_MUST_MS);
    let mut site = ground.on_redis(AppendFsync::Everysec, 2).await?;
    let crowd = Crowd::gather(&site, SIZE, dice).await?;
    for round in 0..rounds {
        crowd.order(Order::Command);
        load(dice).await;
        let log = newest_log(site.redis()?.data_dir())?;
        let synced = length(&log)?;
        sleep(Duration::from_millis(dice.below(UNSYNCED_MS))).await;
        let killed = NODES_KILLED[round as usize % NODES_KILLED.len()];
        let Site { redis: Some(redis), nodes, .. } = &mut site else {
            return Err(Error::new("this run has no Redis"));
        };
        redis.kill_9().await?;
        for node in &mut nodes[..killed] {
            node.kill_9().await?;
        }
        cut(&log, synced)?;
        stay_down(dice).await;
        redis.restart().await?;
        for node in &mut nodes[..killed] {
            node.restart().await?;
        }
        outcome.add_waits(crowd.wait_served().await?);
    }
    crowd.finish(outcome, rounds).await
}

/// Lets the load run for a random time.
pub(super) async fn load(dice: &mut Dice) {
    sleep(Duration::from_millis(LOAD_MS.0 + dice.below(LOAD_MS.1))).await;
}

async fn stay_down(dice: &mut Dice) {
    let (short, long) = DOWN_MS;
    let ms = if dice.below(LONG_ONE_IN) == 0 { long } else { dice.below(short) };
    sleep(Duration::from_millis(ms)).await;
}

/// The file that Redis appends to.
fn newest_log(data_dir: &Path) -> Result<PathBuf> {
    let directory = data_dir.join("appendonlydir");
    let files = std::fs::read_dir(&directory).map_err(Error::doing("read Redis' log directory"))?;
    let logs = files.flatten().map(|file| file.path());
    let logs = logs.filter(|path| path.to_string_lossy().ends_with(".incr.aof"));
    logs.max().ok_or_else(|| Error::new(format!("no log in {}", directory.display())))
}

fn length(log: &Path) -> Result<u64> {
    Ok(std::fs::metadata(log).map_err(Error::doing("read Redis' log directory"))?.len())
}

fn cut(log: &Path, length: u64) -> Result<()> {
    let file = std::fs::File::options().write(true).open(log);
    file.and_then(|file| file.set_len(length)).map_err(Error::doing("cut Redis' log"))
}
