//! Redis is killed under load and started again on its files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use super::{Crowd, Ground, Order, Outcome, SERVED_MUST_MS, Site, Size};
use crate::dice::Dice;
use crate::{AppendFsync, Error, Result};

const SIZE: Size = Size { rooms: 3, commanders: 2, viewers: 1 };
/// How long there is load before the kill, at least and so much more, in milliseconds.
const LOAD_MS: (u64, u64) = (150, 450);
/// How long Redis stays away, mostly, and now and then: longer than a connection may be silent.
const AWAY_MS: (u64, u64) = (300, 2_500);
/// One in so many absences is a long one.
const LONG_ONE_IN: u64 = 10;
/// How much of the last writes a power cut takes, at most, in milliseconds.
const UNSYNCED_MS: u64 = 200;

/// What is killed besides, by turns. Nobody knows more than the files if every node is.
const NODES_KILLED: [usize; 3] = [0, 1, 2];

/// Kills a Redis that syncs each write before it answers.
pub async fn redis_always(ground: &Ground, rounds: u64, dice: &mut Dice) -> Result<Outcome> {
    let mut outcome = Outcome::new("redis-always", true, &SERVED_MUST_MS);
    let mut site = ground.on_redis(AppendFsync::Always, 2).await?;
    let crowd = Crowd::gather(&site, SIZE, dice).await?;
    for _ in 0..rounds {
        crowd.order(Order::Command);
        load(dice).await;
        let redis = site.redis()?;
        redis.kill_9().await?;
        away(dice).await;
        redis.restart().await?;
        outcome.served(crowd.served().await?);
    }
    crowd.finish(outcome, rounds).await
}

/// Kills a Redis that syncs each second and takes from its log what it had not synced, as a power
/// cut does; by turns nodes end with it, whose memory would have known better.
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
        away(dice).await;
        redis.restart().await?;
        for node in &mut nodes[..killed] {
            node.restart().await?;
        }
        outcome.served(crowd.served().await?);
    }
    crowd.finish(outcome, rounds).await
}

/// Lets some time pass under load.
pub(super) async fn load(dice: &mut Dice) {
    sleep(Duration::from_millis(LOAD_MS.0 + dice.below(LOAD_MS.1))).await;
}

async fn away(dice: &mut Dice) {
    let (short, long) = AWAY_MS;
    let ms = if dice.below(LONG_ONE_IN) == 0 { long } else { dice.below(short) };
    sleep(Duration::from_millis(ms)).await;
}

/// The file that Redis appends to.
fn newest_log(data_dir: &Path) -> Result<PathBuf> {
    let directory = data_dir.join("appendonlydir");
    let files = std::fs::read_dir(&directory).map_err(Error::doing("look at Redis' log"))?;
    let logs = files.flatten().map(|file| file.path());
    let logs = logs.filter(|path| path.to_string_lossy().ends_with(".incr.aof"));
    logs.max().ok_or_else(|| Error::new(format!("no log in {}", directory.display())))
}

fn length(log: &Path) -> Result<u64> {
    Ok(std::fs::metadata(log).map_err(Error::doing("look at Redis' log"))?.len())
}

fn cut(log: &Path, length: u64) -> Result<()> {
    let file = std::fs::File::options().write(true).open(log);
    file.and_then(|file| file.set_len(length)).map_err(Error::doing("cut Redis' log"))
}
