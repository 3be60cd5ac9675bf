//! Every limit of the server, each with its own name, flag and variable.

use clap::Args;

/// How many connections to a node there may be unless somebody asks for another number.
pub const CONNECTIONS_DEFAULT: usize = 20_000;
/// How many connections an address may have unless somebody asks for another number.
pub const CONNECTIONS_PER_ADDRESS_DEFAULT: usize = 500;

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
    /// Refresh tokens per address and minute that turn out not to be this server's. Real ones cost nothing.
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
    /// New guests per address and day: three hundred, such as a school's classes, in each of its hours. A
    /// guest is remembered for a week.
    #[arg(
        long = "limit-guests-per-day",
        env = "PLAYHEAD_LIMIT_GUESTS_PER_DAY",
        default_value_t = 7_200,
        global = true
    )]
    pub guests_per_day: u32,
    /// New guests of all addresses together per second. Twenty seconds' worth may come at once.
    #[arg(
        long = "limit-guests-per-second",
        env = "PLAYHEAD_LIMIT_GUESTS_PER_SECOND",
        default_value_t = 500,
        global = true
    )]
    pub guests_per_second: u32,
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
    /// Joins per user and minute.
    #[arg(
        long = "limit-joins-per-user-and-minute",
        env = "PLAYHEAD_LIMIT_JOINS_PER_USER_AND_MINUTE",
        default_value_t = 120,
        global = true
    )]
    pub joins_per_user_and_minute: u32,
    /// Joins per address and minute, and as many more for the first five of each user.
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
    /// Commands per participant and second that are refused before they are decided. More are answered
    /// `rate_limited`. Five seconds' worth may come at once.
    #[arg(
        long = "limit-refused-per-second",
        env = "PLAYHEAD_LIMIT_REFUSED_PER_SECOND",
        default_value_t = 10,
        global = true
    )]
    pub refused_per_second: u32,
    /// The same per address and second. Commands that are permitted are counted on their own.
    #[arg(
        long = "limit-refused-per-address-and-second",
        env = "PLAYHEAD_LIMIT_REFUSED_PER_ADDRESS_AND_SECOND",
        default_value_t = 100,
        global = true
    )]
    pub refused_per_address_and_second: u32,
    /// Commands per user and second that may change a room, in all rooms together. More are answered
    /// `rate_limited`. Six seconds' worth may come at once.
    #[arg(
        long = "limit-commands-per-user-and-second",
        env = "PLAYHEAD_LIMIT_COMMANDS_PER_USER_AND_SECOND",
        default_value_t = 50,
        global = true
    )]
    pub commands_per_user_and_second: u32,
    /// The same per address and second, and as many more for one per second of each user. Ten seconds' worth may come at
    /// once.
    #[arg(
        long = "limit-commands-per-address-and-second",
        env = "PLAYHEAD_LIMIT_COMMANDS_PER_ADDRESS_AND_SECOND",
        default_value_t = 200,
        global = true
    )]
    pub commands_per_address_and_second: u32,
    /// Connections per address.
    #[arg(
        long = "limit-connections-per-address",
        env = "PLAYHEAD_LIMIT_CONNECTIONS_PER_ADDRESS",
        default_value_t = CONNECTIONS_PER_ADDRESS_DEFAULT,
        global = true
    )]
    pub connections_per_address: usize,
    /// Connections to this node.
    #[arg(
        long = "limit-connections",
        env = "PLAYHEAD_LIMIT_CONNECTIONS",
        default_value_t = CONNECTIONS_DEFAULT,
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
    /// Bans per room.
    #[arg(
        long = "limit-bans-per-room",
        env = "PLAYHEAD_LIMIT_BANS_PER_ROOM",
        default_value_t = 1_000,
        global = true
    )]
    pub bans_per_room: u64,
    /// People whom a room lets in by invites, its password, knocks and grants, those included whose grant has ended.
    #[arg(
        long = "limit-grants-per-room",
        env = "PLAYHEAD_LIMIT_GRANTS_PER_ROOM",
        default_value_t = 20_000,
        global = true
    )]
    pub grants_per_room: u64,
    /// Invites per room that can still be used.
    #[arg(
        long = "limit-invites-per-room",
        env = "PLAYHEAD_LIMIT_INVITES_PER_ROOM",
        default_value_t = 200,
        global = true
    )]
    pub invites_per_room: u64,
    /// Connections per participant.
    #[arg(
        long = "limit-connections-per-participant",
        env = "PLAYHEAD_LIMIT_CONNECTIONS_PER_PARTICIPANT",
        default_value_t = 8,
        global = true
    )]
    pub connections_per_participant: usize,
}

impl LimitConfig {
    /// Refuses limits that nothing could pass. The error names the setting.
    pub fn check(&self) -> Result<(), String> {
        let Self {
            per_address: _,
            guests_per_minute,
            refreshes_per_minute,
            guests_burst,
            guests_per_day,
            guests_per_second,
            rooms_per_minute,
            rooms_per_day,
            rooms_per_user_and_day,
            joins_per_user_and_minute,
            joins_per_minute,
            joins_burst,
            codes_per_minute,
            resolves_per_minute,
            writes_per_minute,
            refused_per_second,
            refused_per_address_and_second,
            commands_per_user_and_second,
            commands_per_address_and_second,
            connections_per_address,
            connections,
            rooms,
            participants_per_room,
            bans_per_room,
            grants_per_room,
            invites_per_room,
            connections_per_participant,
        } = *self;
        for (name, is_zero) in [
            ("GUESTS_PER_MINUTE", guests_per_minute == 0),
            ("REFRESHES_PER_MINUTE", refreshes_per_minute == 0),
            ("GUESTS_BURST", guests_burst == 0),
            ("GUESTS_PER_DAY", guests_per_day == 0),
            ("GUESTS_PER_SECOND", guests_per_second == 0),
            ("ROOMS_PER_MINUTE", rooms_per_minute == 0),
            ("ROOMS_PER_DAY", rooms_per_day == 0),
            ("ROOMS_PER_USER_AND_DAY", rooms_per_user_and_day == 0),
            ("JOINS_PER_USER_AND_MINUTE", joins_per_user_and_minute == 0),
            ("JOINS_PER_MINUTE", joins_per_minute == 0),
            ("JOINS_BURST", joins_burst == 0),
            ("CODES_PER_MINUTE", codes_per_minute == 0),
            ("RESOLVES_PER_MINUTE", resolves_per_minute == 0),
            ("WRITES_PER_MINUTE", writes_per_minute == 0),
            ("REFUSED_PER_SECOND", refused_per_second == 0),
            ("REFUSED_PER_ADDRESS_AND_SECOND", refused_per_address_and_second == 0),
            ("COMMANDS_PER_USER_AND_SECOND", commands_per_user_and_second == 0),
            ("COMMANDS_PER_ADDRESS_AND_SECOND", commands_per_address_and_second == 0),
            ("CONNECTIONS_PER_ADDRESS", connections_per_address == 0),
            ("CONNECTIONS", connections == 0),
            ("ROOMS", rooms == 0),
            ("PARTICIPANTS_PER_ROOM", participants_per_room == 0),
            ("BANS_PER_ROOM", bans_per_room == 0),
            ("GRANTS_PER_ROOM", grants_per_room == 0),
            ("INVITES_PER_ROOM", invites_per_room == 0),
            ("CONNECTIONS_PER_PARTICIPANT", connections_per_participant == 0),
        ] {
            if is_zero {
                return Err(format!(
                    "PLAYHEAD_LIMIT_{name}: 0 would let nobody in; write 1 or more \
                     (PLAYHEAD_LIMIT_PER_ADDRESS=0 lifts the limits per address)"
                ));
            }
        }
        Ok(())
    }
}
