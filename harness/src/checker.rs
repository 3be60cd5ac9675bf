//! Checks a history against each invariant, and reports the lines that break one. Apart from
//! sorting, each check looks at each line once.

mod agreement;
mod authority;
mod delivery;
mod effects;
mod lifecycle;
mod loss;
mod playback;
mod stores;
mod verdict;

#[cfg(test)]
mod tests;

pub use self::agreement::agreement;
pub use self::authority::{epoch_source, single_authority};
pub use self::delivery::{gapless, monotonic};
pub use self::effects::{exactly_once, rejected_change_nothing};
pub use self::lifecycle::{lifecycle, timers};
pub use self::loss::{Losses, count_losses, honest_loss, strong};
pub use self::playback::playback;
pub use self::stores::{bounded_keys, no_ghosts, script_atomicity, sql_independence};
pub(crate) use self::verdict::describe;
pub use self::verdict::{Report, Verdict, Violation};
use crate::history::History;

/// The promises of the store that the run used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Promises {
    /// No acknowledged commit may be missing, since the store syncs before it replies.
    pub strong: bool,
}

/// Checks all invariants.
pub fn check(history: &History, promises: Promises) -> Report {
    let mut verdicts =
        vec![agreement(history), monotonic(history), exactly_once(history), honest_loss(history)];
    verdicts.extend(promises.strong.then(|| strong(history)));
    verdicts.extend([
        gapless(history),
        epoch_source(history),
        single_authority(history),
        rejected_change_nothing(history),
        lifecycle(history),
        script_atomicity(history),
        sql_independence(history),
        bounded_keys(history),
        no_ghosts(history),
        timers(history),
        playback(history),
    ]);
    Report::new(history, verdicts)
}
