//! One configuration, read once from flags and environment, checked before anything listens.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use url::Url;

/// Synchronized watch parties: everybody on the same frame.
#[derive(Clone, Debug, Parser)]
#[command(name = "playhead-server", version, about)]
pub struct Config {
    /// What to do; `serve` unless given.
    #[command(subcommand)]
    pub command: Option<Action>,
    /// Address of HTTP, WebSocket and page.
    #[arg(long, env = "PLAYHEAD_LISTEN", default_value = "127.0.0.1:8080", global = true)]
    pub listen: SocketAddr,
    /// Address of /metrics, /healthz, /readyz and /version.
    #[arg(long, env = "PLAYHEAD_ADMIN_LISTEN", default_value = "127.0.0.1:9091", global = true)]
    pub admin_listen: SocketAddr,
    /// Where state is kept; made on first start.
    #[arg(long, env = "PLAYHEAD_DATA_DIR", default_value = "./playhead-data", global = true)]
    pub data_dir: PathBuf,
    /// The database; playhead.db (SQLite) in the data directory unless given.
    #[arg(
        long,
        env = "PLAYHEAD_DATABASE_URL",
        default_value = "",
        global = true,
        hide_env_values = true
    )]
    pub database_url: Maybe<Secret>,
    /// Where realtime state is kept.
    #[arg(long, env = "PLAYHEAD_STORE", default_value = "memory", global = true)]
    pub store: StoreKind,
    /// Where the Redis is that nodes share: redis://…, rediss://… or redis-cluster://….
    #[arg(
        long,
        env = "PLAYHEAD_REDIS_URL",
        default_value = "",
        global = true,
        hide_env_values = true
    )]
    pub redis_url: Maybe<Secret>,
    /// A file with that URL, if it holds a password.
    #[arg(long, env = "PLAYHEAD_REDIS_URL_FILE", default_value = "", global = true)]
    pub redis_url_file: Maybe<PathBuf>,
    /// How the Redis is set to sync its log. Only with `always` is a commit that was acknowledged
    /// never lost, and said not to be.
    #[arg(long, env = "PLAYHEAD_REDIS_APPENDFSYNC", default_value = "everysec", global = true)]
    pub redis_appendfsync: AppendFsync,
    /// A signing key given from outside: Ed25519, PKCS#8, PEM.
    #[arg(long, env = "PLAYHEAD_TOKEN_KEY_FILE", default_value = "", global = true)]
    pub token_key_file: Maybe<PathBuf>,
    /// How people reach this server, for absolute links; from the request unless given.
    #[arg(long, env = "PLAYHEAD_PUBLIC_URL", default_value = "", global = true)]
    pub public_url: Maybe<Url>,
    /// Origins whose pages may connect, comma separated; this server's own unless given.
    #[arg(long, env = "PLAYHEAD_ALLOWED_ORIGINS", default_value = "", global = true)]
    pub allowed_origins: List<String>,
    /// Networks (CIDR, comma separated) whose Forwarded headers count.
    #[arg(long, env = "PLAYHEAD_TRUSTED_PROXIES", default_value = "", global = true)]
    pub trusted_proxies: List<IpNet>,
    /// Networks (CIDR, comma separated) that providers may reach beside public addresses.
    #[arg(long, env = "PLAYHEAD_EGRESS_ALLOW", default_value = "", global = true)]
    pub egress_allow: List<IpNet>,
    /// How long a host may stay away, in milliseconds, unless the room says otherwise.
    #[arg(long, env = "PLAYHEAD_HOST_GRACE_MS", default_value_t = 120_000, global = true,
          value_parser = clap::value_parser!(u64).range(HOST_GRACE_MS))]
    pub host_grace_ms: u64,
    /// How long a host lives without a sign of life, in milliseconds, unless the room says otherwise.
    #[arg(long, env = "PLAYHEAD_HOST_LEASE_MS", default_value_t = 15_000, global = true,
          value_parser = clap::value_parser!(u64).range(HOST_LEASE_MS))]
    pub host_lease_ms: u64,
    /// What to log: a tracing filter.
    #[arg(long, env = "PLAYHEAD_LOG", default_value = "info", global = true)]
    pub log: String,
    /// Limits.
    #[command(flatten)]
    pub limits: LimitConfig,
}

/// What grace a room may ask for, in milliseconds.
pub const HOST_GRACE_MS: std::ops::RangeInclusive<u64> = 0..=24 * 60 * 60 * 1000;
/// What lease a room may ask for, in milliseconds.
pub const HOST_LEASE_MS: std::ops::RangeInclusive<u64> = 1_000..=10 * 60 * 1000;

/// What the binary does.
#[derive(Clone, Copy, Debug, Subcommand, Eq, PartialEq)]
pub enum Action {
    /// Serves.
    Serve,
    /// Prints the OpenAPI document.
    Openapi,
    /// Checks the configuration and prints it with every limit.
    CheckConfig,
}

/// Where realtime state is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum StoreKind {
    /// In this process, with a journal on disk.
    Memory,
    /// In a Redis that nodes share.
    Redis,
}

/// What the operator says of the Redis' log.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum AppendFsync {
    /// Synced each second, or not at all: a crash may lose what was acknowledged, and says so.
    Everysec,
    /// Synced before each answer.
    Always,
}

/// Text that isn't printed.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// Every limit, each with its own name.
#[derive(Args, Clone, Debug)]
pub struct LimitConfig {
    /// 0 lifts the limits per address.
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
    /// New rooms per address and minute.
    #[arg(
        long = "limit-rooms-per-minute",
        env = "PLAYHEAD_LIMIT_ROOMS_PER_MINUTE",
        default_value_t = 30,
        global = true
    )]
    pub rooms_per_minute: u32,
    /// Joins per address and minute.
    #[arg(
        long = "limit-joins-per-minute",
        env = "PLAYHEAD_LIMIT_JOINS_PER_MINUTE",
        default_value_t = 300,
        global = true
    )]
    pub joins_per_minute: u32,
    /// Room codes tried per address and minute.
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
    /// Connections of one address.
    #[arg(
        long = "limit-connections-per-address",
        env = "PLAYHEAD_LIMIT_CONNECTIONS_PER_ADDRESS",
        default_value_t = 500,
        global = true
    )]
    pub connections_per_address: usize,
    /// Connections of this node.
    #[arg(
        long = "limit-connections",
        env = "PLAYHEAD_LIMIT_CONNECTIONS",
        default_value_t = 20_000,
        global = true
    )]
    pub connections: usize,
    /// Rooms of this node.
    #[arg(
        long = "limit-rooms",
        env = "PLAYHEAD_LIMIT_ROOMS",
        default_value_t = 50_000,
        global = true
    )]
    pub rooms: usize,
    /// Participants of one room.
    #[arg(
        long = "limit-participants-per-room",
        env = "PLAYHEAD_LIMIT_PARTICIPANTS_PER_ROOM",
        default_value_t = 20_000,
        global = true
    )]
    pub participants_per_room: usize,
    /// Connections of one participant.
    #[arg(
        long = "limit-connections-per-participant",
        env = "PLAYHEAD_LIMIT_CONNECTIONS_PER_PARTICIPANT",
        default_value_t = 8,
        global = true
    )]
    pub connections_per_participant: usize,
}

/// A value that may be left out; an empty variable is one that is left out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Maybe<T>(Option<T>);

/// Values with commas between them, or none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct List<T>(Vec<T>);

impl<T: FromStr> FromStr for Maybe<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        let text = text.trim();
        if text.is_empty() { Ok(Self(None)) } else { text.parse().map(|value| Self(Some(value))) }
    }
}

impl<T: FromStr> FromStr for List<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl<T> Deref for Maybe<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<T> Deref for List<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl Config {
    /// What can't be used, in words.
    pub fn check(&self) -> Result<(), String> {
        for origin in self.allowed_origins.iter() {
            let url = Url::parse(origin).map_err(|error| format!("origin {origin}: {error}"))?;
            if url.origin().ascii_serialization() != *origin {
                return Err(format!(
                    "origin {origin}: write it as scheme://host or scheme://host:port"
                ));
            }
        }
        let known = ["sqlite:", "postgres:", "postgresql:"];
        match self.database_url.as_ref().map(Secret::expose) {
            Some(url) if !known.iter().any(|scheme| url.starts_with(scheme)) => {
                Err("PLAYHEAD_DATABASE_URL: use sqlite://… or postgres://…".to_owned())
            }
            _ => Ok(()),
        }?;
        match (self.store, self.redis_url()?) {
            (StoreKind::Redis, None) => {
                Err("PLAYHEAD_STORE=redis: set PLAYHEAD_REDIS_URL too, redis://…".to_owned())
            }
            (StoreKind::Redis, Some(url)) => {
                // The URL itself isn't shown: it may hold a password.
                let known = ["redis", "rediss", "redis-cluster", "rediss-cluster"];
                let url = Url::parse(url.expose());
                let usable = url.is_ok_and(|url| known.contains(&url.scheme()) && url.has_host());
                let words = "PLAYHEAD_REDIS_URL: write it as redis://host:port, rediss://… or \
                             redis-cluster://…";
                if usable { Ok(()) } else { Err(words.to_owned()) }
            }
            _ => Ok(()),
        }
    }

    /// Where the Redis is, given as it is or in a file.
    pub fn redis_url(&self) -> Result<Option<Secret>, String> {
        match (self.redis_url.as_ref(), self.redis_url_file.as_ref()) {
            (Some(url), _) => Ok(Some(url.clone())),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    format!("PLAYHEAD_REDIS_URL_FILE {}: {error}", path.display())
                })?;
                Ok(Some(Secret(text.trim().to_owned())).filter(|url| !url.0.is_empty()))
            }
            (None, None) => Ok(None),
        }
    }
}
