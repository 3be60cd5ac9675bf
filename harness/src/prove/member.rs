//! One participant who stays, whatever happens to servers: comes back, to whichever node answers,
//! and repeats a command until it knows what became of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use contracts::Resume;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::dice::Dice;
use crate::{Api, DEADLINE, Error, Place, Result, SessionLog, WsClient};

/// How long a server may take to answer before another is tried.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long it may take to read what a lost connection still holds.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// From one command to the next, at least and so much more, in milliseconds.
const PACE_MS: (u64, u64) = (8, 12);
/// Before trying again, at least and so much more, in milliseconds.
const AGAIN_MS: (u64, u64) = (20, 40);
/// How long somebody with nothing to do listens before looking for orders.
const LISTEN: Duration = Duration::from_millis(20);
/// How many of its commands a member can repeat.
const REPEATED_MAX: usize = 16;
/// Positions asked for lie below this; the sample clip is longer.
const POSITIONS: u64 = 9_000;

/// What members are to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// Commands, one after the other, if it is a commander.
    Command,
    /// Whatever is under way to its end, and then nothing.
    Listen,
    /// The last commands once more, under their ids.
    Repeat,
    /// Away.
    Go,
}

/// How a member fares.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Commands acknowledged.
    pub acks: u64,
    /// Whether a command is under way.
    pub busy: bool,
    /// Whether the order `Repeat` is carried out.
    pub repeated: bool,
    /// Who it is in the room.
    pub participant_id: String,
    /// The furthest place in the room's order that was shown.
    pub seen: Option<Place>,
    /// How often it came to a node.
    pub welcomes: u64,
    /// How often it went on with its session.
    pub resumed: u64,
    /// The node that it is connected to.
    pub node: Option<usize>,
    /// Refused commands by code.
    pub refused: BTreeMap<String, u64>,
    /// Each `authority_changed`.
    pub reachable: Vec<bool>,
    /// The `after_ms` of each `closing`.
    pub told_to_wait_ms: Vec<u64>,
    /// Why it last lost a connection or wasn't let in.
    pub trouble: String,
}

/// Somebody to be.
#[derive(Debug)]
pub struct Person {
    /// The API of each node, with one token.
    pub nodes: Vec<Api>,
    /// Which of them is tried first.
    pub node: usize,
    /// Where.
    pub room_id: String,
    /// Whether it commands playback.
    pub commands: bool,
    /// What it writes down.
    pub log: SessionLog,
    /// What it chooses by.
    pub dice: Dice,
}

/// A member at work; dropping it ends its connection.
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
struct Asked {
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
    /// Here while there is no connection.
    log: Option<SessionLog>,
    socket: Option<WsClient>,
    session_id: Option<String>,
    wait: Duration,
    asked: Option<Asked>,
    count: u64,
    /// Acknowledged commands with their places, newest last …
    done: VecDeque<(Asked, Option<Place>)>,
    /// … and the places of this participant's playback commits: what was already so has none, and a
    /// repetition of it may be answered otherwise.
    own: VecDeque<Option<Place>>,
    repeating: bool,
    to_repeat: VecDeque<Asked>,
}

impl Member {
    /// Comes to the room and listens.
    pub fn start(person: Person) -> Self {
        let Person { nodes, node, room_id, commands, log, dice } = person;
        let (orders, ordered) = watch::channel(Order::Listen);
        let (told, progress) = watch::channel(Progress::default());
        let life = Life {
            nodes,
            node,
            room_id: room_id.clone(),
            commands,
            dice,
            orders: ordered,
            progress: told,
            log: Some(log),
            socket: None,
            session_id: None,
            wait: Duration::ZERO,
            asked: None,
            count: 0,
            done: VecDeque::new(),
            own: VecDeque::new(),
            repeating: false,
            to_repeat: VecDeque::new(),
        };
        let task = tokio::spawn(life.live());
        Self { room_id, commands, orders, progress, task }
    }

    /// Tells it what to do from now on.
    pub fn order(&self, order: Order) {
        self.orders.send_replace(order);
    }

    /// How it fares now.
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// Waits until `wanted` is so; how long that took.
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

    /// Sends it away and waits until it is gone.
    pub async fn go(mut self) -> Result<Progress> {
        self.order(Order::Go);
        let gone = timeout(DEADLINE, &mut self.task).await;
        let gone = gone.map_err(|_| Error::new("a member didn't go"))?;
        gone.map_err(Error::doing("be a member"))?;
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
            if order == Order::Go {
                return;
            }
            let Some(mut socket) = self.socket.take() else {
                if let Err(error) = self.come().await {
                    self.tell(|progress| progress.trouble = error.to_string());
                    self.node = (self.node + 1) % self.nodes.len();
                    self.rest(AGAIN_MS).await;
                }
                continue;
            };
            let stepped = self.step(&mut socket, order).await;
            if stepped.is_err() {
                // What had left the server was said as well.
                let _ = timeout(LAST_WORDS, socket.closed()).await;
            }
            self.take_note(&mut socket);
            match stepped {
                Ok(()) => self.socket = Some(socket),
                Err(error) => {
                    self.log = socket.take_log();
                    self.tell(|progress| {
                        progress.node = None;
                        progress.trouble = error.to_string();
                    });
                    self.node = (self.node + 1) % self.nodes.len();
                    sleep(std::mem::take(&mut self.wait)).await;
                }
            }
        }
    }

    async fn come(&mut self) -> Result<()> {
        let late = |_| Error::new("the node doesn't answer");
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
        self.see(&welcome);
        self.tell(|progress| {
            progress.welcomes += 1;
            progress.resumed += u64::from(resumed);
            progress.node = Some(node);
            progress.participant_id = participant_id;
        });
        self.socket = Some(socket);
        Ok(())
    }

    async fn step(&mut self, socket: &mut WsClient, order: Order) -> Result<()> {
        if self.asked.is_none() && self.commands {
            match order {
                Order::Command => self.asked = Some(self.next_command()),
                Order::Repeat => self.asked = self.next_repeat(),
                Order::Listen | Order::Go => {}
            }
        }
        if order != Order::Repeat && std::mem::take(&mut self.repeating) {
            self.tell(|progress| progress.repeated = false);
        }
        let Some(asked) = self.asked.clone() else { return socket.read_for(LISTEN).await };
        self.tell(|progress| progress.busy = true);
        let sent = socket.command_with_id(&asked.id, asked.type_, asked.data);
        let answer = timeout(PATIENCE, sent).await.map_err(|_| Error::new("no answer"))??;
        self.hear(&answer);
        let pause = if self.asked.is_some() { AGAIN_MS } else { PACE_MS };
        socket.read_for(self.between(pause)).await
    }

    fn next_command(&mut self) -> Asked {
        self.count += 1;
        let id = format!("c{}", self.count);
        let (type_, data) = match self.dice.below(8) {
            0 => ("play", json!({})),
            1 => ("pause", json!({})),
            2 => ("set_rate", json!({ "rate": 0.5 + self.dice.below(6) as f64 / 4.0 })),
            _ => ("seek", json!({ "position_ms": self.dice.below(POSITIONS) })),
        };
        Asked { id, type_, data }
    }

    /// The next that is to be repeated; each order repeats what was done before it.
    fn next_repeat(&mut self) -> Option<Asked> {
        if !std::mem::replace(&mut self.repeating, true) {
            let done = std::mem::take(&mut self.done);
            let committed = done.into_iter().filter(|(_, place)| self.own.contains(place));
            self.to_repeat = committed.map(|(asked, _)| asked).collect();
        }
        let next = self.to_repeat.pop_front();
        if next.is_none() {
            self.tell(|progress| progress.repeated = true);
        }
        next
    }

    /// Takes note of everything that came and nobody waited for.
    fn take_note(&mut self, socket: &mut WsClient) {
        for frame in socket.take_unread() {
            match frame["type"].as_str() {
                Some("ack" | "reject") => self.hear(&frame),
                Some("authority_changed") => {
                    let reachable = frame["data"]["reachable"] == true;
                    self.tell(|progress| progress.reachable.push(reachable));
                }
                Some("closing") => {
                    let after_ms = frame["data"]["after_ms"].as_u64().unwrap_or_default();
                    self.wait = Duration::from_millis(after_ms);
                    self.tell(|progress| progress.told_to_wait_ms.push(after_ms));
                }
                _ => self.see(&frame),
            }
        }
    }

    /// The answer to what was asked.
    fn hear(&mut self, answer: &Value) {
        let Some(asked) = self.asked.take_if(|asked| answer["id"] == asked.id.as_str()) else {
            return;
        };
        if answer["type"] == "ack" {
            let place = place_of(answer);
            // A second answer of one place tells that nothing had to change.
            let is_new = self.done.back().is_none_or(|(_, last)| *last != place);
            if is_new && answer["data"]["duplicate"] == false {
                push(&mut self.done, (asked, place));
            }
            self.tell(|progress| (progress.acks, progress.busy) = (progress.acks + 1, false));
            return;
        }
        let code = answer["error"]["code"].as_str().unwrap_or_default().to_owned();
        self.tell(|progress| *progress.refused.entry(code).or_default() += 1);
        if answer["error"]["outcome"] == "unknown" {
            self.asked = Some(asked);
        } else {
            self.tell(|progress| progress.busy = false);
        }
    }

    fn see(&mut self, frame: &Value) {
        let Some(place) = place_of(frame) else { return };
        let is_own = frame["data"]["by"] == self.progress.borrow().participant_id.as_str();
        if is_own && frame["type"] == "playback_changed" {
            push(&mut self.own, Some(place));
        }
        self.tell(|progress| progress.seen = progress.seen.max(Some(place)));
    }

    async fn rest(&mut self, range: (u64, u64)) {
        sleep(self.between(range)).await;
    }

    fn between(&mut self, (least, more): (u64, u64)) -> Duration {
        Duration::from_millis(least + self.dice.below(more))
    }

    fn tell(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(change);
    }
}

fn place_of(frame: &Value) -> Option<Place> {
    let (epoch, version) = (frame["epoch"].as_u64()?, frame["version"].as_u64()?);
    Some(Place { epoch, version })
}

fn push<T>(list: &mut VecDeque<T>, item: T) {
    list.push_back(item);
    if list.len() > REPEATED_MAX {
        list.pop_front();
    }
}
