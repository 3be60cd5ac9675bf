//! The only file that knows the Redis client, and its settings, whose defaults are not ours: they
//! repeat commands whose reply was lost, and wait for ever.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fred::interfaces::{ClientLike, EventInterface, LuaInterface, PubsubInterface};
use fred::prelude::{Builder, Client, Error, ReconnectPolicy, TcpConfig, Value};
use fred::types::config::{Config, UnresponsiveConfig};
use fred::types::{ClusterHash, CustomCommand};
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;

use super::script::Script;

/// How long a command may take: less than what a caller waits, so that the answer says why.
const COMMAND_TIMEOUT: Duration = Duration::from_millis(450);
/// How long the first connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may owe an answer before it is given up.
const UNRESPONSIVE: Duration = Duration::from_secs(2);
/// How many commands wait for an answer; beyond, they fail at once.
const COMMANDS_MAX: usize = 10_000;
/// How many messages wait to be taken. Whoever lags asks for the state anew.
const MESSAGES_MAX: usize = 16_384;
/// How many of them the client itself keeps until they are passed on. It lays its buffers out in full.
const CLIENT_MESSAGES_MAX: usize = 2_048;
/// How many events of its own connection a client keeps.
const CLIENT_EVENTS_MAX: usize = 32;

/// Connections to one Redis or cluster: one for commands, one for messages.
#[derive(Clone)]
pub(super) struct Link {
    commands: Client,
    messages: Client,
    cluster: bool,
    tasks: Arc<Vec<JoinHandle<()>>>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reply {
    /// Nothing there.
    Nil,
    /// A number.
    Int(i64),
    /// Text or bytes.
    Bytes(Bytes),
    /// Several.
    List(Vec<Reply>),
}

/// What comes by itself.
#[derive(Clone, Debug)]
pub(super) enum Push {
    /// A message on a channel.
    Message {
        /// Which.
        channel: String,
        /// The text.
        body: Bytes,
    },
    /// Messages may have been missed: the connection is new, or the reader lagged.
    Missed,
}

/// No answer, or none that can be used. What was asked for may have been done.
#[derive(Debug, thiserror::Error)]
#[error("redis: {0}")]
pub(super) struct LinkError(String);

impl LinkError {
    /// An answer that makes no sense.
    pub(super) fn unexpected(reply: &Reply) -> Self {
        let mut words = format!("unexpected answer {reply:?}");
        words.truncate(words.floor_char_boundary(200));
        Self(words)
    }

    fn of(error: &Error) -> Self {
        Self(format!("{:?}: {}", error.kind(), error.details()))
    }
}

impl Link {
    /// Connects, and keeps connecting again for ever.
    pub(super) async fn open(url: &str) -> Result<(Self, mpsc::Receiver<Push>), LinkError> {
        let config = Config::from_url(url).map_err(|error| LinkError::of(&error))?;
        let cluster = config.server.is_clustered();
        let (commands, messages) =
            (build(config.clone(), CLIENT_EVENTS_MAX)?, build(config, CLIENT_MESSAGES_MAX)?);
        let (pushes, receiver) = mpsc::channel(MESSAGES_MAX);
        let forward = tokio::spawn(forward(messages.clone(), pushes.clone()));
        let renewed = tokio::spawn(renewed(messages.clone(), pushes));
        let mut tasks = vec![forward, renewed];
        // Not `connect` and `wait_for_connect`: that misses a connection made between its look and
        // its listening, and waits for ever.
        let connected = async { tokio::try_join!(commands.init(), messages.init()) };
        match tokio::time::timeout(CONNECT_TIMEOUT, connected).await {
            Ok(Ok((of_commands, of_messages))) => {
                for connection in [of_commands, of_messages] {
                    tasks.push(tokio::spawn(async move {
                        let _ = connection.await;
                    }));
                }
            }
            Ok(Err(error)) => return Err(LinkError::of(&error)),
            Err(_) => return Err(LinkError("nobody answers there".to_owned())),
        }
        let link = Self { commands, messages, cluster, tasks: Arc::new(tasks) };
        Ok((link, receiver))
    }

    /// Whether keys of different shards lie on different servers.
    pub(super) fn is_cluster(&self) -> bool {
        self.cluster
    }

    /// Runs a script. All keys lie in one slot.
    pub(super) async fn run(
        &self,
        script: &Script,
        keys: Vec<String>,
        args: Vec<Bytes>,
    ) -> Result<Reply, LinkError> {
        let values = |args: &[Bytes]| args.iter().cloned().map(Value::Bytes).collect::<Vec<_>>();
        let first: Result<Value, Error> =
            self.commands.evalsha(script.sha(), keys.clone(), values(&args)).await;
        let answer = match first {
            // A Redis that was started anew knows no script. Nothing was done.
            Err(error) if error.details().starts_with("NOSCRIPT") => {
                self.commands.eval(script.text(), keys, values(&args)).await
            }
            answer => answer,
        };
        answer.map(Reply::from).map_err(|error| LinkError::of(&error))
    }

    /// Sends a single command whose first argument is its key.
    pub(super) async fn call(
        &self,
        command: &'static str,
        args: Vec<Bytes>,
    ) -> Result<Reply, LinkError> {
        let command = CustomCommand::new_static(command, ClusterHash::FirstKey, false);
        let args: Vec<Value> = args.into_iter().map(Value::Bytes).collect();
        let answer: Result<Value, Error> = self.commands.custom(command, args).await;
        answer.map(Reply::from).map_err(|error| LinkError::of(&error))
    }

    /// Listens to a channel.
    pub(super) async fn subscribe(&self, channels: Vec<String>) -> Result<(), LinkError> {
        self.messages.subscribe(channels).await.map_err(|error| LinkError::of(&error))
    }

    /// Listens to a channel no more.
    pub(super) async fn unsubscribe(&self, channel: String) -> Result<(), LinkError> {
        self.messages.unsubscribe(channel).await.map_err(|error| LinkError::of(&error))
    }

    /// Connects anew where a connection is there and nothing comes. The client itself takes a
    /// connection for alive for as long as something is written to it.
    pub(super) async fn renew(&self) {
        renew(&self.commands).await;
        self.renew_messages().await;
    }

    /// As `renew`, for the connection of messages alone.
    pub(super) async fn renew_messages(&self) {
        renew(&self.messages).await;
    }

    /// Ends the connections.
    pub(super) async fn close(&self) {
        let _ = self.commands.quit().await;
        let _ = self.messages.quit().await;
        for task in self.tasks.iter() {
            task.abort();
        }
    }
}

impl std::fmt::Debug for Link {
    /// Leaves out the URL, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
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

fn build(config: Config, broadcast_max: usize) -> Result<Client, LinkError> {
    let mut policy = ReconnectPolicy::new_exponential(0, 50, 500, 2);
    policy.set_jitter(50);
    Builder::from_config(config)
        .set_policy(policy)
        .with_performance_config(|config| {
            config.default_command_timeout = COMMAND_TIMEOUT;
            config.broadcast_channel_capacity = broadcast_max;
        })
        .with_connection_config(|config| {
            // A command whose reply was lost may have been done: its sender decides what to do.
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
        .map_err(|error| LinkError::of(&error))
}

async fn renew(client: &Client) {
    if client.is_connected() {
        let _ = tokio::time::timeout(UNRESPONSIVE, client.force_reconnection()).await;
    }
}

/// Passes messages on, in their order.
async fn forward(client: Client, pushes: mpsc::Sender<Push>) {
    let mut messages = client.message_rx();
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

/// Tells of each new connection, which listens to nothing yet.
async fn renewed(client: Client, pushes: mpsc::Sender<Push>) {
    let mut connections = client.reconnect_rx();
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
