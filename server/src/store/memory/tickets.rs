//! Tickets that haven't been redeemed yet.

use std::collections::{BTreeSet, HashMap};

use engine::{RoomId, Timestamp};

use crate::store::Ticket;

/// The most tickets kept at once.
const TICKETS_MAX: usize = 100_000;

/// Tickets by their secrets.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    by_secret: HashMap<String, Ticket>,
    /// Invariant: the same tickets as `by_secret`, by when they expire.
    by_expiry: BTreeSet<(Timestamp, String)>,
}

impl Tickets {
    /// Keeps a ticket, unless there are too many.
    pub(super) fn keep(
        &mut self,
        secret: &str,
        ticket: Ticket,
        now: Timestamp,
    ) -> Result<(), &'static str> {
        while let Some((expires_at, _)) = self.by_expiry.first()
            && *expires_at <= now
        {
            if let Some((_, secret)) = self.by_expiry.pop_first() {
                self.by_secret.remove(&secret);
            }
        }
        if self.by_secret.len() >= TICKETS_MAX {
            return Err("too many joins are under way");
        }
        self.by_expiry.insert((ticket.expires_at, secret.to_owned()));
        self.by_secret.insert(secret.to_owned(), ticket);
        Ok(())
    }

    /// Takes out a ticket to a room. An expired one, and one to another room, is `None`.
    pub(super) fn redeem(
        &mut self,
        room_id: &RoomId,
        secret: &str,
        now: Timestamp,
    ) -> Option<Ticket> {
        self.by_secret.get(secret).filter(|ticket| ticket.room_id == *room_id)?;
        let ticket = self.by_secret.remove(secret)?;
        self.by_expiry.remove(&(ticket.expires_at, secret.to_owned()));
        (ticket.expires_at > now).then_some(ticket)
    }
}
