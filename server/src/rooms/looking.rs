//! Shares out the looks at media that may be in progress at once, between the hosts that they go to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Looks in progress on this node; the others come later.
const LOOKS_MAX: usize = 16;
/// Looks in progress at one host. A slow one would keep the others waiting.
const LOOKS_PER_HOST_MAX: usize = 4;

/// Permits looks. It holds the host of each that is in progress.
#[derive(Debug, Default)]
pub(super) struct Looking(Mutex<Vec<String>>);

/// Permission to make one look, until dropped.
#[derive(Debug)]
pub(super) struct Permit {
    looking: Arc<Looking>,
    host: String,
}

impl Looking {
    /// Permits a look at a host, unless as many are in progress as may be.
    pub(super) fn enter(self: &Arc<Self>, host: String) -> Option<Permit> {
        let mut hosts = self.lock();
        let at_host = hosts.iter().filter(|one| **one == host).count();
        if hosts.len() >= LOOKS_MAX || at_host >= LOOKS_PER_HOST_MAX {
            return None;
        }
        hosts.push(host.clone());
        Some(Permit { looking: self.clone(), host })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut hosts = self.looking.lock();
        if let Some(index) = hosts.iter().position(|one| *one == self.host) {
            hosts.swap_remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_look_at_a_host_waits_for_one_of_four_while_others_are_looked_at() {
        let looking = Arc::<Looking>::default();
        let enter = |host: &str| looking.enter(host.to_owned());
        let mut slow: Vec<Permit> = (0..4).map(|_| enter("slow.test").unwrap()).collect();
        assert!(enter("slow.test").is_none());
        let _other = enter("other.test").unwrap();
        slow.pop();
        assert!(enter("slow.test").is_some());
    }

    #[test]
    fn all_hosts_together_stay_within_the_total_limit() {
        let looking = Arc::<Looking>::default();
        let enter = |number: usize| looking.enter(format!("{number}.test"));
        let permits: Vec<Permit> = (0..LOOKS_MAX).map(|number| enter(number).unwrap()).collect();
        assert!(enter(LOOKS_MAX).is_none());
        drop(permits);
        assert!(enter(LOOKS_MAX).is_some());
        assert!(looking.lock().is_empty(), "nothing is left of looks that are over");
    }
}
