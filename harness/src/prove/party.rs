//! Rooms with members at every node, and what all of them do together.

use std::time::Duration;

use contracts::Role;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Member, Order, Outcome, Person, Site};
use crate::dice::Dice;
use crate::{Api, DEADLINE, Error, Place, Recorder, Result, SessionLog};

/// The wait before a node is asked again.
const RETRY: Duration = Duration::from_millis(20);

/// Members in rooms, and the history that they record.
#[derive(Debug)]
pub struct Crowd {
    /// The members of all rooms.
    pub members: Vec<Member>,
    /// The recorder of the history.
    pub recorder: Recorder,
    rooms: Vec<Watched>,
}

/// The size of a crowd.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// The number of rooms.
    pub rooms: usize,
    /// The commanders in each room, spread over the nodes.
    pub commanders: usize,
    /// The viewers in each room, spread over the nodes.
    pub viewers: usize,
}

/// A room whose state is read over HTTP.
#[derive(Debug)]
struct Watched {
    room_id: String,
    /// The host's token.
    token: String,
    /// The API as the host, for each node.
    nodes: Vec<Api>,
    logs: Vec<SessionLog>,
}

impl Crowd {
    /// Creates rooms at the first node, chooses the sample clip, and waits until all members have joined.
    pub async fn gather(site: &Site, size: Size, dice: &mut Dice) -> Result<Self> {
        let mut crowd = Self { members: Vec::new(), recorder: Recorder::new(), rooms: Vec::new() };
        for _ in 0..size.rooms {
            crowd.add_room(site, size, dice).await?;
        }
        for member in &crowd.members {
            member.wait_for("all members to join", |progress| progress.node.is_some()).await?;
        }
        Ok(crowd)
    }

    async fn add_room(&mut self, site: &Site, size: Size, dice: &mut Dice) -> Result<()> {
        let [first, ..] = site.nodes.as_slice() else { return Err(Error::new("no node")) };
        let token = first.api().guest("Host").await?.access_token;
        let host = at_each(site, &token);
        let room_id = host[0].create_room("Prove").await?.room_id;
        let mut socket = host[0].enter(&room_id).await?;
        let link = format!("{}sample/clip.m3u8", first.page());
        socket.ack("set_media", json!({ "link": link })).await?;
        let logs = (0..host.len()).map(|node| {
            let reader = format!("reader at {node}");
            SessionLog::new(&self.recorder, &room_id, &reader, &reader)
        });
        let (logs, nodes) = (logs.collect(), host.clone());
        self.rooms.push(Watched { room_id: room_id.clone(), token, nodes, logs });
        for number in 0..size.commanders + size.viewers {
            let commands = number < size.commanders;
            let nodes =
                if number == 0 { host.clone() } else { as_guest_everywhere(site, "Guest").await? };
            let participant_id = nodes[0].join(&room_id).await?.participant_id;
            if commands && number > 0 {
                host[0].give_role(&room_id, &participant_id, Role::CoHost).await?;
            }
            let session = format!("{room_id} {number}");
            let log = SessionLog::new(&self.recorder, &room_id, &participant_id, &session);
            let room_id = room_id.clone();
            let node = number % nodes.len();
            let dice = dice.split();
            self.members.push(Member::start(Person { nodes, node, room_id, commands, log, dice }));
        }
        socket.close().await
    }

    /// Adds a viewer to each room at this node, without recording it. Dropping the viewers ends their
    /// connections.
    pub async fn add_viewers(
        &self,
        site: &Site,
        node: usize,
        dice: &mut Dice,
    ) -> Result<Vec<Member>> {
        let mut viewers = Vec::new();
        for room in &self.rooms {
            let nodes = as_guest_everywhere(site, "Passing").await?;
            let log = SessionLog::new(&Recorder::new(), &room.room_id, "passing", "passing");
            let (room_id, dice) = (room.room_id.clone(), dice.split());
            let person = Person { nodes, node, room_id, commands: false, log, dice };
            viewers.push(Member::start(person));
        }
        for viewer in &viewers {
            viewer.wait_for("a viewer to join", |progress| progress.node == Some(node)).await?;
        }
        Ok(viewers)
    }

    /// The id of each room, with the token of its host.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rooms.iter().map(|room| (room.room_id.as_str(), room.token.as_str()))
    }

    /// Gives an order to all members.
    pub fn order(&self, order: Order) {
        self.members.iter().for_each(|member| member.order(order));
    }

    /// Waits until every commander has one more command acknowledged; returns how long each waited.
    pub async fn wait_served(&self) -> Result<Vec<Duration>> {
        let before: Vec<u64> = self.members.iter().map(|member| member.progress().acks).collect();
        let waiting = self.members.iter().zip(before).filter(|(member, _)| member.commands);
        let each = waiting.map(async |(member, before)| {
            member.wait_for("a command to be acknowledged", |progress| progress.acks > before).await
        });
        futures_util::future::join_all(each).await.into_iter().collect()
    }

    /// Waits until no command is in progress, all nodes agree on the newest state of each room, and
    /// every member is connected and has received that state.
    pub async fn settle(&mut self) -> Result<()> {
        self.settle_without(None).await
    }

    /// Does the same while a node is down.
    pub async fn settle_without(&mut self, down: Option<usize>) -> Result<()> {
        self.order(Order::Listen);
        for member in &self.members {
            let is_idle = |progress: &super::Progress| !progress.busy && progress.node.is_some();
            member.wait_for("a member to be idle", is_idle).await?;
        }
        for room in &mut self.rooms {
            let newest = room.read(down).await?;
            for member in self.members.iter().filter(|member| member.room_id == room.room_id) {
                let awaited = format!("{newest} to arrive");
                member.wait_for(&awaited, |progress| progress.seen >= Some(newest)).await?;
            }
        }
        Ok(())
    }

    /// Lets every commander repeat its last commands under the same ids.
    pub async fn repeat(&mut self) -> Result<()> {
        self.order(Order::Repeat);
        for member in self.members.iter().filter(|member| member.commands) {
            member.wait_for("commands to be repeated", |progress| progress.repeated).await?;
        }
        self.settle().await
    }

    /// Waits until everything has settled, repeats the last commands, lets all members leave, and adds
    /// the verdict on the history of these rounds to the outcome.
    pub async fn finish(mut self, mut outcome: Outcome, rounds: u64) -> Result<Outcome> {
        self.settle().await?;
        self.repeat().await?;
        for member in self.members {
            member.leave().await?;
        }
        outcome.judge(&self.recorder.history(), rounds);
        Ok(outcome)
    }
}

impl Watched {
    /// Reads the state at each node until all agree.
    async fn read(&mut self, down: Option<usize>) -> Result<Place> {
        let began = Instant::now();
        loop {
            let read = self.read_once(down).await;
            match read.as_deref() {
                Ok([first, rest @ ..]) if rest.iter().all(|place| place == first) => {
                    return Ok(*first);
                }
                _ if began.elapsed() > DEADLINE => {
                    return Err(Error::new(format!("the nodes don't agree: {read:?}")));
                }
                // On a busy machine a node may be behind, which its state shows.
                _ => sleep(RETRY).await,
            }
        }
    }

    async fn read_once(&mut self, down: Option<usize>) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        for (node, (api, log)) in self.nodes.iter().zip(&mut self.logs).enumerate() {
            if down != Some(node) {
                let state = api.state(&self.room_id).await?;
                places.push(Place { epoch: state.epoch, version: state.version });
                log.read(&state);
            }
        }
        Ok(places)
    }
}

/// The API of every node as a new guest.
async fn as_guest_everywhere(site: &Site, name: &str) -> Result<Vec<Api>> {
    let [first, ..] = site.nodes.as_slice() else { return Err(Error::new("no node")) };
    Ok(at_each(site, &first.api().guest(name).await?.access_token))
}

/// The API of every node with this token.
fn at_each(site: &Site, token: &str) -> Vec<Api> {
    site.nodes.iter().map(|node| node.api().with_token(token)).collect()
}
