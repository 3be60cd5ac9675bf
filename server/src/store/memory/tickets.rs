//! Tickets that wait for their use.

use std::collections::{BTreeSet, HashMap};

use engine::Timestamp;

use crate::store::Ticket;

/// How many wait at once.
const TICKETS_MAX: usize = 100_000;

/// Tickets by their secret.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    by_secret: HashMap<String, Ticket>,
    /// Invariant: the same tickets as `by_secret`, by their end.
    by_end: BTreeSet<(Timestamp, String)>,
}

impl Tickets {
    /// Keeps a ticket, unless too many wait.
    pub(super) fn keep(
        &mut self,
        secret: &str,
        ticket: Ticket,
        now: Timestamp,
    ) -> Result<(), &'static str> {
        while let Some((end, _)) = self.by_end.first()
            && *end <= now
        {
            if let Some((_, secret)) = self.by_end.pop_first() {
                self.by_secret.remove(&secret);
            }
        }
        if self.by_secret.len() >= TICKETS_MAX {
            return Err("too many joins are under way");
        }
        self.by_end.insert((ticket.expires_at, secret.to_owned()));
        self.by_secret.insert(secret.to_owned(), ticket);
        Ok(())
    }

    /// Takes a ticket, if it is still good.
    pub(super) fn redeem(&mut self, secret: &str, now: Timestamp) -> Option<Ticket> {
        let ticket = self.by_secret.remove(secret)?;
        self.by_end.remove(&(ticket.expires_at, secret.to_owned()));
        (ticket.expires_at > now).then_some(ticket)
    }
}
