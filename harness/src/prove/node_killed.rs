//! Kills one of two nodes while members are connected to it.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::redis_killed::load;
use super::{Crowd, Ground, Member, Order, Outcome, Size};
use crate::dice::Dice;
use crate::{Api, AppendFsync, Fact, Result};

const ROOMS: usize = 5;
const COMMANDERS: usize = 2;
/// This percentage must be connected to another node within this many milliseconds.
const MOVED_MUST_MS: [(u64, u64); 1] = [(99, 5_000)];
/// How long participants who have left may still be listed.
const GHOSTS_GONE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(100);

/// Kills the nodes in turn while `people` members are connected. One viewer per room doesn't return.
pub async fn node_killed(
    ground: &Ground,
    rounds: u64,
    people: usize,
    dice: &mut Dice,
) -> Result<Outcome> {
    let mut outcome = Outcome::new("node", true, &MOVED_MUST_MS);
    let mut site = ground.on_redis(AppendFsync::Always, 2).await?;
    let viewers = (people / ROOMS).saturating_sub(COMMANDERS);
    let size = Size { rooms: ROOMS, commanders: COMMANDERS, viewers };
    let mut crowd = Crowd::gather(&site, size, dice).await?;
    for round in 0..rounds {
        let victim = round as usize % site.nodes.len();
        let survivor = (victim + 1) % site.nodes.len();
        let passing = crowd.add_viewers(&site, victim, dice).await?;
        crowd.order(Order::Command);
        load(dice).await;

        let moving: Vec<(&Member, u64)> = crowd
            .members
            .iter()
            .map(|member| (member, member.progress()))
            .filter(|(_, progress)| progress.node == Some(victim))
            .map(|(member, progress)| (member, progress.welcomes))
            .collect();
        site.nodes[victim].kill_9().await?;
        drop(passing);
        let killed = Instant::now();
        let moves = moving.iter().map(async |(member, before)| {
            member
                .wait_for("a connection to another node", |progress| progress.welcomes > *before)
                .await
        });
        let moves: Result<Vec<Duration>> = join_all(moves).await.into_iter().collect();
        outcome.add_waits(moves?);
        crowd.settle_without(Some(victim)).await?;
        let api = site.nodes[survivor].api();
        record_presence(&crowd, &api, killed).await?;
        site.nodes[victim].restart().await?;
    }
    crowd.finish(outcome, rounds).await
}

/// Records who is listed once that matches who is connected, or when the time for that is over.
async fn record_presence(crowd: &Crowd, api: &Api, killed: Instant) -> Result<()> {
    for (room_id, host) in crowd.hosts() {
        let here = crowd.members.iter().filter(|member| member.room_id == room_id);
        let connected: Vec<String> = here.map(|member| member.progress().participant_id).collect();
        let expected: BTreeSet<&str> = connected.iter().map(String::as_str).collect();
        let host = api.with_token(host);
        let listed = loop {
            let read = host.participants(room_id).await;
            let listed: Option<Vec<String>> = read
                .as_ref()
                .ok()
                .map(|page| page.items.iter().map(|item| item.participant_id.clone()).collect());
            let is_right = listed.as_ref().is_some_and(|listed| {
                listed.iter().map(String::as_str).collect::<BTreeSet<_>>() == expected
            });
            if is_right || killed.elapsed() > GHOSTS_GONE {
                read?;
                break listed.unwrap_or_default();
            }
            sleep(POLL).await;
        };
        let fact = Fact::Presence { listed, connected, away: Vec::new() };
        crowd.recorder.record(room_id, fact);
    }
    Ok(())
}
