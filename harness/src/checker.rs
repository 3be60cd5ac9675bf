//! Judges a history: each invariant by its name, how many facts it looked at, and the lines that
//! show where it was broken. Sorting apart, each looks at each line once.

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
pub use self::loss::{honest_loss, strong};
pub use self::playback::playback;
pub use self::stores::{bounded_keys, no_ghosts, script_atomicity, sql_independence};
pub use self::verdict::{Report, Verdict, Violation};
use crate::history::History;

/// Which promises the run was made under.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Promises {
    /// No acknowledged commit may ever be missing: the store syncs before it answers.
    pub strong: bool,
}

/// Judges all invariants.
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
