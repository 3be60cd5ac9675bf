//! Tickets: each opens the WebSocket of one room once, for one user, because a browser can't send an
//! `Authorization` header there.

use contracts::ErrorCode;
use engine::RoomId;

use super::Members;
use crate::access::{Caller, Proof, Validity};
use crate::clock::WallTime;
use crate::id;
use crate::refusal::Refusal;
use crate::store::{TICKET_MS, Ticket};

/// A ticket, as its holder gets it.
#[derive(Clone, Debug)]
pub struct IssuedTicket {
    /// The secret that redeems it.
    pub secret: String,
    /// How long it is valid, in milliseconds.
    pub expires_in_ms: u64,
}

/// Whose ticket it was.
#[derive(Clone, Debug)]
pub struct RedeemedTicket {
    /// The holder.
    pub caller: Caller,
    /// The number of the change that granted the holder access; 0 if there is none.
    pub grant_number: u64,
}

impl Members {
    /// Issues a ticket for the room of `proof` to its caller.
    pub async fn issue_ticket(
        &self,
        caller: Caller,
        proof: &Proof,
    ) -> Result<IssuedTicket, Refusal> {
        let mut ticket = Ticket::new(
            proof.room_id().clone(),
            caller.user_id,
            (caller.display_name, caller.named_at.as_millis()),
            caller.guest,
            caller.family_id,
            (caller.validity.issued_at.as_millis(), caller.validity.expires_at.as_millis()),
            self.clock.now(),
        );
        ticket.grant_number = proof.grant_number();
        let secret = id::secret();
        self.store.keep_ticket(&secret, ticket).await?;
        Ok(IssuedTicket { secret, expires_in_ms: TICKET_MS })
    }

    /// Uses a ticket up. Refuses one that is unknown, used, expired or another
    /// room's.
    pub async fn redeem_ticket(
        &self,
        secret: Option<&str>,
        room_id: &RoomId,
    ) -> Result<RedeemedTicket, Refusal> {
        let ticket = match secret {
            Some(secret) => self.store.redeem_ticket(room_id, secret).await?,
            None => None,
        };
        let ticket = ticket.ok_or_else(|| {
            let detail = "the ticket is missing, used, expired or another room's";
            Refusal::new(ErrorCode::TicketInvalid, detail)
        })?;
        let validity = Validity {
            issued_at: WallTime::from_millis(ticket.token_issued_at_ms),
            expires_at: WallTime::from_millis(ticket.token_expires_at_ms),
        };
        let Ticket { user_id, display_name, guest, family_id, grant_number, .. } = ticket;
        let named_at = WallTime::from_millis(ticket.named_at_ms);
        // It opens its own room only.
        let rooms = None;
        let caller = Caller { user_id, display_name, named_at, guest, family_id, rooms, validity };
        Ok(RedeemedTicket { caller, grant_number })
    }
}
