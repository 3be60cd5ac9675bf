//! Opens everything that a node depends on: database, store, clock, keys, providers and services.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use providers::{Egress, EgressPolicy, OwnFolder, Registry};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::patience::{Patience, with_causes};
use crate::access::{Access, AccessLimits, ApiKeys, KeyError, ProductKeys};
use crate::app::{App, Services};
use crate::clock::RoomClock;
use crate::config::{AppendFsync, Config, Secret, StoreKind};
use crate::hub::Hub;
use crate::limit::Limiters;
use crate::members::Members;
use crate::net::{BaseUrl, Connections, Origins, Shares};
use crate::page;
use crate::password::Hasher;
use crate::rooms::{Dependencies, Rooms};
use crate::sources::Sources;
use crate::sql::{DATABASE_FILE, Sql, SqlError};
use crate::store::{MemoryStore, News, OpenError, RedisOpenError, RedisStore, Store};

/// A node whose services are ready to serve.
pub struct Opened {
    /// The services.
    pub app: App,
    /// The store, to be closed at the end.
    pub store: Arc<dyn Store>,
    /// The news since the store was opened.
    pub news: mpsc::Receiver<News>,
}

/// Opens a node that will listen on `address`. The error is a sentence for the operator.
pub async fn open(config: Config, address: SocketAddr, shares: Shares) -> Result<Opened, String> {
    let patience = Patience::of_millis(config.start_timeout_ms);
    let sql = Arc::new(open_sql(&config, &patience).await?);
    let (store, clock) = open_store(&config, &patience, sql.clone()).await?;
    // At once, so that no news is missed while the rest is opened.
    let news = store.subscribe();
    let key_file = config.token_key_file.as_deref();
    let per_room = AccessLimits {
        bans: config.limits.bans_per_room,
        grants: config.limits.grants_per_room,
        invites: config.limits.invites_per_room,
    };
    let hasher = Hasher::start().map_err(|error| format!("no thread can be started: {error}"))?;
    let token_ms = config.access_token_ms;
    let products = (ApiKeys::new(config.api_keys()), ProductKeys::new(&config.product_keys));
    let attempt = async |_| {
        let (products, hasher) = (products.clone(), hasher.clone());
        Access::open(key_file, sql.clone(), token_ms, per_room, products, hasher).await
    };
    let access = patience.open("the database", KeyError::is_transient, attempt).await?;
    let access = Arc::new(access);

    let policy =
        EgressPolicy { allow: config.egress_allow.to_vec(), own: find_own(&config, address) };
    let egress = Egress::new(policy).map_err(|failure| failure.detail)?;
    let limiters = Arc::new(Limiters::new(&config.limits));
    let providers = Registry::standard(Arc::new(egress));
    let sources = Sources::new(Arc::new(providers), limiters.clone(), clock.clone());
    let sources = Arc::new(sources.with_edges_every(config.edge_read_ms));
    let hub = Arc::new(Hub::default());
    let max = config.limits.participants_per_room;
    let members = Arc::new(Members::new(store.clone(), hub.clone(), clock.clone(), max));
    let rooms = Rooms::new(Dependencies {
        store: store.clone(),
        sql,
        access: access.clone(),
        hub: hub.clone(),
        clock: clock.clone(),
        members: members.clone(),
        sources: sources.clone(),
        limiters: limiters.clone(),
    });
    let app = App::new(Services {
        config,
        clock,
        access,
        limiters,
        connections: Connections::default(),
        shares,
        origins: Origins::default(),
        hub,
        members,
        sources,
        rooms: Arc::new(rooms),
        fanout_seconds: metrics::histogram!("playhead_fanout_seconds"),
        draining: CancellationToken::new(),
    });
    Ok(Opened { app, store, news })
}

async fn open_sql(config: &Config, patience: &Patience) -> Result<Sql, String> {
    let Some(url) = config.database_url.as_ref() else {
        let opened = Sql::open_file(&config.data_dir.join(DATABASE_FILE)).await;
        return opened.map_err(|error| with_causes(&error));
    };
    let what = format!("the database{}", place(url));
    let attempt = async |answer_by| Sql::open_by(url.expose(), answer_by).await;
    patience.open(&what, SqlError::is_transient, attempt).await
}

/// Says where the server of a URL is, without its user and password.
fn place(url: &Secret) -> String {
    let url = Url::parse(url.expose()).ok();
    let host = url.as_ref().and_then(Url::host_str);
    let port = url.as_ref().and_then(Url::port).map(|port| format!(":{port}")).unwrap_or_default();
    host.map(|host| format!(" at {host}{port}")).unwrap_or_default()
}

/// Opens the store with the room clock that belongs to it.
async fn open_store(
    config: &Config,
    patience: &Patience,
    sql: Arc<Sql>,
) -> Result<(Arc<dyn Store>, RoomClock), String> {
    let kind = match config.store {
        StoreKind::Memory => "memory",
        StoreKind::Redis => "redis",
    };
    let claim = async |_| sql.claim_for(kind).await;
    patience.open("the database", SqlError::is_transient, claim).await?;
    match config.store {
        StoreKind::Memory => {
            let attempt = async || MemoryStore::open(&config.data_dir, sql.clone()).await;
            let opened = patience.read("the journal", OpenError::is_transient, attempt).await;
            opened.map(|(store, clock)| (store as _, clock))
        }
        StoreKind::Redis => {
            let url = config.redis_url()?.unwrap_or_else(|| Secret::new(""));
            let durable = config.redis_appendfsync == AppendFsync::Always;
            let what = format!("Redis{}", place(&url));
            let attempt = async |_| RedisStore::open(url.expose(), durable, sql.clone()).await;
            let opened = patience.open(&what, RedisOpenError::is_transient, attempt).await;
            opened.map(|(store, clock)| (store as _, clock))
        }
    }
}

/// Finds the sample clip's folder at this server's listener, and the URLs by which anybody may name it: at loopback
/// names, at the addresses that it listens on, and below its public URL. By that of a client see `Sources`.
fn find_own(config: &Config, address: SocketAddr) -> Option<OwnFolder> {
    let port = address.port();
    let base = |authority| BaseUrl { is_secure: false, authority, path: String::new() };
    let at = |ip| base(SocketAddr::new(ip, port).to_string());
    let loopback = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let mut bases = vec![base(format!("localhost:{port}"))];
    bases.extend(loopback.map(at));
    if address.ip().is_unspecified() {
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        bases.extend(interfaces.iter().map(|interface| at(interface.ip())));
    } else {
        bases.push(at(address.ip()));
    }
    // Without a proxy, the page has the public path below these addresses, too.
    let path = config.public_path();
    let below = |one: &BaseUrl| BaseUrl { path: path.clone(), ..one.clone() };
    bases.extend(bases.iter().map(below).collect::<Vec<_>>());
    let public = config.public_url.as_ref();
    bases.extend(public.map(|url| BaseUrl::public(url, config.public_path())));

    let listener = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let known_as = bases.iter().filter_map(|base| base.http(page::SAMPLE_FOLDER)).collect();
    Some(OwnFolder { at: at(listener).http(page::SAMPLE_FOLDER)?, known_as })
}
