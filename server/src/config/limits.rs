//! Every limit of the server, each with its own name, flag and variable.

use clap::Args;

/// The limits.
#[derive(Args, Clone, Debug)]
pub struct LimitConfig {
    /// 0 lifts every limit per address.
    #[arg(
        long = "limit-per-address",
        env = "PLAYHEAD_LIMIT_PER_ADDRESS",
        default_value_t = 1,
        global = true
    )]
    pub per_address: u32,
    /// New guests per address and minute.
    #[arg(
        long = "limit-guests-per-minute",
        env = "PLAYHEAD_LIMIT_GUESTS_PER_MINUTE",
        default_value_t = 60,
        global = true
    )]
    pub guests_per_minute: u32,
    /// Refreshes of tokens per address and minute.
    #[arg(
        long = "limit-refreshes-per-minute",
        env = "PLAYHEAD_LIMIT_REFRESHES_PER_MINUTE",
        default_value_t = 600,
        global = true
    )]
    pub refreshes_per_minute: u32,
    /// New guests that an address may ask for at once: a class or a household that has just been told.
    #[arg(
        long = "limit-guests-burst",
        env = "PLAYHEAD_LIMIT_GUESTS_BURST",
        default_value_t = 300,
        global = true
    )]
    pub guests_burst: u32,
    /// New rooms per address and minute.
    #[arg(
        long = "limit-rooms-per-minute",
        env = "PLAYHEAD_LIMIT_ROOMS_PER_MINUTE",
        default_value_t = 30,
        global = true
    )]
    pub rooms_per_minute: u32,
    /// New rooms per address and day. A room to which nobody connects is kept for a day.
    #[arg(
        long = "limit-rooms-per-day",
        env = "PLAYHEAD_LIMIT_ROOMS_PER_DAY",
        default_value_t = 1_000,
        global = true
    )]
    pub rooms_per_day: u32,
    /// New rooms per user and day.
    #[arg(
        long = "limit-rooms-per-user-and-day",
        env = "PLAYHEAD_LIMIT_ROOMS_PER_USER_AND_DAY",
        default_value_t = 200,
        global = true
    )]
    pub rooms_per_user_and_day: u32,
    /// Joins per address and minute.
    #[arg(
        long = "limit-joins-per-minute",
        env = "PLAYHEAD_LIMIT_JOINS_PER_MINUTE",
        default_value_t = 300,
        global = true
    )]
    pub joins_per_minute: u32,
    /// Joins that an address may make at once: everybody behind it, after a restart too.
    #[arg(
        long = "limit-joins-burst",
        env = "PLAYHEAD_LIMIT_JOINS_BURST",
        default_value_t = 600,
        global = true
    )]
    pub joins_burst: u32,
    /// Unknown room codes tried per address and minute. Codes that name a room cost nothing.
    #[arg(
        long = "limit-codes-per-minute",
        env = "PLAYHEAD_LIMIT_CODES_PER_MINUTE",
        default_value_t = 60,
        global = true
    )]
    pub codes_per_minute: u32,
    /// Links resolved per user and minute.
    #[arg(
        long = "limit-resolves-per-minute",
        env = "PLAYHEAD_LIMIT_RESOLVES_PER_MINUTE",
        default_value_t = 60,
        global = true
    )]
    pub resolves_per_minute: u32,
    /// Changes over HTTP per user and minute.
    #[arg(
        long = "limit-writes-per-minute",
        env = "PLAYHEAD_LIMIT_WRITES_PER_MINUTE",
        default_value_t = 300,
        global = true
    )]
    pub writes_per_minute: u32,
    /// Commands per participant and second that are refused for lack of permission. More are answered
    /// `rate_limited`. Five seconds' worth may come at once.
    #[arg(
        long = "limit-refused-per-second",
        env = "PLAYHEAD_LIMIT_REFUSED_PER_SECOND",
        default_value_t = 10,
        global = true
    )]
    pub refused_per_second: u32,
    /// The same per address and second. Commands that are permitted are never counted.
    #[arg(
        long = "limit-refused-per-address-and-second",
        env = "PLAYHEAD_LIMIT_REFUSED_PER_ADDRESS_AND_SECOND",
        default_value_t = 100,
        global = true
    )]
    pub refused_per_address_and_second: u32,
    /// Connections per address.
    #[arg(
        long = "limit-connections-per-address",
        env = "PLAYHEAD_LIMIT_CONNECTIONS_PER_ADDRESS",
        default_value_t = 500,
        global = true
    )]
    pub connections_per_address: usize,
    /// Connections to this node.
    #[arg(
        long = "limit-connections",
        env = "PLAYHEAD_LIMIT_CONNECTIONS",
        default_value_t = 20_000,
        global = true
    )]
    pub connections: usize,
    /// Rooms on this server.
    #[arg(
        long = "limit-rooms",
        env = "PLAYHEAD_LIMIT_ROOMS",
        default_value_t = 50_000,
        global = true
    )]
    pub rooms: usize,
    /// Participants per room.
    #[arg(
        long = "limit-participants-per-room",
        env = "PLAYHEAD_LIMIT_PARTICIPANTS_PER_ROOM",
        default_value_t = 20_000,
        global = true
    )]
    pub participants_per_room: usize,
    /// Connections per participant.
    #[arg(
        long = "limit-connections-per-participant",
        env = "PLAYHEAD_LIMIT_CONNECTIONS_PER_PARTICIPANT",
        default_value_t = 8,
        global = true
    )]
    pub connections_per_participant: usize,
}
