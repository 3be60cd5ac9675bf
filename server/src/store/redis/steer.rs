//! Measures the room clock by heartbeats, and lets it go on though the clock of a master was set.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::beat::{Beat, OUTAGE_MS};
use super::codec::{number_of, text};
use super::keys;
use super::masters::Master;
use super::node::Node;
use super::script::STEER;
use super::steady::{Step, Told, Verdict};

impl Node {
    /// Measures the room clock by a heartbeat of the master that keeps it, and holds the others to it. Returns
    /// whether outages that it tells of are to be counted: those that a step invents are none.
    pub(super) fn measure_clock(self: &Arc<Self>, master: &Arc<Master>, beat: &Beat) -> bool {
        let keeper = self.masters.timekeeper();
        let keeps = keeper.as_ref().is_some_and(|keeper| Arc::ptr_eq(keeper, master));
        let is_judge = keeper.is_some_and(|keeper| keeper.clock.is_judge());
        let mut filter = self.clock_filter.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(step_us) = filter.find_step(beat.exchange) else {
            master.clock.agree(&beat.told, Instant::now());
            master.outages.note(beat.outage.clone());
            if keeps {
                let offset_us = filter.feed(beat.exchange);
                let uncertainty_us = filter.uncertainty_us(self.clock.monotonic_us());
                self.clock.set_offset(offset_us, uncertainty_us);
            }
            // A new node may have been told of an outage that is a step. Until then the others count it, and
            // rooms that wait for hosts wait.
            return is_judge || self.is_alone();
        };
        let is_alone = self.is_alone();
        match master.clock.doubt(&beat.told, (is_alone, is_judge), Instant::now()) {
            Verdict::Wait if is_alone => master.check_now.notify_one(),
            Verdict::Wait => {}
            Verdict::Steer(step) => {
                let (node, master) = (self.clone(), master.clone());
                let told = beat.told.clone();
                self.tasks.spawn(async move { node.steer(&master, &told, step_us, step).await });
            }
            Verdict::Follow if keeps => {
                let ms = step_us / 1000;
                tracing::warn!(ms, "this machine stood still; its room clock is set");
                let offset_us = filter.set(beat.exchange);
                master.outages.forget();
                let uncertainty_us = filter.uncertainty_us(self.clock.monotonic_us());
                self.clock.set_offset(offset_us, uncertainty_us);
            }
            // The one that keeps it says how this node is off.
            Verdict::Follow => {}
        }
        false
    }

    /// Whether this node knows of no other.
    fn is_alone(&self) -> bool {
        self.others.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Changes the difference between the room clock and a master's by a step, unless somebody else was first.
    async fn steer(&self, master: &Master, told: &Told, step_us: i64, step: Step) {
        let Ok(client) = master.client() else { return };
        let keys = [keys::CLOCK, keys::ALIVE, keys::OUTAGE];
        let keys = keys.map(|name| keys::of_home(&master.home, name)).to_vec();
        let offset_us = text(told.offset_us - step_us);
        let since_us = self.clock.since_us(step.since).1;
        let args = vec![
            text(told.offset_us),
            text(&told.witness),
            offset_us.clone(),
            text(since_us / 1000),
            text(step.silent.as_millis()),
            text(OUTAGE_MS),
            offset_us,
        ];
        let steered = client.run(&STEER, keys, args).await;
        if steered.is_ok_and(|reply| number_of(&reply) == Some(1)) {
            let (server, ms) = (master.address(), step_us / 1000);
            tracing::info!(%server, ms, "the clock of Redis was set; the room clock goes on");
        }
        master.check_now.notify_one();
    }
}
