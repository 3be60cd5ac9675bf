//! A node's heartbeat to each master, twice a second: measures the room clock, learns which nodes are
//! alive, and finds out when the master was away, restarted or emptied.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, sleep};

use super::client::{ClientError, Reply};
use super::clock_filter::Exchange;
use super::codec::{number_of, text, text_of};
use super::keys;
use super::masters::Master;
use super::node::Node;
use super::nodes::DEAD_MS;
use super::outages::Recorded;
use super::script::BEAT;
use super::steady::Told;
use crate::store::NodeId;

/// The time between heartbeats.
const BEAT_EVERY: Duration = Duration::from_millis(500);
/// The time before a heartbeat that failed is repeated.
const BEAT_AGAIN: Duration = Duration::from_millis(50);

/// After this long without an answer Redis counts as away.
const AWAY_AFTER: Duration = Duration::from_millis(400);
/// After this long without a heartbeat of any node, nobody could do anything, in milliseconds.
pub(super) const OUTAGE_MS: u64 = 1_500;
/// After this long without an answer the connections are replaced.
const SILENT_MAX: Duration = Duration::from_secs(2);

/// Why nothing can be stored in a Redis of others.
pub(super) const FOREIGN: &str = "this Redis belongs to another SQL database";

/// The result of a heartbeat.
#[derive(Debug)]
pub(super) struct Beat {
    /// What the room clock is at this master.
    pub(super) exchange: Exchange,
    /// What the master says of its own clock.
    pub(super) told: Told,
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
    /// Sends heartbeats to a master for as long as it is one. `run` is the process that answered the first
    /// one, if it was there then.
    pub(super) async fn beat(self: Arc<Self>, master: Arc<Master>, mut run: Option<String>) {
        let mut silence = Silence::default();
        let mut tick = interval(BEAT_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = master.check_now.notified() => {}
                () = master.stop.cancelled() => return,
            }
            let beaten = tokio::select! {
                beaten = self.connect_and_beat(&master) => beaten,
                () = master.stop.cancelled() => return,
            };
            match beaten {
                Ok(beat) => {
                    silence = Silence::default();
                    self.take_beat(&master, beat, &mut run);
                }
                Err(error) => {
                    self.take_silence(&master, &mut silence, &error).await;
                    // Requests for a heartbeat that come meanwhile have the same cause.
                    sleep(BEAT_AGAIN).await;
                }
            }
        }
    }

    /// Sends one heartbeat, over new connections if the master has moved or hasn't been there before.
    async fn connect_and_beat(self: &Arc<Self>, master: &Arc<Master>) -> Result<Beat, ClientError> {
        if master.client().is_err() {
            master.address().probe().await?;
        }
        if master.connect(&self.masters.target).await? {
            let (node, master) = (self.clone(), master.clone());
            self.tasks.spawn(async move { node.resubscribe(&master).await });
        }
        let beat = self.beat_once(master).await?;
        if !master.is_reachable() {
            // It is back once messages arrive, too: they come over another connection.
            master.client()?.subscribe(vec![keys::own_channel(&self.node_id)]).await?;
        }
        Ok(beat)
    }

    /// Sends one heartbeat.
    pub(super) async fn beat_once(&self, master: &Master) -> Result<Beat, ClientError> {
        let keys = [keys::ALIVE, keys::DATABASE, keys::OUTAGE, keys::CLOCK];
        let keys = keys.map(|name| keys::of_home(&master.home, name)).to_vec();
        let args = vec![
            text(&self.node_id.0),
            text(&self.database_id),
            text(DEAD_MS),
            text(master.answered_at.load(Ordering::Relaxed)),
            text(OUTAGE_MS),
            text(master.outages.counted()),
            text(master.clock.agreed()),
            // The script knows the offset itself.
            text(0),
        ];
        let client = master.client()?;
        let asked_us = self.clock.monotonic_us();
        let reply = client.run(&BEAT, keys, args).await?;
        let answered_us = self.clock.monotonic_us();
        let beat = decode(&reply, asked_us, answered_us);
        let beat = beat.ok_or_else(|| ClientError::unexpected(&reply))?;
        if beat.database == self.database_id {
            master.answered_at.store(beat.told.raw_us / 1000, Ordering::Relaxed);
        }
        Ok(beat)
    }

    /// Reports a master as away, and replaces silent connections, once either has lasted.
    async fn take_silence(&self, master: &Master, silence: &mut Silence, error: &ClientError) {
        master.clock.miss();
        // A single late answer may come from a slow disk. The command that waits for it fails itself.
        let failing_since = *silence.failing_since.get_or_insert_with(Instant::now);
        // Another process may answer next time.
        master.is_foreign.store(false, Ordering::Relaxed);
        if failing_since.elapsed() >= AWAY_AFTER && master.set_reachable(false) {
            tracing::warn!(%error, server = %master.address(), "Redis can't be reached");
            self.tell_away(false);
            self.masters.read_now.notify_one();
        }
        if error.is_misdirected() {
            self.masters.read_now.notify_one();
        }
        if silence.silent_since.get_or_insert_with(Instant::now).elapsed() >= SILENT_MAX {
            if let Ok(client) = master.client() {
                client.reconnect().await;
            }
            silence.silent_since = None;
        }
    }

    /// Does what a heartbeat shows to be needed. `run` is the process that answered the one before.
    fn take_beat(self: &Arc<Self>, master: &Arc<Master>, beat: Beat, run: &mut Option<String>) {
        let is_foreign = beat.database != self.database_id;
        master.is_foreign.store(is_foreign, Ordering::Relaxed);
        if is_foreign {
            if master.set_reachable(false) {
                tracing::error!("{FOREIGN}");
                self.tell_away(false);
            }
            return;
        }
        let was_away = !master.set_reachable(true);
        let before = run.replace(beat.run.clone());
        let restarted = before.as_ref() != Some(&beat.run);
        if was_away {
            let server = master.address();
            tracing::info!(%server, restarted, emptied = beat.emptied, "Redis is back");
            master.back_at.store(self.clock.now().as_millis(), Ordering::Relaxed);
            self.tell_away(false);
            // No other node could be heard of meanwhile.
            let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
            others.values_mut().for_each(|heard| *heard = Instant::now());
        }
        // A master that has just got its first slots holds nothing yet.
        if beat.emptied && before.is_some() {
            tracing::warn!("Redis was emptied: rooms are rebuilt, and clients are told of losses");
        }
        let missed = self.missed.swap(false, Ordering::Relaxed);
        if missed {
            self.tell_away(true);
            let node = self.clone();
            self.tasks.spawn(async move {
                for master in node.masters.all() {
                    node.catch_up_all(&master).await;
                }
            });
        }
        if restarted || beat.emptied {
            let (node, master) = (self.clone(), master.clone());
            self.tasks.spawn(async move {
                // Followed rooms first.
                node.catch_up_all(&master).await;
                node.sweep_all(Some(&master)).await;
            });
        } else if was_away || beat.late {
            self.tell_away(true);
            let (node, master) = (self.clone(), master.clone());
            self.tasks.spawn(async move { node.catch_up_all(&master).await });
        }
        // First, because whether there are others decides what a step means.
        self.note_alive(beat.alive.clone());
        if self.measure_clock(master, &beat) {
            self.start_counting(master);
        }
    }

    /// Checks that messages of a master would arrive, by subscribing to a channel of the node's own: a
    /// dead connection looks like one without messages.
    pub(super) async fn check_messages(self: Arc<Self>, master: Arc<Master>) {
        let channel = keys::own_channel(&self.node_id);
        let mut silent_since: Option<Instant> = None;
        loop {
            tokio::select! {
                () = sleep(BEAT_EVERY) => {}
                () = master.stop.cancelled() => return,
            }
            let Ok(client) = master.client() else { continue };
            if client.subscribe(vec![channel.clone()]).await.is_ok() {
                silent_since = None;
            } else if silent_since.get_or_insert_with(Instant::now).elapsed() >= SILENT_MAX {
                client.reconnect_messages().await;
                silent_since = None;
            }
        }
    }
}

fn decode(reply: &Reply, asked_us: u64, answered_us: u64) -> Option<Beat> {
    let Reply::List(parts) = reply else { return None };
    let [raw, offset, witness, run, database, was_there, late, Reply::List(alive), outage] =
        parts.as_slice()
    else {
        return None;
    };
    let (raw_us, offset_us) = (number_of(raw)?, text_of(offset)?.parse().ok()?);
    let said_us = raw_us.checked_add_signed(offset_us)?;
    let alive = alive.iter().filter_map(text_of).map(|node| NodeId(node.into()));
    Some(Beat {
        exchange: Exchange { asked_us, said_us, answered_us },
        told: Told { raw_us, offset_us, witness: text_of(witness)? },
        run: text_of(run)?,
        database: text_of(database)?,
        emptied: number_of(was_there)? == 0,
        late: number_of(late)? == 1,
        alive: alive.collect(),
        outage: text_of(outage).and_then(Recorded::parse),
    })
}
