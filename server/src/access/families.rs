//! Families of refresh tokens: who somebody is, for longer than an access token lasts and whatever key
//! signs those. Accounts will have such families too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::ErrorCode;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{sleep, timeout};

use super::family_clock::FamilyClock;
use super::family_writer::FamilyWriter;
use super::predecessors::Predecessors;
use super::reach::Reach;
use super::refresh_token::{ProofKey, RefreshToken};
use super::revocations::{REVOKED_MAX, Revocations};
use crate::clock::WallTime;
use crate::id;
use crate::refusal::Refusal;
use crate::sql::{RefreshFamily, Sql, SqlError, Sweep};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// How long a family lasts, in milliseconds.
const FAMILY_MS: u64 = 30 * DAY_MS;
/// How long it lasts unused, in milliseconds.
const IDLE_MS: u64 = 7 * DAY_MS;
/// How long families that are over are kept, in milliseconds: the clock that says so may be ahead, and
/// be put right.
const SPARE_MS: u64 = 2 * DAY_MS;
/// How far in the future a time may lie because another node's clock is a little ahead, in
/// milliseconds.
const AHEAD_MS: u64 = 60 * 60 * 1000;
/// For how long access tokens of a revoked family may still be valid, in milliseconds.
const REVOKED_MS: u64 = DAY_MS;
/// How many families there may be. Beyond that, those that were never used six hours or more after they
/// began are evicted first, and then those that have been unused for longest. An attacker who wants to keep
/// families has to come back for each of them.
const FAMILIES_MAX: u64 = 1_000_000;
/// How often the clock is looked at, to see whether it was set.
const WATCH_EVERY: Duration = Duration::from_secs(10);
/// Families that are over are deleted at every so many checks of the clock; not at the start, when it may not
/// be right yet.
const SWEEP_EVERY: u64 = 60;
/// How many rows one statement of a sweep deletes, so that it holds up no other for long.
const SWEPT_AT_ONCE: usize = 1_000;
/// How many statements a sweep has at most.
const SWEEP_STATEMENTS_MAX: usize = 500;
/// How long a new guest, and a token that the database doesn't know yet, wait for the database. Without it,
/// people can still come to running parties.
const STORED_WITHIN: Duration = Duration::from_secs(1);
/// How many rotations of this node use the database at once, so that other work finds a connection.
const TURNS: usize = 4;

/// The families of all users, as this node reaches them.
#[derive(Debug)]
pub struct Families {
    sql: Arc<Sql>,
    writer: FamilyWriter,
    turns: Semaphore,
    clock: FamilyClock,
    /// Whether the clock was judged before a token was refused by it.
    judged: OnceCell<()>,
    revocations: Revocations,
    reach: Arc<Reach>,
}

/// A refresh token, and whom it identifies.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// The token that is valid from now on.
    pub token: RefreshToken,
    /// The user's id.
    pub user_id: String,
    /// The user's display name.
    pub display_name: String,
    /// When the user was given the display name.
    pub named_at: WallTime,
}

impl Families {
    /// Makes the service, and starts the writer of new families.
    pub async fn open(sql: Arc<Sql>) -> Self {
        let reach = Arc::new(Reach::default());
        let writer = FamilyWriter::start(sql.clone(), reach.clone());
        let clock = FamilyClock::open(sql.clone()).await;
        let revocations = Revocations::open(sql.clone()).await;
        let (turns, judged) = (Semaphore::new(TURNS), OnceCell::new());
        Self { sql, writer, turns, clock, judged, revocations, reach }
    }

    /// Begins the family of a new user, and returns its first token.
    pub async fn begin(&self, user_id: &str, display_name: &str) -> Result<Refreshed, Refusal> {
        let (now, clock_id) = self.clock.now();
        let token = self.begin_at(user_id, display_name, now, clock_id).await?;
        let (user_id, display_name) = (user_id.to_owned(), display_name.to_owned());
        Ok(Refreshed { token, user_id, display_name, named_at: now })
    }

    async fn begin_at(
        &self,
        user_id: &str,
        display_name: &str,
        now: WallTime,
        clock_id: String,
    ) -> Result<RefreshToken, Refusal> {
        let proof_key: ProofKey = id::random_bytes();
        let token = RefreshToken::generate(&proof_key);
        let family = RefreshFamily {
            family_id: token.family_id().to_owned(),
            user_id: user_id.to_owned(),
            display_name: display_name.to_owned(),
            named_at: now,
            token_hash: token.hash().to_vec(),
            token_number: 0,
            proof_key: proof_key.to_vec(),
            predecessors: Vec::new(),
            began_at: now,
            rotated_at: now,
            clock_id,
        };
        let is_stored = self.writer.queue(family).ok_or_else(Refusal::store_unavailable)?;
        // If the database is away, the family is stored once it is back.
        let _ = timeout(STORED_WITHIN, is_stored).await;
        Ok(token)
    }

    /// Takes a refresh token, and returns the one that replaces it, on any node.
    ///
    /// A token that was replaced gives the newest one, the same each time: until its successor is used,
    /// because the answer with that may have got lost, and for half a minute more, because two tabs may
    /// refresh at once. After that it ends its family: one of those who use it has stolen it. Only a token
    /// that was issued in the family can do that. One that is invented, whatever family it names, is
    /// refused and changes nothing.
    ///
    /// A token that was issued after the newest one that the database knows isn't spent: the database has
    /// gone back, to a copy or to a replica that lagged behind. It is replaced like the newest one, and the
    /// database catches up. So is one with the newest one's number, which was issued on the other side of
    /// such a loss.
    ///
    /// So somebody who has stolen a token shares its user's identity until the two get out of step: until
    /// either of them comes with a token that the other has replaced, and whose successor has been used
    /// since. A family lasts 30 days at most, by a clock that isn't doubted.
    pub async fn refresh(&self, text: &str) -> Result<Refreshed, Refusal> {
        let now = self.clock.read().await.map_err(|error| self.away(error))?;
        self.refresh_at(text, now).await
    }

    async fn refresh_at(&self, text: &str, now: WallTime) -> Result<Refreshed, Refusal> {
        let presented = RefreshToken::parse(text).ok_or_else(unknown)?;
        let _turn = self.turns.acquire().await;
        // Whenever another node was quicker, what it stored decides.
        for _ in 0..3 {
            let mut family = self.find(presented.family_id()).await?;
            let is_issued = presented.is_proven_by(&family.proof_key);
            if presented.has_proof() && !is_issued {
                return Err(unknown());
            }
            let passed_ms = now.millis_since(family.rotated_at);
            if is_over(&family, now) {
                if self.is_believed(now).await.map_err(|error| self.away(error))? {
                    let detail = "the refresh token has expired; become a new guest";
                    return Err(Refusal::new(ErrorCode::TokenExpired, detail));
                }
                // Its age is unknown, so it begins anew; otherwise it would be over as soon as the clock is believed.
                family.began_at = now;
            }
            let mut predecessors = Predecessors::decode(&family.predecessors, passed_ms);
            if presented.hash().as_slice() != family.token_hash {
                let number = family.token_number;
                let newest = predecessors.newest_after(&presented, number, &family.proof_key);
                if let Some(token) = newest {
                    return Ok(Refreshed::of(token, family));
                }
                if !is_issued {
                    return Err(unknown());
                }
                if presented.number().is_none_or(|of_presented| of_presented < number) {
                    return Err(self.end(&family).await);
                }
                tracing::info!(
                    user.id = family.user_id,
                    "a refresh token is newer than the database"
                );
                // Nothing leads from the tokens that the database knows to this one.
                predecessors = Predecessors::default();
            }
            let (token, rotated) = self.rotate(&presented, &family, predecessors, now)?;
            let stored = self.sql.rotate_refresh_family(&family.token_hash, &rotated).await;
            if let Some((display_name, named_at)) = stored.map_err(|error| self.away(error))? {
                self.reach.note_replaced();
                // Somebody may have renamed the user since the family was read.
                let named = RefreshFamily { display_name, named_at, ..family };
                return Ok(Refreshed::of(token, named));
            }
        }
        Err(Refusal::store_unavailable())
    }

    async fn find(&self, family_id: &str) -> Result<RefreshFamily, Refusal> {
        let find = async || {
            let found = self.sql.find_refresh_family(family_id).await;
            found.map_err(|error| self.away(error))
        };
        let was_behind = self.writer.is_behind();
        if let Some(family) = find().await? {
            return Ok(family);
        }
        if was_behind {
            // It may wait to be stored: "unknown" would make its user a stranger.
            let caught_up = timeout(STORED_WITHIN, self.writer.catch_up()).await;
            caught_up.map_err(|_| Refusal::store_unavailable())?;
            return find().await?.ok_or_else(unknown);
        }
        Err(unknown())
    }

    /// Gives the user of a family another name, and returns when. If the family isn't stored, there is nowhere to put
    /// the name: it lasts as long as the access token, which nothing can replace then either.
    pub async fn rename(&self, family_id: &str, display_name: &str) -> Result<WallTime, Refusal> {
        let (now, _) = self.clock.now();
        let _turn = self.turns.acquire().await;
        let rename = || self.sql.rename_refresh_family(family_id, display_name, now);
        let was_behind = self.writer.is_behind();
        let mut named_at = rename().await.map_err(|error| self.away(error))?;
        if named_at.is_none() && was_behind {
            let caught_up = timeout(STORED_WITHIN, self.writer.catch_up()).await;
            caught_up.map_err(|_| Refusal::store_unavailable())?;
            named_at = rename().await.map_err(|error| self.away(error))?;
        }
        Ok(named_at.unwrap_or(now))
    }

    /// Returns the successor of a family's newest token, and the family with it.
    fn rotate(
        &self,
        newest: &RefreshToken,
        family: &RefreshFamily,
        mut predecessors: Predecessors,
        now: WallTime,
    ) -> Result<(RefreshToken, RefreshFamily), Refusal> {
        let mut proof_key = family.proof_key.clone();
        if proof_key.is_empty() {
            // A family from before there were proofs.
            proof_key = id::random_bytes().to_vec();
        }
        let newest_number = newest.number().unwrap_or_default().max(family.token_number);
        let token_number = newest_number.saturating_add(1);
        let token = predecessors
            .rotate(newest, id::random_bytes(), token_number, &proof_key)
            .map_err(Refusal::rate_limited)?;
        let rotated = RefreshFamily {
            token_hash: token.hash().to_vec(),
            token_number,
            proof_key,
            predecessors: predecessors.encode(),
            // It can't have begun in the future: the clock was set back.
            began_at: family.began_at.min(now),
            rotated_at: now,
            clock_id: self.clock.id(),
            ..family.clone()
        };
        Ok((token, rotated))
    }

    /// Waits until new families are stored.
    pub async fn catch_up(&self) {
        self.writer.catch_up().await;
    }

    /// The families whose access tokens aren't valid any more.
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// What this node knows of whether tokens can be replaced.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Follows the clock and what other nodes revoke, and deletes families that are over, until the node ends.
    pub async fn keep(&self) {
        tokio::join!(self.revocations.keep(), self.look_after(), self.reach.keep(&self.sql));
    }

    async fn look_after(&self) {
        for look in 0_u64.. {
            sleep(WATCH_EVERY).await;
            if let Err(error) = self.look(look).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "refresh tokens aren't kept in order: SQL doesn't answer");
            }
        }
    }

    async fn look(&self, look: u64) -> Result<(), SqlError> {
        let now = self.clock.read().await?;
        match look {
            // Before others come and go by this clock.
            0 => self.doubts(now, Instant::now()).await.map(drop),
            look if look.is_multiple_of(SWEEP_EVERY) => self.sweep_once(now, Instant::now()).await,
            _ => Ok(()),
        }
    }

    /// Whether a family may be refused by its age. Judges the clock before the first one is: a process that
    /// has just started doesn't know yet that most families are over by it.
    async fn is_believed(&self, now: WallTime) -> Result<bool, SqlError> {
        let judge = || async { self.doubts(now, Instant::now()).await.map(drop) };
        self.judged.get_or_try_init(judge).await?;
        Ok(!self.clock.is_doubted(Instant::now()).await)
    }

    /// Whether the clock seems too far off to change families by it.
    async fn doubts(&self, now: WallTime, steady: Instant) -> Result<bool, SqlError> {
        let (ahead, over) = (now.plus_millis(AHEAD_MS), now.minus_millis(IDLE_MS + SPARE_MS));
        let counts = self.sql.count_refresh_families(ahead, over).await?;
        Ok(self.clock.is_doubtful(counts, steady).await)
    }

    async fn sweep_once(&self, now: WallTime, steady: Instant) -> Result<(), SqlError> {
        let is_doubtful = self.doubts(now, steady).await?;
        let ahead = now.plus_millis(AHEAD_MS);
        if !is_doubtful {
            self.sql.pull_back_refresh_families(ahead, now, &self.clock.id()).await?;
        }
        let before = |kept_ms| {
            let none = WallTime::from_millis(0);
            if is_doubtful { none } else { now.minus_millis(kept_ms + SPARE_MS) }
        };
        let sweep = Sweep {
            began_before: before(FAMILY_MS),
            rotated_before: before(IDLE_MS),
            families_max: FAMILIES_MAX,
            rows_max: SWEPT_AT_ONCE,
        };
        self.sql.sweep_revoked_families(before(REVOKED_MS), REVOKED_MAX).await?;
        for _ in 0..SWEEP_STATEMENTS_MAX {
            if !self.sql.sweep_refresh_families(sweep).await? {
                break;
            }
        }
        Ok(())
    }

    /// Ends a family of which a spent token was used, and with it the access tokens of those who use it.
    async fn end(&self, family: &RefreshFamily) -> Refusal {
        let (now, _) = self.clock.now();
        match self.revocations.revoke(&family.family_id, now).await {
            Ok(()) => {
                tracing::info!(user.id = family.user_id, "a refresh token was used again: ended");
                let detail = "the refresh token was used before, so it has ended; \
                              become a new guest";
                Refusal::new(ErrorCode::TokenInvalid, detail)
            }
            Err(error) => self.away(error),
        }
    }

    /// Refuses because the database failed, and notes it.
    fn away(&self, error: SqlError) -> Refusal {
        self.reach.note_failure();
        Refusal::store_unavailable().caused_by(error)
    }
}

impl Refreshed {
    fn of(token: RefreshToken, family: RefreshFamily) -> Self {
        let RefreshFamily { user_id, display_name, named_at, .. } = family;
        Self { token, user_id, display_name, named_at }
    }
}

/// Whether a family has ended by its age. One from the future counts as new: the clock was ahead when
/// it was written, and has been put right.
fn is_over(family: &RefreshFamily, now: WallTime) -> bool {
    now.millis_since(family.began_at) >= FAMILY_MS || now.millis_since(family.rotated_at) >= IDLE_MS
}

fn unknown() -> Refusal {
    Refusal::new(ErrorCode::TokenInvalid, "the refresh token is not one of this server's")
}

#[cfg(test)]
mod tests;
