//! A node's sign of life, twice a second: measures the room clock, learns who else is alive, and
//! finds out when Redis was away, started anew or emptied.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use engine::RoomId;
use tokio::time::{MissedTickBehavior, interval};

use super::clock_filter::{ClockFilter, Exchange};
use super::link::{LinkError, Reply};
use super::read::{bytes_of, number_of, text};
use super::script::{BEAT, FORGET};
use super::{Node, keys};
use crate::store::{News, NodeId};

/// How often.
const BEAT_EVERY: Duration = Duration::from_millis(500);
/// A node that is silent for this long is dead, in milliseconds.
const DEAD_MS: u64 = 8_000;

/// A node that the others no longer hear of is gone after this. Whoever finds Redis emptied hears of
/// nobody for a moment.
const GONE: Duration = Duration::from_secs(3);

/// After this without an answer control is away.
const AWAY_AFTER: Duration = Duration::from_millis(400);
/// After this without an answer the connections are given up.
const SILENT_MAX: Duration = Duration::from_secs(2);

/// What a beat finds.
#[derive(Debug)]
pub(super) struct Beat {
    pub(super) exchange: Exchange,
    /// Which process answers.
    pub(super) run: String,
    /// Whose Redis it is.
    pub(super) database: String,
    /// Whether it was empty.
    pub(super) emptied: bool,
    /// Whether the others took this node for dead.
    pub(super) late: bool,
    pub(super) alive: BTreeSet<NodeId>,
}

impl Node {
    /// Beats until the store is closed.
    pub(super) async fn beat(self: Arc<Self>, mut filter: ClockFilter, mut run: String) {
        let mut silent_since: Option<Instant> = None;
        let mut failing_since: Option<Instant> = None;
        let mut tick = interval(BEAT_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.doubt.notified() => {}
                () = self.stop.cancelled() => return,
            }
            let beat = match self.beat_once().await {
                Ok(beat) => beat,
                Err(error) => {
                    // One late answer is a slow disk; commands that wait for it are told so.
                    let failing = *failing_since.get_or_insert_with(Instant::now);
                    if failing.elapsed() >= AWAY_AFTER
                        && self.reachable.swap(false, Ordering::Relaxed)
                    {
                        tracing::warn!(%error, "Redis can't be reached; control is away");
                        self.tell(&News::Reachable(false));
                    }
                    if silent_since.get_or_insert_with(Instant::now).elapsed() >= SILENT_MAX {
                        self.link.renew().await;
                        silent_since = None;
                    }
                    // A doubt that was raised meanwhile is the same one.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            silent_since = None;
            failing_since = None;
            let offset_us = filter.feed(beat.exchange);
            self.clock.set_offset(offset_us, filter.uncertainty_us(self.clock.monotonic_us()));
            let was_away = !self.reachable.load(Ordering::Relaxed);
            let another = beat.run != run;
            if beat.database != self.database_id {
                if !was_away {
                    tracing::error!("this Redis belongs to another SQL database");
                    self.reachable.store(false, Ordering::Relaxed);
                    self.tell(&News::Reachable(false));
                }
                continue;
            }
            run.clone_from(&beat.run);
            if was_away {
                self.reachable.store(true, Ordering::Relaxed);
                tracing::info!(another, emptied = beat.emptied, "Redis is back");
                self.back_at.store(self.clock.now().as_millis(), Ordering::Relaxed);
                self.tell(&News::Reachable(true));
                // Nobody could be heard meanwhile.
                let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
                others.values_mut().for_each(|heard| *heard = Instant::now());
            }
            if beat.emptied {
                tracing::warn!("Redis was emptied: rooms are rebuilt, and say what may be lost");
            }
            if another || beat.emptied {
                self.clone().rebuild_all();
            } else if was_away || beat.late || self.untold.swap(false, Ordering::Relaxed) {
                self.tell(&News::Reachable(true));
                let node = self.clone();
                self.tasks.spawn(async move { node.catch_up_all().await });
            }
            self.notice_nodes(beat.alive);
        }
    }

    /// Makes sure, again and again, that messages would come: a connection on which nothing does
    /// looks like one on which nothing happens.
    pub(super) async fn listen_to_oneself(self: Arc<Self>) {
        let channel = keys::own_channel(&self.node_id);
        let mut silent_since: Option<Instant> = None;
        loop {
            tokio::select! {
                () = tokio::time::sleep(BEAT_EVERY) => {}
                () = self.stop.cancelled() => return,
            }
            if self.link.subscribe(vec![channel.clone()]).await.is_ok() {
                silent_since = None;
            } else if silent_since.get_or_insert_with(Instant::now).elapsed() >= SILENT_MAX {
                self.link.renew_messages().await;
                silent_since = None;
            }
        }
    }

    /// One beat.
    pub(super) async fn beat_once(&self) -> Result<Beat, LinkError> {
        let keys = vec![keys::ALIVE.to_owned(), keys::DATABASE.to_owned()];
        let args = vec![text(&self.node_id.0), text(&self.database_id), text(DEAD_MS)];
        let asked_us = self.clock.monotonic_us();
        let reply = self.link.run(&BEAT, keys, args).await?;
        let answered_us = self.clock.monotonic_us();
        parse(&reply, asked_us, answered_us).ok_or_else(|| LinkError::unexpected(&reply))
    }

    /// Everything that was in another Redis process: what is followed first, then the rest.
    fn rebuild_all(self: Arc<Self>) {
        let node = self.clone();
        self.tasks.spawn(async move {
            node.catch_up_all().await;
            node.sweep_all().await;
        });
    }

    /// Nodes that have fallen silent leave nobody behind.
    pub(super) fn notice_nodes(self: &Arc<Self>, alive: BTreeSet<NodeId>) {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        others.extend(alive.into_iter().filter(|node| *node != self.node_id).map(|n| (n, now)));
        let gone: Vec<NodeId> = others
            .extract_if(.., |_, heard| heard.elapsed() >= GONE)
            .map(|(node, _)| node)
            .collect();
        drop(others);
        for node_id in gone {
            tracing::warn!(node = %node_id.0, "a node is gone");
            self.tell(&News::NodeGone(node_id.clone()));
            let node = self.clone();
            self.tasks.spawn(async move { node.clean_up_after(&node_id).await });
        }
    }

    /// Takes away the presence that a dead node has left. Several nodes may do so at once.
    pub(super) async fn clean_up_after(&self, gone: &NodeId) {
        let rooms = keys::rooms_of_node(gone);
        let Ok(Reply::List(ids)) = self.link.call("SMEMBERS", vec![rooms.clone().into()]).await
        else {
            return;
        };
        // Silent for a while, and back: it tells of its own again.
        let alive = vec![keys::ALIVE.into(), text(&gone.0)];
        let Ok(last) = self.link.call("ZSCORE", alive).await else { return };
        let now = self.clock.now().as_millis();
        if number_of(&last).is_some_and(|last| last + DEAD_MS > now) {
            return;
        }
        for id in ids.iter().filter_map(bytes_of) {
            let room_id = RoomId::new(String::from_utf8_lossy(&id));
            let forgotten = self.run("forget", &FORGET, &room_id, vec![text(&gone.0)]).await;
            if forgotten.is_err() {
                return;
            }
        }
        let _ = self.link.call("DEL", vec![rooms.into()]).await;
        let _ = self.link.call("ZREM", vec![keys::ALIVE.into(), text(&gone.0)]).await;
    }
}

fn parse(reply: &Reply, asked_us: u64, answered_us: u64) -> Option<Beat> {
    let Reply::List(parts) = reply else { return None };
    let [seconds, micros, run, database, was_there, late, Reply::List(alive)] = parts.as_slice()
    else {
        return None;
    };
    let said_us = number_of(seconds)?.checked_mul(1_000_000)?.checked_add(number_of(micros)?)?;
    let word = |reply| bytes_of(reply).map(|word| String::from_utf8_lossy(&word).into_owned());
    let alive = alive.iter().filter_map(word).map(|node| NodeId(node.into()));
    Some(Beat {
        exchange: Exchange { asked_us, said_us, answered_us },
        run: word(run)?,
        database: word(database)?,
        emptied: number_of(was_there)? == 0,
        late: number_of(late)? == 1,
        alive: alive.collect(),
    })
}
