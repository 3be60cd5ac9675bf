//! The client of Redis: the only file that knows the library, and the settings that make it safe
//! here. By default the library repeats commands whose reply was lost, and waits without limit.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fred::error::ErrorKind;
use fred::interfaces::{ClientLike, EventInterface, LuaInterface, PubsubInterface};
use fred::prelude::{Builder, Client as Connection, Error, ReconnectPolicy, TcpConfig, Value};
use fred::types::config::{Config, Server, ServerConfig, UnresponsiveConfig};
use fred::types::{ClusterHash, CustomCommand};
use fred::util::redis_keyslot;
use tokio::net::TcpStream;
use tokio::sync::{broadcast, mpsc};
use tokio_util::task::AbortOnDropHandle;

use super::script::Script;

/// How long a command may take: less than a caller waits, so that the answer says why it failed.
const COMMAND_TIMEOUT: Duration = Duration::from_millis(450);
/// How long the first connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take to find out whether somebody listens.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long closing the connections may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest pause between two attempts to connect again, in milliseconds: a command that waits for one succeeds.
const RECONNECT_MS_MAX: u32 = 200;
/// How long a connection may owe a reply before it is given up.
const UNRESPONSIVE: Duration = Duration::from_secs(2);
/// How many commands may wait for a reply. Further ones fail at once.
const COMMANDS_MAX: usize = 10_000;
/// How many messages may wait for their reader. A reader that lags loads the state again.
const MESSAGES_MAX: usize = 16_384;
/// How many messages the library buffers before they are forwarded. It allocates its buffers in full.
const LIBRARY_MESSAGES_MAX: usize = 2_048;
/// How many events of its connection the library buffers where nobody reads messages.
const LIBRARY_EVENTS_MAX: usize = 32;

/// Where a server listens.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Address {
    /// Its host.
    pub(super) host: String,
    /// Its port.
    pub(super) port: u16,
}

impl Address {
    /// Fails if nobody listens there. The library would warn in the log of each attempt to connect.
    pub(super) async fn probe(&self) -> Result<(), ClientError> {
        let host = self.host.trim_matches(['[', ']']);
        let connected = TcpStream::connect((host, self.port));
        match tokio::time::timeout(PROBE_TIMEOUT, connected).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(ClientError::new(format!("IO: {error}"))),
            Err(_) => Err(ClientError::new("nobody answers there")),
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// What a URL names: servers, and how to log in to them.
#[derive(Clone)]
pub(super) struct Target {
    config: Config,
    servers: Vec<Address>,
}

impl Target {
    /// Reads a URL, without connecting. The error says what is wrong with it.
    pub(super) fn from_url(url: &str) -> Result<Self, ClientError> {
        let config = Config::from_url(url).map_err(|error| ClientError::of(&error))?;
        let hosts = config.server.hosts();
        let address = |server: Server| Address { host: server.host.to_string(), port: server.port };
        Ok(Self { config, servers: hosts.into_iter().map(address).collect() })
    }

    /// The servers that the URL names.
    pub(super) fn servers(&self) -> &[Address] {
        &self.servers
    }

    /// Whether these are servers of a cluster.
    pub(super) fn is_cluster(&self) -> bool {
        self.config.server.is_clustered()
    }

    /// The configuration for one server alone, wherever its cluster says that it listens.
    fn at(&self, address: &Address) -> Config {
        let server = Server::new(address.host.clone(), address.port);
        Config { server: ServerConfig::Centralized { server }, ..self.config.clone() }
    }
}

/// Returns the slot of a key.
pub(super) fn slot_of(key: &str) -> u16 {
    redis_keyslot(key.as_bytes())
}

/// Two connections to one Redis: one for commands, one for messages.
#[derive(Clone)]
pub(super) struct Client {
    commands: Connection,
    messages: Connection,
    tasks: Arc<Vec<AbortOnDropHandle<()>>>,
}

/// A reply to a command.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reply {
    /// No value.
    Nil,
    /// A number.
    Int(i64),
    /// Text or bytes.
    Bytes(Bytes),
    /// Several replies.
    List(Vec<Reply>),
}

/// What arrives without being asked for.
#[derive(Clone, Debug)]
pub(super) enum Push {
    /// A message on a channel.
    Message {
        /// The channel.
        channel: String,
        /// The text.
        body: Bytes,
    },
    /// Messages may have been missed: the connection is new, or the reader lagged.
    Missed,
}

/// A command failed, or its reply was lost or makes no sense. It may still have taken effect.
#[derive(Debug, thiserror::Error)]
#[error("redis: {words}")]
pub(super) struct ClientError {
    words: String,
    is_final: bool,
    is_misdirected: bool,
}

impl ClientError {
    /// Makes the error of a reply that makes no sense.
    pub(super) fn unexpected(reply: &Reply) -> Self {
        let mut words = format!("unexpected answer {reply:?}");
        words.truncate(words.floor_char_boundary(200));
        Self::new(words)
    }

    /// Makes the error of a server that can't be reached, in words.
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), is_final: false, is_misdirected: false }
    }

    /// Whether the key is of another type than the command is for.
    pub(super) fn is_wrong_type(&self) -> bool {
        self.words.contains("WRONGTYPE")
    }

    /// Whether the same would fail later, too: the address or the login is wrong.
    pub(super) fn is_final(&self) -> bool {
        self.is_final
    }

    /// Whether the server is part of a cluster and doesn't serve the slot now: the slots must be read again.
    pub(super) fn is_misdirected(&self) -> bool {
        self.is_misdirected
    }

    fn of(error: &Error) -> Self {
        let is_final = matches!(
            error.kind(),
            ErrorKind::Auth | ErrorKind::Config | ErrorKind::InvalidArgument | ErrorKind::Url
        );
        let is_misdirected = matches!(error.kind(), ErrorKind::Cluster);
        let words = format!("{:?}: {}", error.kind(), error.details());
        Self { words, is_final, is_misdirected }
    }
}

impl Client {
    /// Makes the queue in which what arrives unasked waits for its reader.
    pub(super) fn queue() -> (mpsc::Sender<Push>, mpsc::Receiver<Push>) {
        mpsc::channel(MESSAGES_MAX)
    }

    /// Connects, and reconnects from then on for as long as it takes.
    pub(super) async fn open(
        target: &Target,
        address: &Address,
        pushes: mpsc::Sender<Push>,
    ) -> Result<Self, ClientError> {
        let config = target.at(address);
        let commands = build(config.clone(), LIBRARY_EVENTS_MAX)?;
        let messages = build(config, LIBRARY_MESSAGES_MAX)?;
        let forward = tokio::spawn(forward_messages(messages.clone(), pushes.clone()));
        let report = tokio::spawn(report_reconnects(messages.clone(), pushes));
        let mut tasks = Vec::from([forward, report].map(AbortOnDropHandle::new));
        // Not `connect` and `wait_for_connect`, which never return if the connection is made between
        // the check and the wait.
        let connected = async { tokio::try_join!(commands.init(), messages.init()) };
        let failed = match tokio::time::timeout(CONNECT_TIMEOUT, connected).await {
            Ok(Ok((of_commands, of_messages))) => {
                for connection in [of_commands, of_messages] {
                    let connection = tokio::spawn(async move {
                        let _ = connection.await;
                    });
                    tasks.push(AbortOnDropHandle::new(connection));
                }
                None
            }
            Ok(Err(error)) => Some(ClientError::of(&error)),
            Err(_) => Some(ClientError::new("nobody answers there")),
        };
        let client = Self { commands, messages, tasks: Arc::new(tasks) };
        match failed {
            None => Ok(client),
            Some(error) => {
                // It may be tried again, with new connections.
                client.close().await;
                Err(error)
            }
        }
    }

    /// Runs a script.
    pub(super) async fn run(
        &self,
        script: &Script,
        keys: Vec<String>,
        args: Vec<Bytes>,
    ) -> Result<Reply, ClientError> {
        let values = |args: &[Bytes]| args.iter().cloned().map(Value::Bytes).collect::<Vec<_>>();
        let first: Result<Value, Error> =
            self.commands.evalsha(script.sha(), keys.clone(), values(&args)).await;
        let reply = match first {
            // A Redis that has restarted knows no script. Nothing has taken effect.
            Err(error) if error.details().starts_with("NOSCRIPT") => {
                self.commands.eval(script.text(), keys, values(&args)).await
            }
            reply => reply,
        };
        reply.map(Reply::from).map_err(|error| ClientError::of(&error))
    }

    /// Sends a command.
    pub(super) async fn call(
        &self,
        command: &'static str,
        args: Vec<Bytes>,
    ) -> Result<Reply, ClientError> {
        let command = CustomCommand::new_static(command, ClusterHash::FirstKey, false);
        let args: Vec<Value> = args.into_iter().map(Value::Bytes).collect();
        let reply: Result<Value, Error> = self.commands.custom(command, args).await;
        reply.map(Reply::from).map_err(|error| ClientError::of(&error))
    }

    /// Subscribes to channels.
    pub(super) async fn subscribe(&self, channels: Vec<String>) -> Result<(), ClientError> {
        self.messages.subscribe(channels).await.map_err(|error| ClientError::of(&error))
    }

    /// Unsubscribes from a channel.
    pub(super) async fn unsubscribe(&self, channel: String) -> Result<(), ClientError> {
        self.messages.unsubscribe(channel).await.map_err(|error| ClientError::of(&error))
    }

    /// Replaces connections that are up but silent. The library takes a connection for alive as long
    /// as something is written to it.
    pub(super) async fn reconnect(&self) {
        reconnect(&self.commands).await;
        self.reconnect_messages().await;
    }

    /// Replaces the connection for messages, if it is up.
    pub(super) async fn reconnect_messages(&self) {
        reconnect(&self.messages).await;
    }

    /// Closes the connections.
    pub(super) async fn close(&self) {
        let quit = async { tokio::join!(self.commands.quit(), self.messages.quit()) };
        // One that isn't connected may never be told.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, quit).await;
        for task in self.tasks.iter() {
            task.abort();
        }
    }
}

impl std::fmt::Debug for Client {
    /// Leaves out the URL, which may contain a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        match value {
            Value::Null | Value::Queued => Self::Nil,
            Value::Integer(number) => Self::Int(number),
            Value::Boolean(truth) => Self::Int(i64::from(truth)),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            other => Self::Bytes(other.into_bytes().unwrap_or_default()),
        }
    }
}

fn build(config: Config, broadcast_max: usize) -> Result<Connection, ClientError> {
    let mut policy = ReconnectPolicy::new_exponential(0, 50, RECONNECT_MS_MAX, 2);
    policy.set_jitter(50);
    Builder::from_config(config)
        .set_policy(policy)
        .with_performance_config(|config| {
            config.default_command_timeout = COMMAND_TIMEOUT;
            config.broadcast_channel_capacity = broadcast_max;
        })
        .with_connection_config(|config| {
            // A command whose reply was lost may have taken effect: its sender decides what to do.
            config.max_command_attempts = 1;
            config.connection_timeout = Duration::from_secs(1);
            config.internal_command_timeout = Duration::from_secs(1);
            config.max_command_buffer_len = COMMANDS_MAX;
            config.unresponsive = UnresponsiveConfig {
                max_timeout: Some(UNRESPONSIVE),
                interval: Duration::from_millis(500),
            };
            config.tcp = TcpConfig { nodelay: Some(true), ..TcpConfig::default() };
        })
        .build()
        .map_err(|error| ClientError::of(&error))
}

async fn reconnect(connection: &Connection) {
    if connection.is_connected() {
        let _ = tokio::time::timeout(UNRESPONSIVE, connection.force_reconnection()).await;
    }
}

/// Forwards messages in their order.
async fn forward_messages(connection: Connection, pushes: mpsc::Sender<Push>) {
    let mut messages = connection.message_rx();
    loop {
        let push = match messages.recv().await {
            Ok(message) => Push::Message {
                channel: message.channel.to_string(),
                body: message.value.into_bytes().unwrap_or_default(),
            },
            Err(broadcast::error::RecvError::Lagged(_)) => Push::Missed,
            Err(broadcast::error::RecvError::Closed) => return,
        };
        if pushes.send(push).await.is_err() {
            return;
        }
    }
}

/// Reports each new connection, which has no subscriptions yet.
async fn report_reconnects(connection: Connection, pushes: mpsc::Sender<Push>) {
    let mut connections = connection.reconnect_rx();
    loop {
        match connections.recv().await {
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {
                if pushes.send(Push::Missed).await.is_err() {
                    return;
                }
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}
