//! Rate limits. They count on this node alone.

mod frames;
mod guesses;
pub mod network;
mod per_address;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use contracts::ErrorCode;
use engine::ParticipantId;
use governor::clock::{Clock, DefaultClock, QuantaInstant};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

pub use self::frames::{BAD_FRAMES_PER_MINUTE, FRAMES_BURST, FRAMES_PER_SECOND, FrameLimiter};
pub use self::guesses::Guess;

use self::guesses::Guesses;
use self::per_address::PerAddress;
use crate::config::LimitConfig;
use crate::refusal::Refusal;

/// How many codes per minute a user may name whose address has no guesses left, to be let into rooms that
/// the user is a member of.
const MEMBER_CODES_PER_MINUTE: u32 = 10;
/// How many times per minute one refresh token may come. A client repeats it only until an answer arrives.
const TOKEN_REFRESHES_PER_MINUTE: u32 = 30;
/// How long a refresh token waits for its turn to be looked up without a guess.
const TURN_WAIT_MAX: Duration = Duration::from_secs(2);
/// How many seconds' worth of refused commands may come at once.
const REFUSED_BURST_SECONDS: u32 = 5;
/// How many seconds' worth of a user's commands may come at once.
const COMMANDS_BURST_SECONDS: u32 = 6;
/// How many commands of a user per second, and at once, are counted in a second share of the address, as large as the
/// one for the rest: about what a person presses. So a user who sends many locks out nobody else behind the address,
/// and creating more users doesn't raise its limit.
const CALM_COMMANDS_PER_SECOND: u32 = 1;
const CALM_COMMANDS_BURST: u32 = 10;
/// How many joins of a user per minute are counted in such a share: enough to come, and to come back after a restart.
const CALM_JOINS_PER_MINUTE: u32 = 5;
/// How many seconds' worth of an address' commands: everybody behind it may press something at once.
const ADDRESS_COMMANDS_BURST_SECONDS: u32 = 10;
/// How many seconds' worth of new guests, of all addresses together, may come at once.
const GUESTS_BURST_SECONDS: u32 = 20;

/// Rate limits per address and per user.
#[derive(Debug)]
pub struct Limiters {
    guests: Option<PerAddress>,
    guests_of_day: Option<PerAddress>,
    guests_of_all: DefaultDirectRateLimiter,
    /// Keyed by the token's hash, not its family: knowing a family's id must not be enough to use up its refreshes.
    refreshes_of_token: DefaultKeyedRateLimiter<[u8; 32]>,
    tokens: Option<Guesses>,
    /// For addresses that have no guesses of tokens left.
    token_turn: Semaphore,
    rooms: Option<PerAddress>,
    rooms_of_day: Option<PerAddress>,
    rooms_of_user: DefaultKeyedRateLimiter<String>,
    joins: Option<PerAddress>,
    joins_of_user: DefaultKeyedRateLimiter<String>,
    calm_joins: DefaultKeyedRateLimiter<String>,
    calm_joins_of_address: Option<PerAddress>,
    guesses: Option<Guesses>,
    member_codes: DefaultKeyedRateLimiter<String>,
    resolves: DefaultKeyedRateLimiter<String>,
    writes: DefaultKeyedRateLimiter<String>,
    refused: DefaultKeyedRateLimiter<ParticipantId>,
    refused_of_address: Option<PerAddress>,
    commands_of_user: DefaultKeyedRateLimiter<String>,
    calm_commands: DefaultKeyedRateLimiter<String>,
    calm_commands_of_address: Option<PerAddress>,
    commands_of_address: Option<PerAddress>,
    rooms_max: usize,
}

/// Who asks for something.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The user's id.
    pub user_id: &'a str,
    /// The address that the user comes from, as limits count it.
    pub address: IpAddr,
}

impl Limiters {
    /// Makes the configured limits.
    pub fn new(config: &LimitConfig) -> Self {
        let wanted = config.per_address != 0;
        let keyed = |per_minute: u32, burst: u32| {
            let quota = |share: u32| {
                per_minute_quota(per_minute.saturating_mul(share))
                    .allow_burst(positive(burst.saturating_mul(share)))
            };
            wanted.then(|| PerAddress::new(quota))
        };
        let of_day = |per_day: u32| {
            let quota = |share| per_day_quota(per_day.saturating_mul(share));
            wanted.then(|| PerAddress::new(quota))
        };
        // Guests are remembered for a week, so a customer's network gets no more of them than a home.
        let of_home = network::share(network::HOME);
        let guests_of_day = |per_day: u32| {
            let quota = |share: u32| per_day_quota(per_day.saturating_mul(share.min(of_home)));
            wanted.then(|| PerAddress::new(quota))
        };
        let refused_quota = |per_second| per_second_quota(per_second, REFUSED_BURST_SECONDS);
        let refused_of_address =
            |share| refused_quota(config.refused_per_address_and_second.saturating_mul(share));
        let commands_of_user =
            per_second_quota(config.commands_per_user_and_second, COMMANDS_BURST_SECONDS);
        let commands_of_address = |share| {
            let per_second = config.commands_per_address_and_second.saturating_mul(share);
            per_second_quota(per_second, ADDRESS_COMMANDS_BURST_SECONDS)
        };
        let guests_of_all = per_second_quota(config.guests_per_second, GUESTS_BURST_SECONDS);
        Self {
            guests: keyed(config.guests_per_minute, config.guests_burst),
            guests_of_day: guests_of_day(config.guests_per_day),
            guests_of_all: RateLimiter::direct(guests_of_all),
            refreshes_of_token: RateLimiter::keyed(per_minute_quota(TOKEN_REFRESHES_PER_MINUTE)),
            tokens: wanted.then(|| Guesses::per_minute(config.refreshes_per_minute)),
            token_turn: Semaphore::new(1),
            rooms: keyed(config.rooms_per_minute, config.rooms_per_minute),
            rooms_of_day: of_day(config.rooms_per_day),
            rooms_of_user: RateLimiter::keyed(per_day_quota(config.rooms_per_user_and_day)),
            joins: keyed(config.joins_per_minute, config.joins_burst),
            joins_of_user: RateLimiter::keyed(per_minute_quota(config.joins_per_user_and_minute)),
            calm_joins: RateLimiter::keyed(per_minute_quota(CALM_JOINS_PER_MINUTE)),
            calm_joins_of_address: keyed(config.joins_per_minute, config.joins_burst),
            guesses: wanted.then(|| Guesses::per_minute(config.codes_per_minute)),
            member_codes: RateLimiter::keyed(per_minute_quota(MEMBER_CODES_PER_MINUTE)),
            resolves: RateLimiter::keyed(per_minute_quota(config.resolves_per_minute)),
            writes: RateLimiter::keyed(per_minute_quota(config.writes_per_minute)),
            refused: RateLimiter::keyed(refused_quota(config.refused_per_second)),
            refused_of_address: wanted.then(|| PerAddress::new(refused_of_address)),
            commands_of_user: RateLimiter::keyed(commands_of_user),
            calm_commands: RateLimiter::keyed(
                Quota::per_second(positive(CALM_COMMANDS_PER_SECOND))
                    .allow_burst(positive(CALM_COMMANDS_BURST)),
            ),
            calm_commands_of_address: wanted.then(|| PerAddress::new(commands_of_address)),
            commands_of_address: wanted.then(|| PerAddress::new(commands_of_address)),
            rooms_max: config.rooms,
        }
    }

    /// Counts a request for a new guest of an address.
    pub fn check_guest(&self, address: IpAddr) -> Result<(), Refusal> {
        check_address(self.guests.as_ref(), address)
    }

    /// Counts a new guest of an address by the day, since each of them is remembered for a week: a few
    /// addresses must not use up the place of all others.
    pub fn check_guest_of_day(&self, address: IpAddr) -> Result<(), Refusal> {
        check_address(self.guests_of_day.as_ref(), address)
    }

    /// Counts a new guest of any address, after the limits per address: what is refused there uses up nothing
    /// that others need.
    pub fn check_guest_of_all(&self) -> Result<(), Refusal> {
        self.guests_of_all.check().map_err(|not_until| too_many(&not_until))
    }

    /// Counts a refresh token with this hash, this server's or not, before anything is looked up for it: each
    /// look-up takes a turn of the database, and everybody's tokens wait for those.
    pub fn check_refresh(&self, token_hash: &[u8; 32]) -> Result<(), Refusal> {
        check(&self.refreshes_of_token, token_hash)
    }

    /// Takes a guess of an address that comes with a refresh token, before the token is looked up.
    pub async fn take_token_guess(&self, address: IpAddr) -> Result<Guess<'_>, Refusal> {
        match &self.tokens {
            Some(tokens) => tokens.take(address).await.map_err(too_soon),
            None => Ok(Guess::uncounted(address)),
        }
    }

    /// Waits for the turn to look a refresh token up without a guess. Unlike a code, a token can't be found
    /// by trying, so all that has to be limited is the work: one look-up at a time for all such addresses
    /// together. `None` if the turn doesn't come within two seconds.
    pub async fn take_token_turn(&self) -> Option<SemaphorePermit<'_>> {
        timeout(TURN_WAIT_MAX, self.token_turn.acquire()).await.ok()?.ok()
    }

    /// Counts a new room of a user at an address, also by the day, since a room to which nobody ever connects
    /// is kept for a day: a few addresses must not fill the server. The user comes first, so that nobody uses
    /// up what others at the address may make.
    pub fn check_room(&self, address: IpAddr, user_id: &str) -> Result<(), Refusal> {
        check(&self.rooms_of_user, &user_id.to_owned())?;
        check_address(self.rooms.as_ref(), address)?;
        check_address(self.rooms_of_day.as_ref(), address)
    }

    /// Counts a join of a user at an address. The user comes first, and a user's few joins have a share of their
    /// own, so that no single user uses up the joins of others there.
    pub fn check_join(&self, address: IpAddr, user_id: &str) -> Result<(), Refusal> {
        let user_id = user_id.to_owned();
        check(&self.joins_of_user, &user_id)?;
        let calm = self.calm_joins_of_address.as_ref();
        if self.calm_joins.check_key(&user_id).is_ok() && check_address(calm, address).is_ok() {
            return Ok(());
        }
        check_address(self.joins.as_ref(), address)
    }

    /// Takes a guess of an address that tries a code, before the code is looked up. Once it has none left,
    /// the right codes have to be refused too: the response would reveal which they are. Waits, for two
    /// seconds at most, if that depends on codes that are being looked up.
    pub async fn take_guess(&self, address: IpAddr) -> Result<Guess<'_>, Refusal> {
        match &self.guesses {
            Some(guesses) => guesses.take(address).await.map_err(too_soon),
            None => Ok(Guess::uncounted(address)),
        }
    }

    /// Counts a code that a user names, as a member of the room, from an address without guesses.
    pub fn check_member_code(&self, user_id: &str) -> Result<(), Refusal> {
        check(&self.member_codes, &user_id.to_owned())
    }

    /// Counts a link that the server resolves for a user.
    pub fn check_resolve(&self, user_id: &str) -> Result<(), Refusal> {
        check(&self.resolves, &user_id.to_owned())
    }

    /// Counts a write of a user over HTTP.
    pub fn check_write(&self, user_id: &str) -> Result<(), Refusal> {
        check(&self.writes, &user_id.to_owned())
    }

    /// Counts a command that is to be refused before it is decided, and before anything is done to make sure of
    /// that. Those of one address together are counted too.
    pub fn check_refused(&self, sender: &ParticipantId, address: IpAddr) -> Result<(), Refusal> {
        check(&self.refused, sender)?;
        check_address(self.refused_of_address.as_ref(), address)
    }

    /// Counts a command for which its sender has permission, before it is decided and so maybe committed. The
    /// user comes first, and a user's few commands have a share of their own, so that no single user uses up what
    /// others at the address may send.
    pub fn check_command(&self, sender: Asker<'_>) -> Result<(), Refusal> {
        let user_id = sender.user_id.to_owned();
        check(&self.commands_of_user, &user_id)?;
        let calm = self.calm_commands_of_address.as_ref();
        let address = sender.address;
        if self.calm_commands.check_key(&user_id).is_ok() && check_address(calm, address).is_ok() {
            return Ok(());
        }
        check_address(self.commands_of_address.as_ref(), address)
    }

    /// Refuses one more room on a server that has this many.
    pub fn check_rooms(&self, rooms: u64) -> Result<(), Refusal> {
        if usize::try_from(rooms).is_ok_and(|rooms| rooms < self.rooms_max) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::LimitReached, "this server takes no more rooms"))
    }

    /// Drops keys whose limit has fully recovered.
    pub fn sweep(&self) {
        let by_address = [
            &self.guests,
            &self.guests_of_day,
            &self.rooms,
            &self.rooms_of_day,
            &self.joins,
            &self.refused_of_address,
            &self.commands_of_address,
            &self.calm_commands_of_address,
            &self.calm_joins_of_address,
        ];
        for limiter in by_address.into_iter().flatten() {
            limiter.sweep();
        }
        for guesses in [&self.guesses, &self.tokens].into_iter().flatten() {
            guesses.sweep(Instant::now());
        }
        for limiter in [
            &self.rooms_of_user,
            &self.joins_of_user,
            &self.calm_joins,
            &self.member_codes,
            &self.resolves,
            &self.writes,
            &self.commands_of_user,
            &self.calm_commands,
        ] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        self.refused.retain_recent();
        self.refused.shrink_to_fit();
        self.refreshes_of_token.retain_recent();
        self.refreshes_of_token.shrink_to_fit();
    }
}

fn check<K: Clone + Eq + std::hash::Hash>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
) -> Result<(), Refusal> {
    limiter.check_key(key).map_err(|not_until| too_many(&not_until))
}

fn check_address(limiter: Option<&PerAddress>, address: IpAddr) -> Result<(), Refusal> {
    limiter.map_or(Ok(()), |limiter| limiter.check(address))
}

/// Says when the next one is allowed.
fn too_many(not_until: &NotUntil<QuantaInstant>) -> Refusal {
    too_soon(not_until.wait_time_from(DefaultClock::default().now()))
}

fn too_soon(wait: Duration) -> Refusal {
    Refusal::rate_limited(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).saturating_add(1))
}

fn per_minute_quota(per_minute: u32) -> Quota {
    Quota::per_minute(positive(per_minute))
}

fn per_day_quota(per_day: u32) -> Quota {
    let per_day = positive(per_day);
    let period = Duration::from_secs(24 * 60 * 60) / per_day.get();
    Quota::with_period(period)
        .map_or_else(|| Quota::per_second(per_day), |quota| quota.allow_burst(per_day))
}

/// So many per second, and so many seconds' worth at once: an unaware client asks several times in a row, and
/// people come when they have been told to.
fn per_second_quota(per_second: u32, burst_seconds: u32) -> Quota {
    let burst = per_second.saturating_mul(burst_seconds);
    Quota::per_second(positive(per_second)).allow_burst(positive(burst))
}

fn positive(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}
