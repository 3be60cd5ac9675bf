//! A node's heartbeat, twice a second: measures the room clock, learns which nodes are alive, and
//! finds out when Redis was away, restarted or emptied.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, sleep};

use super::client::{ClientError, Reply};
use super::clock_filter::{ClockFilter, Exchange};
use super::codec::{number_of, text, text_of};
use super::keys;
use super::node::Node;
use super::nodes::DEAD_MS;
use super::outages::Recorded;
use super::script::BEAT;
use crate::store::{News, NodeId};

/// The time between heartbeats.
const BEAT_EVERY: Duration = Duration::from_millis(500);
/// The time before a heartbeat that failed is repeated.
const BEAT_AGAIN: Duration = Duration::from_millis(50);

/// After this long without an answer Redis counts as away.
const AWAY_AFTER: Duration = Duration::from_millis(400);
/// After this long without a heartbeat of any node, nobody could do anything, in milliseconds.
const OUTAGE_MS: u64 = 1_500;
/// After this long without an answer the connections are replaced.
const SILENT_MAX: Duration = Duration::from_secs(2);

/// The result of a heartbeat.
#[derive(Debug)]
pub(super) struct Beat {
    pub(super) exchange: Exchange,
    /// The process that answered.
    pub(super) run: String,
    /// The SQL database that belongs to this Redis.
    pub(super) database: String,
    /// Whether Redis was empty.
    pub(super) emptied: bool,
    /// Whether the other nodes took this one for dead.
    pub(super) late: bool,
    pub(super) alive: BTreeSet<NodeId>,
    /// The outages that rooms are to count.
    pub(super) outage: Option<Recorded>,
}

/// How long heartbeats have failed.
#[derive(Debug, Default)]
struct Silence {
    /// Since the last answer.
    failing_since: Option<Instant>,
    /// Since the last answer, or since the connections were replaced.
    silent_since: Option<Instant>,
}

impl Node {
    /// Sends heartbeats until the store is closed. `run` is the process that answered the first one.
    pub(super) async fn beat(self: Arc<Self>, mut filter: ClockFilter, mut run: String) {
        let mut silence = Silence::default();
        let mut tick = interval(BEAT_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = self.check_now.notified() => {}
                () = self.stop.cancelled() => return,
            }
            match self.beat_once().await {
                Ok(beat) => {
                    silence = Silence::default();
                    let offset_us = filter.feed(beat.exchange);
                    let uncertainty_us = filter.uncertainty_us(self.clock.monotonic_us());
                    self.clock.set_offset(offset_us, uncertainty_us);
                    self.take_beat(beat, &mut run);
                }
                Err(error) => {
                    self.take_silence(&mut silence, &error).await;
                    // Requests for a heartbeat that come meanwhile have the same cause.
                    sleep(BEAT_AGAIN).await;
                }
            }
        }
    }

    /// Sends one heartbeat.
    pub(super) async fn beat_once(&self) -> Result<Beat, ClientError> {
        let keys = [keys::ALIVE, keys::DATABASE, keys::OUTAGE].map(str::to_owned).to_vec();
        let args = vec![
            text(&self.node_id.0),
            text(&self.database_id),
            text(DEAD_MS),
            text(self.beaten_at.load(Ordering::Relaxed)),
            text(OUTAGE_MS),
            text(self.outages.counted()),
        ];
        let asked_us = self.clock.monotonic_us();
        let reply = self.client.run(&BEAT, keys, args).await?;
        let answered_us = self.clock.monotonic_us();
        let beat = decode(&reply, asked_us, answered_us);
        let beat = beat.ok_or_else(|| ClientError::unexpected(&reply))?;
        if beat.database == self.database_id {
            self.beaten_at.store(beat.exchange.said_us / 1000, Ordering::Relaxed);
            self.outages.note(beat.outage.clone());
        }
        Ok(beat)
    }

    /// Reports Redis as away, and replaces silent connections, once either has lasted.
    async fn take_silence(&self, silence: &mut Silence, error: &ClientError) {
        // A single late answer may come from a slow disk. The command that waits for it fails itself.
        let failing_since = *silence.failing_since.get_or_insert_with(Instant::now);
        if failing_since.elapsed() >= AWAY_AFTER && self.reachable.swap(false, Ordering::Relaxed) {
            tracing::warn!(%error, "Redis can't be reached");
            self.send_news(&News::Reachable(false));
        }
        if silence.silent_since.get_or_insert_with(Instant::now).elapsed() >= SILENT_MAX {
            self.client.reconnect().await;
            silence.silent_since = None;
        }
    }

    /// Does what a heartbeat shows to be needed. `run` is the process that answered the one before.
    fn take_beat(self: &Arc<Self>, beat: Beat, run: &mut String) {
        let was_away = !self.reachable.load(Ordering::Relaxed);
        if beat.database != self.database_id {
            if !was_away {
                tracing::error!("this Redis belongs to another SQL database");
                self.reachable.store(false, Ordering::Relaxed);
                self.send_news(&News::Reachable(false));
            }
            return;
        }
        let restarted = beat.run != *run;
        *run = beat.run;
        if was_away {
            tracing::info!(restarted, emptied = beat.emptied, "Redis is back");
            self.reachable.store(true, Ordering::Relaxed);
            self.back_at.store(self.clock.now().as_millis(), Ordering::Relaxed);
            self.send_news(&News::Reachable(true));
            // No other node could be heard of meanwhile.
            let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
            others.values_mut().for_each(|heard| *heard = Instant::now());
        }
        if beat.emptied {
            tracing::warn!("Redis was emptied: rooms are rebuilt, and clients are told of losses");
        }
        if restarted || beat.emptied {
            let node = self.clone();
            self.tasks.spawn(async move {
                // Followed rooms first.
                node.catch_up_all().await;
                node.sweep_all().await;
            });
        } else if was_away || beat.late || self.missed.swap(false, Ordering::Relaxed) {
            self.send_news(&News::Reachable(true));
            let node = self.clone();
            self.tasks.spawn(async move { node.catch_up_all().await });
        }
        self.start_counting();
        self.note_alive(beat.alive);
    }

    /// Checks that messages would arrive, by subscribing to a channel of the node's own: a dead
    /// connection looks like one without messages.
    pub(super) async fn check_messages(self: Arc<Self>) {
        let channel = keys::own_channel(&self.node_id);
        let mut silent_since: Option<Instant> = None;
        loop {
            tokio::select! {
                () = sleep(BEAT_EVERY) => {}
                () = self.stop.cancelled() => return,
            }
            if self.client.subscribe(vec![channel.clone()]).await.is_ok() {
                silent_since = None;
            } else if silent_since.get_or_insert_with(Instant::now).elapsed() >= SILENT_MAX {
                self.client.reconnect_messages().await;
                silent_since = None;
            }
        }
    }
}

fn decode(reply: &Reply, asked_us: u64, answered_us: u64) -> Option<Beat> {
    let Reply::List(parts) = reply else { return None };
    let [seconds, micros, run, database, was_there, late, Reply::List(alive), outage] =
        parts.as_slice()
    else {
        return None;
    };
    let said_us = number_of(seconds)?.checked_mul(1_000_000)?.checked_add(number_of(micros)?)?;
    let alive = alive.iter().filter_map(text_of).map(|node| NodeId(node.into()));
    Some(Beat {
        exchange: Exchange { asked_us, said_us, answered_us },
        run: text_of(run)?,
        database: text_of(database)?,
        emptied: number_of(was_there)? == 0,
        late: number_of(late)? == 1,
        alive: alive.collect(),
        outage: text_of(outage).and_then(Recorded::parse),
    })
}
