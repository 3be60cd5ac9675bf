//! Who may enter a room whatever its entry, until when, and with which role.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::ErrorCode;
use engine::{ParticipantId, Role, RoomId};

use super::invites::Invites;
use super::ledger::{Entry, Ledger};
use crate::clock::WallTime;
use crate::refusal::Refusal;
use crate::sql::{
    AccessChange, ENDLESS, GrantRow, Granting, Redeeming, Sql, SqlError, Standing, Via,
};

/// For how long somebody whose knock was refused doesn't get another answer, in milliseconds.
const DECLINED_MS: u64 = 10 * 60 * 1000;

/// The grants of all rooms, as this node knows them.
#[derive(Debug)]
pub struct Grants {
    ledger: Ledger<Standing>,
    /// How many grants a room may have, those that ended included.
    max: u64,
}

impl Standing {
    /// Whether it lets the participant in.
    pub fn holds(&self, now: WallTime) -> bool {
        self.until > now
    }

    /// Whether the participant was let in by it, and isn't any more.
    pub fn has_ended(&self, now: WallTime) -> bool {
        self.via != Via::Declined && !self.holds(now)
    }

    /// Whether the participant's knock was refused a short while ago.
    pub fn is_declined(&self, now: WallTime) -> bool {
        self.via == Via::Declined && now < self.since.plus_millis(DECLINED_MS)
    }
}

#[async_trait]
impl Entry for Standing {
    const NAME: &'static str = "grants";

    /// A grant of another role closes connections too, since each has the role that it was opened with.
    fn closes(&self, previous: Option<&Self>, now: WallTime) -> bool {
        let is_other = |previous: &Self| previous.holds(now) && previous.role != self.role;
        self.has_ended(now) || previous.is_some_and(is_other)
    }

    fn ends_at(&self) -> Option<WallTime> {
        let ends = self.via != Via::Declined && self.until < ENDLESS;
        ends.then_some(self.until)
    }

    async fn list_changes(
        sql: &Sql,
        after: u64,
        most: usize,
    ) -> Result<Vec<AccessChange<Self>>, SqlError> {
        sql.list_grant_changes(after, most).await
    }

    async fn sweep(sql: &Sql, before: WallTime) -> Result<(), SqlError> {
        sql.sweep_grants(before).await?;
        sql.sweep_invites().await
    }
}

impl Grants {
    /// Reads the grants. If the database doesn't answer, they are read once it does. A room may have `max` of them.
    pub async fn open(sql: Arc<Sql>, max: u64) -> Self {
        Self { ledger: Ledger::open(sql).await, max }
    }

    pub(super) fn ledger(&self) -> &Ledger<Standing> {
        &self.ledger
    }

    /// Finds what was last granted to a participant, and the number of that change.
    pub fn find(&self, room_id: &RoomId, id: &ParticipantId) -> Option<(Standing, u64)> {
        self.ledger.find(room_id, id)
    }

    /// Stores a grant, or the refusal of a knock. It holds at this node when this returns, and at the others within a
    /// second or so. One that still holds is replaced only if `replaces` says so. Returns whether the participant's
    /// connections are to be closed, because they were opened with another role.
    pub async fn give(&self, grant: &GrantRow, replaces: bool) -> Result<bool, Refusal> {
        match self.ledger.sql().grant(grant, replaces, self.max).await.map_err(away)? {
            Granting::Stored(number) => {
                let (room_id, id) = (&grant.room_id, &grant.participant_id);
                Ok(self.ledger.set(room_id, id, grant.standing(), number))
            }
            Granting::HoldsAnother => Ok(false),
            Granting::RoomHasMost => Err(self.too_many()),
            Granting::RoomIsGone => {
                Err(Refusal::new(ErrorCode::RoomNotFound, "there is no such room"))
            }
        }
    }

    /// Uses an invite for the participant that `grant` names. Returns whether it was one that the participant can use,
    /// or has used before.
    pub async fn redeem(&self, invite: &str, grant: GrantRow) -> Result<bool, Refusal> {
        let Some(secret_hash) = Invites::hash(invite) else { return Ok(false) };
        match self.ledger.sql().redeem_invite(&secret_hash, grant, self.max).await.map_err(away)? {
            Redeeming::Granted(number, grant) => {
                self.ledger.set(&grant.room_id, &grant.participant_id, grant.standing(), number);
                Ok(true)
            }
            Redeeming::Held => {
                // It may have been stored by another node a moment ago.
                self.ledger.read().await.map_err(away)?;
                Ok(true)
            }
            Redeeming::Invalid => Ok(false),
            Redeeming::RoomHasMost => Err(self.too_many()),
        }
    }

    /// Finds a grant that hasn't ended and that `is_meant` accepts, or refuses one that isn't there.
    pub async fn find_by_id(
        &self,
        grant_id: &str,
        is_meant: impl Fn(&GrantRow) -> bool,
    ) -> Result<GrantRow, Refusal> {
        let grant = self.ledger.sql().find_grant(grant_id, WallTime::now()).await.map_err(away)?;
        grant.filter(is_meant).ok_or_else(|| {
            Refusal::new(ErrorCode::GrantNotFound, "there is no such grant, or it has ended")
        })
    }

    /// Ends a participant's grant. Returns whether there was one that hadn't ended.
    pub async fn end(&self, room_id: &RoomId, id: &ParticipantId) -> Result<bool, Refusal> {
        let ended = self.ledger.sql().end_grant(room_id, id, WallTime::now()).await;
        let Some(AccessChange { number, now, .. }) = ended.map_err(away)? else { return Ok(false) };
        self.ledger.set(room_id, id, now, number);
        Ok(true)
    }

    /// Lists up to `most` grants of a room, the newest first, from below a number, each with its number.
    pub async fn list(
        &self,
        room_id: &RoomId,
        below: Option<u64>,
        most: usize,
    ) -> Result<Vec<(u64, GrantRow)>, Refusal> {
        self.ledger.sql().list_grants(room_id, below, most, WallTime::now()).await.map_err(away)
    }

    /// Waits until this node knows the change of a participant's grant with that number.
    pub async fn catch_up(
        &self,
        room_id: &RoomId,
        id: &ParticipantId,
        number: u64,
    ) -> Result<(), Refusal> {
        if number == 0 || self.find(room_id, id).is_some_and(|(_, known)| known >= number) {
            return Ok(());
        }
        self.ledger.read().await.map_err(away)
    }

    /// Waits until grants have ended, by other nodes or because the time had come, and returns whose. There is one
    /// caller.
    pub async fn news(&self) -> Vec<(RoomId, ParticipantId)> {
        self.ledger.news().await
    }

    /// Reads the changes without waiting for the next second, because another node announced some.
    pub fn read_soon(&self) {
        self.ledger.read_soon();
    }

    fn too_many(&self) -> Refusal {
        let detail = format!(
            "a room lets in at most {} people by invites, passwords, knocks and grants",
            self.max
        );
        Refusal::new(ErrorCode::LimitReached, detail)
    }
}

/// The role of a participant without a role given by the room: that of the grant, if it has one.
pub(super) fn base_of(standing: Standing, base: Role) -> Role {
    standing.role.unwrap_or(base)
}

fn away(error: SqlError) -> Refusal {
    Refusal::store_unavailable().caused_by(error)
}
