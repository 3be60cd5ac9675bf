//! One of two nodes is killed under everybody connected to it.

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
/// So many of a hundred must be at home elsewhere within so many milliseconds.
const HOME_MUST_MS: [(u64, u64); 1] = [(99, 5_000)];
/// When nobody who is gone may be listed any more.
const GHOSTS_GONE: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(100);

/// Kills the nodes by turns under so many people. Somebody in each room doesn't come back.
pub async fn node_killed(
    ground: &Ground,
    rounds: u64,
    people: usize,
    dice: &mut Dice,
) -> Result<Outcome> {
    let mut outcome = Outcome::new("node", true, &HOME_MUST_MS);
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
        let homes = moving.iter().map(async |(member, before)| {
            member.wait_for("a home elsewhere", |progress| progress.welcomes > *before).await
        });
        let homes: Result<Vec<Duration>> = join_all(homes).await.into_iter().collect();
        outcome.served(homes?);
        crowd.settle_without(Some(victim)).await?;
        let api = site.nodes[survivor].api();
        note_presence(&crowd, &api, killed).await?;
        site.nodes[victim].restart().await?;
    }
    crowd.finish(outcome, rounds).await
}

/// Writes down who is listed once that is who is there, or when it must be.
async fn note_presence(crowd: &Crowd, api: &Api, killed: Instant) -> Result<()> {
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
            let is_so = listed.as_ref().is_some_and(|listed| {
                listed.iter().map(String::as_str).collect::<BTreeSet<_>>() == expected
            });
            if is_so || killed.elapsed() > GHOSTS_GONE {
                read?;
                break listed.unwrap_or_default();
            }
            sleep(LOOK).await;
        };
        let fact = Fact::Presence { listed, connected, away: Vec::new() };
        crowd.recorder.record(room_id, fact);
    }
    Ok(())
}
