//! A member that stays in a room whatever happens to the servers: it reconnects to any node that
//! responds, and repeats a command until it knows the outcome.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use contracts::Resume;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::dice::Dice;
use crate::{Api, DEADLINE, Error, Place, Result, SessionLog, WsClient};

/// How long a server may take to respond before another is tried.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the remaining frames of a lost connection are read.
const REMAINDER: Duration = Duration::from_millis(500);
/// The pause between two commands, in milliseconds: a minimum and a random addition.
const PACE_MS: (u64, u64) = (8, 12);
/// The pause before a retry, in milliseconds: a minimum and a random addition.
const RETRY_MS: (u64, u64) = (20, 40);
/// How long an idle member listens before it looks for orders.
const LISTEN: Duration = Duration::from_millis(20);
/// The most commands that a member remembers for repeating.
const REPEATED_MAX: usize = 16;
/// The upper limit of positions sought, in milliseconds; the sample clip is longer.
const POSITIONS: u64 = 9_000;

/// An order to members.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// Send one command after the other, if it is a commander.
    Command,
    /// Finish the command in progress, and then only listen.
    Listen,
    /// Repeat the last commands under the same ids.
    Repeat,
    /// Leave the room for good.
    Leave,
}

/// The progress of a member.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The number of acknowledged commands.
    pub acks: u64,
    /// Whether a command is in progress.
    pub busy: bool,
    /// Whether the order `Repeat` has been carried out.
    pub repeated: bool,
    /// Its id in the room.
    pub participant_id: String,
    /// The furthest place that it has received.
    pub seen: Option<Place>,
    /// How often it has connected to a node.
    pub welcomes: u64,
    /// How often it has resumed its session.
    pub resumed: u64,
    /// The node that it is connected to, if any.
    pub node: Option<usize>,
    /// The number of rejected commands by error code.
    pub rejected: BTreeMap<String, u64>,
    /// The `reachable` of each `authority_changed`.
    pub reachable: Vec<bool>,
    /// The `after_ms` of each `closing`.
    pub back_off_ms: Vec<u64>,
    /// The error that last ended a connection or prevented one.
    pub trouble: String,
}

/// What a member needs to start.
#[derive(Debug)]
pub struct Person {
    /// The API of each node, with one token.
    pub nodes: Vec<Api>,
    /// The node to try first.
    pub node: usize,
    /// The room.
    pub room_id: String,
    /// Whether it commands playback.
    pub commands: bool,
    /// The log that it records to.
    pub log: SessionLog,
    /// The random numbers that it uses.
    pub dice: Dice,
}

/// A running member; dropping it ends its connection.
#[derive(Debug)]
pub struct Member {
    /// The room.
    pub room_id: String,
    /// Whether it commands playback.
    pub commands: bool,
    orders: watch::Sender<Order>,
    progress: watch::Receiver<Progress>,
    task: JoinHandle<()>,
}

#[derive(Clone, Debug)]
struct Command {
    id: String,
    type_: &'static str,
    data: Value,
}

struct Life {
    nodes: Vec<Api>,
    node: usize,
    room_id: String,
    commands: bool,
    dice: Dice,
    orders: watch::Receiver<Order>,
    progress: watch::Sender<Progress>,
    /// The log, while there is no connection that holds it.
    log: Option<SessionLog>,
    socket: Option<WsClient>,
    session_id: Option<String>,
    back_off: Duration,
    command: Option<Command>,
    count: u64,
    /// The last acknowledged commands, with their places.
    done: VecDeque<(Command, Option<Place>)>,
    /// The places of this participant's last playback commits. A command that changed nothing has no
    /// commit, and repeating it may give another answer.
    own: VecDeque<Option<Place>>,
    repeating: bool,
    to_repeat: VecDeque<Command>,
}

impl Member {
    /// Joins the room and listens.
    pub fn start(person: Person) -> Self {
        let Person { nodes, node, room_id, commands, log, dice } = person;
        let (orders, ordered) = watch::channel(Order::Listen);
        let (reports, progress) = watch::channel(Progress::default());
        let life = Life {
            nodes,
            node,
            room_id: room_id.clone(),
            commands,
            dice,
            orders: ordered,
            progress: reports,
            log: Some(log),
            socket: None,
            session_id: None,
            back_off: Duration::ZERO,
            command: None,
            count: 0,
            done: VecDeque::new(),
            own: VecDeque::new(),
            repeating: false,
            to_repeat: VecDeque::new(),
        };
        let task = tokio::spawn(life.live());
        Self { room_id, commands, orders, progress, task }
    }

    /// Gives it an order.
    pub fn order(&self, order: Order) {
        self.orders.send_replace(order);
    }

    /// Its current progress.
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// Waits until its progress satisfies `wanted`; returns how long that took.
    pub async fn wait_for(
        &self,
        awaited: &str,
        wanted: impl Fn(&Progress) -> bool,
    ) -> Result<Duration> {
        let began = Instant::now();
        let mut progress = self.progress.clone();
        let came = timeout(DEADLINE, progress.wait_for(|progress| wanted(progress))).await;
        if matches!(came, Ok(Ok(_))) {
            return Ok(began.elapsed());
        }
        let progress = self.progress();
        Err(Error::new(format!("waited {DEADLINE:?} for {awaited}; {progress:?}")))
    }

    /// Lets it leave and waits for that.
    pub async fn leave(mut self) -> Result<Progress> {
        self.order(Order::Leave);
        let gone = timeout(DEADLINE, &mut self.task).await;
        let gone = gone.map_err(|_| Error::new("a member didn't leave"))?;
        gone.map_err(Error::doing("run a member"))?;
        Ok(self.progress())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Life {
    async fn live(mut self) {
        loop {
            let order = *self.orders.borrow_and_update();
            if order == Order::Leave {
                return;
            }
            let Some(mut socket) = self.socket.take() else {
                if let Err(error) = self.enter().await {
                    self.report(|progress| progress.trouble = error.to_string());
                    self.node = (self.node + 1) % self.nodes.len();
                    self.rest(RETRY_MS).await;
                }
                continue;
            };
            let stepped = self.step(&mut socket, order).await;
            if stepped.is_err() {
                // What the server sent before the connection broke counts too.
                let _ = timeout(REMAINDER, socket.closed()).await;
            }
            self.read_unread(&mut socket);
            match stepped {
                Ok(()) => self.socket = Some(socket),
                Err(error) => {
                    self.log = socket.take_log();
                    self.report(|progress| {
                        progress.node = None;
                        progress.trouble = error.to_string();
                    });
                    self.node = (self.node + 1) % self.nodes.len();
                    sleep(std::mem::take(&mut self.back_off)).await;
                }
            }
        }
    }

    /// Joins the room at the next node and connects.
    async fn enter(&mut self) -> Result<()> {
        let late = |_| Error::new("the node doesn't respond");
        let api = &self.nodes[self.node];
        let socket = timeout(PATIENCE, api.connect(&self.room_id)).await.map_err(late)??;
        let Some(log) = self.log.take() else { return Err(Error::new("the log is gone")) };
        let mut socket = socket.recorded(log);
        let seen = self.progress.borrow().seen.unwrap_or(Place { epoch: 0, version: 0 });
        let resume = self.session_id.clone().map(|session_id| Resume {
            session_id,
            epoch: seen.epoch,
            version: seen.version,
        });
        let welcome = timeout(PATIENCE, socket.welcome(&[], resume)).await.map_err(late);
        let welcome = match welcome.flatten() {
            Ok(welcome) => welcome,
            Err(error) => {
                self.log = socket.take_log();
                return Err(error);
            }
        };
        let text = |name: &str| welcome["data"][name].as_str().map(str::to_owned);
        self.session_id = text("session_id");
        let participant_id = text("participant_id").unwrap_or_default();
        let resumed = welcome["data"]["resumed"] == true;
        let node = self.node;
        self.note_place(&welcome);
        self.report(|progress| {
            progress.welcomes += 1;
            progress.resumed += u64::from(resumed);
            progress.node = Some(node);
            progress.participant_id = participant_id;
        });
        self.socket = Some(socket);
        Ok(())
    }

    /// Carries out the order for a moment: sends a command, or listens.
    async fn step(&mut self, socket: &mut WsClient, order: Order) -> Result<()> {
        if self.command.is_none() && self.commands {
            match order {
                Order::Command => self.command = Some(self.next_command()),
                Order::Repeat => self.command = self.next_repeat(),
                Order::Listen | Order::Leave => {}
            }
        }
        if order != Order::Repeat && std::mem::take(&mut self.repeating) {
            self.report(|progress| progress.repeated = false);
        }
        let Some(command) = self.command.clone() else { return socket.read_for(LISTEN).await };
        self.report(|progress| progress.busy = true);
        let sent = socket.command_with_id(&command.id, command.type_, command.data);
        let answer = timeout(PATIENCE, sent).await.map_err(|_| Error::new("no answer"))??;
        self.read_answer(&answer);
        let pause = if self.command.is_some() { RETRY_MS } else { PACE_MS };
        socket.read_for(self.between(pause)).await
    }

    fn next_command(&mut self) -> Command {
        self.count += 1;
        let id = format!("c{}", self.count);
        let (type_, data) = match self.dice.below(8) {
            0 => ("play", json!({})),
            1 => ("pause", json!({})),
            2 => ("set_rate", json!({ "rate": 0.5 + self.dice.below(6) as f64 / 4.0 })),
            _ => ("seek", json!({ "position_ms": self.dice.below(POSITIONS) })),
        };
        Command { id, type_, data }
    }

    /// The next command to repeat; an order repeats what was acknowledged before it.
    fn next_repeat(&mut self) -> Option<Command> {
        if !std::mem::replace(&mut self.repeating, true) {
            let done = std::mem::take(&mut self.done);
            let committed = done.into_iter().filter(|(_, place)| self.own.contains(place));
            self.to_repeat = committed.map(|(command, _)| command).collect();
        }
        let next = self.to_repeat.pop_front();
        if next.is_none() {
            self.report(|progress| progress.repeated = true);
        }
        next
    }

    /// Evaluates the frames that no answer was expected from.
    fn read_unread(&mut self, socket: &mut WsClient) {
        for frame in socket.take_unread() {
            match frame["type"].as_str() {
                Some("ack" | "reject") => self.read_answer(&frame),
                Some("authority_changed") => {
                    let reachable = frame["data"]["reachable"] == true;
                    self.report(|progress| progress.reachable.push(reachable));
                }
                Some("closing") => {
                    let after_ms = frame["data"]["after_ms"].as_u64().unwrap_or_default();
                    self.back_off = Duration::from_millis(after_ms);
                    self.report(|progress| progress.back_off_ms.push(after_ms));
                }
                _ => self.note_place(&frame),
            }
        }
    }

    /// Evaluates the answer to the command in progress.
    fn read_answer(&mut self, answer: &Value) {
        let Some(command) = self.command.take_if(|command| answer["id"] == command.id.as_str())
        else {
            return;
        };
        if answer["type"] == "ack" {
            let place = Place::of(answer);
            // If two answers name the same place, the second command changed nothing.
            let is_new = self.done.back().is_none_or(|(_, last)| *last != place);
            if is_new && answer["data"]["duplicate"] == false {
                push(&mut self.done, (command, place));
            }
            self.report(|progress| (progress.acks, progress.busy) = (progress.acks + 1, false));
            return;
        }
        let code = answer["error"]["code"].as_str().unwrap_or_default().to_owned();
        self.report(|progress| *progress.rejected.entry(code).or_default() += 1);
        if answer["error"]["outcome"] == "unknown" {
            self.command = Some(command);
        } else {
            self.report(|progress| progress.busy = false);
        }
    }

    /// Notes the place of a frame.
    fn note_place(&mut self, frame: &Value) {
        let Some(place) = Place::of(frame) else { return };
        let is_own = frame["data"]["by"] == self.progress.borrow().participant_id.as_str();
        if is_own && frame["type"] == "playback_changed" {
            push(&mut self.own, Some(place));
        }
        self.report(|progress| progress.seen = progress.seen.max(Some(place)));
    }

    async fn rest(&mut self, range: (u64, u64)) {
        sleep(self.between(range)).await;
    }

    fn between(&mut self, (least, more): (u64, u64)) -> Duration {
        Duration::from_millis(least + self.dice.below(more))
    }

    fn report(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(change);
    }
}

fn push<T>(list: &mut VecDeque<T>, item: T) {
    list.push_back(item);
    if list.len() > REPEATED_MAX {
        list.pop_front();
    }
}
