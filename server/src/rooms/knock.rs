//! Asking to join a room, and the answer. A join of a room at which one has to knock is the knock; it is repeated until
//! somebody who moderates the room has answered.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::ErrorCode;
use engine::ParticipantId;
use tokio::time::{MissedTickBehavior, interval};

use super::Rooms;
use super::grant::new_grant;
use crate::access::{GrantRow, Proof, Via};
use crate::clock::WallTime;
use crate::hub::RoomHub;
use crate::id;
use crate::members::unknown_participant;
use crate::refusal::Refusal;
use crate::store::Notice;

/// After how long somebody who waits is to ask again, in milliseconds.
const ASK_AGAIN_MS: u64 = 3_000;
/// How often those who moderate a room are sent who asks to join, at most.
const KNOCKS_TICK: Duration = Duration::from_secs(1);

impl Rooms {
    /// Shows a knock to those who moderate the room, and returns with what the sender is refused for now.
    pub(super) async fn knock(&self, proof: &Proof) -> Result<Refusal, Refusal> {
        let (room_id, participant_id) = (proof.room_id(), proof.participant_id());
        let granted = self.access.grants().find(room_id, participant_id);
        if granted.is_some_and(|(standing, _)| standing.is_declined(WallTime::now())) {
            let detail = "you weren't let in; you can ask again in ten minutes";
            return Ok(Refusal::new(ErrorCode::ApprovalDeclined, detail));
        }
        let display_name = proof.display_name().to_owned();
        if let Some(hub) = self.hub.find(room_id) {
            hub.knocked(participant_id.clone(), display_name.clone(), Instant::now());
            self.hub.mark_knocked(room_id);
        }
        let participant_id = participant_id.clone();
        self.store.tell(room_id, Notice::Knocked { participant_id, display_name }).await?;
        Ok(Refusal::approval_pending(ASK_AGAIN_MS))
    }

    /// Answers a knock. Somebody who has been let in already stays.
    pub async fn answer_knock(
        &self,
        proof: &Proof,
        id: &ParticipantId,
        is_admitted: bool,
        address: IpAddr,
    ) -> Result<(), Refusal> {
        self.check_moderates(proof, address).await?;
        if !id::is_participant_id(id.as_str()) {
            return Err(unknown_participant());
        }
        let (room_id, hub) = (proof.room_id(), self.hub.find(proof.room_id()));
        let display_name = hub.as_ref().and_then(|hub| hub.knocking_name(id)).unwrap_or_default();
        let answer = new_grant(proof, if is_admitted { Via::Knock } else { Via::Declined });
        let until = if is_admitted { answer.until } else { WallTime::default() };
        let answer = GrantRow { participant_id: id.clone(), display_name, until, ..answer };
        let before = self.access.grants().find(room_id, id).map(|(standing, _)| standing);
        if !is_admitted && before.is_some_and(|standing| standing.has_ended(WallTime::now())) {
            // The answer replaces what keeps them out, and the store may not have heard that their membership ended.
            self.members.remove(room_id, id).await?;
        }
        self.access.grants().give(&answer, false).await?;
        if let Some(hub) = hub {
            hub.knock_answered(id);
            self.hub.mark_knocked(room_id);
        }
        self.tell_granted(room_id, id).await;
        Ok(())
    }

    /// Sends who asks to join to those who moderate the room, until the node ends.
    pub async fn watch_knocks(self: Arc<Self>) {
        let mut tick = interval(KNOCKS_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            for hub in self.hub.take_knocked() {
                self.guard(&hub.room_id, self.show_knocks(&hub)).await;
            }
        }
    }

    async fn show_knocks(&self, hub: &RoomHub) {
        let look_again = match self.find(&hub.room_id).await {
            Ok(room) => hub.publish_knocks(&room, Instant::now()),
            Err(_) => hub.connection_count() > 0,
        };
        if look_again {
            self.hub.mark_knocked(&hub.room_id);
        }
    }
}
