//! The configuration: read once from flags and environment, checked before anything listens.

mod base_path;
mod check;
mod limits;
mod names;
mod product_key;
mod read;
mod value;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use contracts::{HOST_GRACE_MS_MAX, HOST_LEASE_MS_MAX, HOST_LEASE_MS_MIN};
use ipnet::IpNet;
use url::Url;

pub use base_path::base_path;
pub use limits::{CONNECTIONS_DEFAULT, CONNECTIONS_PER_ADDRESS_DEFAULT, LimitConfig};
pub use names::unknown_settings;
pub use product_key::ProductKey;
pub use value::{List, Maybe, Secret};

/// Synchronized watch parties: everybody on the same frame.
#[derive(Clone, Debug, Parser)]
#[command(name = "playhead-server", version, about)]
pub struct Config {
    /// What to do; `serve` by default.
    #[command(subcommand)]
    pub command: Option<Action>,
    /// Address for HTTP, the WebSocket and the page.
    #[arg(long, env = "PLAYHEAD_LISTEN", default_value = "127.0.0.1:8080", global = true)]
    pub listen: SocketAddr,
    /// Address for /metrics, /healthz, /readyz and /version.
    #[arg(long, env = "PLAYHEAD_ADMIN_LISTEN", default_value = "127.0.0.1:9091", global = true)]
    pub admin_listen: SocketAddr,
    /// Directory for state; created on first start.
    #[arg(long, env = "PLAYHEAD_DATA_DIR", default_value = "./playhead-data", global = true)]
    pub data_dir: PathBuf,
    /// Database URL; by default playhead.db (SQLite) in the data directory.
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
    /// URL of the Redis that the nodes share: redis://…, rediss://… or redis-cluster://….
    #[arg(
        long,
        env = "PLAYHEAD_REDIS_URL",
        default_value = "",
        global = true,
        hide_env_values = true
    )]
    pub redis_url: Maybe<Secret>,
    /// File that holds that URL, for a URL with a password.
    #[arg(long, env = "PLAYHEAD_REDIS_URL_FILE", default_value = "", global = true)]
    pub redis_url_file: Maybe<PathBuf>,
    /// The `appendfsync` setting of that Redis. Only with `always` is an acknowledged commit never
    /// lost, and only then does the server say so.
    #[arg(long, env = "PLAYHEAD_REDIS_APPENDFSYNC", default_value = "everysec", global = true)]
    pub redis_appendfsync: AppendFsync,
    /// Signing key to use instead of the generated one: Ed25519, PKCS#8, PEM.
    #[arg(long, env = "PLAYHEAD_TOKEN_KEY_FILE", default_value = "", global = true)]
    pub token_key_file: Maybe<PathBuf>,
    /// API keys of products that this server is embedded in, `id:secret`, comma-separated: their backends issue tokens to
    /// their own users by `POST /auth/tokens`. A secret has at least 32 characters.
    #[arg(
        long,
        env = "PLAYHEAD_API_KEYS",
        default_value = "",
        global = true,
        hide_env_values = true
    )]
    pub api_keys: List<Secret>,
    /// Public Ed25519 keys of products whose backends sign access tokens themselves, `product:key:base64 of DER`,
    /// comma-separated.
    #[arg(long, env = "PLAYHEAD_PRODUCT_KEYS", default_value = "", global = true)]
    pub product_keys: List<ProductKey>,
    /// How long an access token is valid, in milliseconds. A client gets a new one by its refresh
    /// token, which lasts 30 days, and 7 days unused.
    #[arg(long, env = "PLAYHEAD_ACCESS_TOKEN_MS", default_value_t = 12 * 60 * 60 * 1000,
          global = true, value_parser = clap::value_parser!(u64).range(ACCESS_TOKEN_MS))]
    pub access_token_ms: u64,
    /// URL under which people reach this server, with the path if a proxy serves it below one; by
    /// default taken from each request.
    #[arg(long, env = "PLAYHEAD_PUBLIC_URL", default_value = "", global = true)]
    pub public_url: Maybe<Url>,
    /// Origins whose pages may connect in addition to this server's own, comma-separated.
    #[arg(long, env = "PLAYHEAD_ALLOWED_ORIGINS", default_value = "", global = true)]
    pub allowed_origins: List<String>,
    /// Addresses and networks (CIDR, comma-separated) of proxies whose X-Forwarded-… and Forwarded
    /// headers are trusted.
    #[arg(long, env = "PLAYHEAD_TRUSTED_PROXIES", default_value = "", global = true,
          value_parser = value::networks)]
    pub trusted_proxies: List<IpNet>,
    /// Addresses and networks (CIDR, comma-separated) that providers may reach in addition to public
    /// addresses.
    #[arg(long, env = "PLAYHEAD_EGRESS_ALLOW", default_value = "", global = true,
          value_parser = value::networks)]
    pub egress_allow: List<IpNet>,
    /// How long a host may stay away, in milliseconds, unless the room sets its own.
    #[arg(long, env = "PLAYHEAD_HOST_GRACE_MS", default_value_t = 120_000, global = true,
          value_parser = clap::value_parser!(u64).range(HOST_GRACE_MS))]
    pub host_grace_ms: u64,
    /// How long a silent host is still considered present, in milliseconds, unless the room sets its
    /// own.
    #[arg(long, env = "PLAYHEAD_HOST_LEASE_MS", default_value_t = 15_000, global = true,
          value_parser = clap::value_parser!(u64).range(HOST_LEASE_MS))]
    pub host_lease_ms: u64,
    /// How often the playlist of a live stream is read again while a room watches it, in milliseconds.
    #[arg(long, env = "PLAYHEAD_EDGE_READ_MS", default_value_t = 60_000, global = true,
          value_parser = clap::value_parser!(u64).range(EDGE_READ_MS))]
    pub edge_read_ms: u64,
    /// How long a start waits for Redis and PostgreSQL to answer, in milliseconds.
    #[arg(long, env = "PLAYHEAD_START_TIMEOUT_MS", default_value_t = 30_000, global = true)]
    pub start_timeout_ms: u64,
    /// What to log, as a `tracing` filter: a level, or levels of parts, such as `info,server=debug`. `off` logs
    /// nothing.
    #[arg(long, env = "PLAYHEAD_LOG", default_value = "info", global = true)]
    pub log: String,
    /// Every rate limit and maximum, each with a flag of its own.
    #[command(flatten)]
    pub limits: LimitConfig,
}

/// How long an access token may be valid, in milliseconds.
pub const ACCESS_TOKEN_MS: std::ops::RangeInclusive<u64> = 1_000..=24 * 60 * 60 * 1000;
/// How often an edge may be read again, in milliseconds.
pub const EDGE_READ_MS: std::ops::RangeInclusive<u64> = 1_000..=60 * 60 * 1000;
/// The grace that a room may ask for, in milliseconds.
pub const HOST_GRACE_MS: std::ops::RangeInclusive<u64> = 0..=HOST_GRACE_MS_MAX;
/// The lease that a room may ask for, in milliseconds.
pub const HOST_LEASE_MS: std::ops::RangeInclusive<u64> = HOST_LEASE_MS_MIN..=HOST_LEASE_MS_MAX;

/// The actions of the binary.
#[derive(Clone, Copy, Debug, Subcommand, Eq, PartialEq)]
pub enum Action {
    /// Run the server (the default).
    Serve,
    /// Print the OpenAPI document.
    Openapi,
    /// Check the configuration and print it with every limit.
    CheckConfig,
}

/// Where realtime state is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum StoreKind {
    /// In this process, with a journal on disk.
    Memory,
    /// In a Redis that the nodes share.
    Redis,
}

/// The `appendfsync` setting of the Redis, as declared by the operator.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum AppendFsync {
    /// Synced every second, or not at all: a crash may lose acknowledged commits, and the server says
    /// so.
    Everysec,
    /// Synced before each reply.
    Always,
}
