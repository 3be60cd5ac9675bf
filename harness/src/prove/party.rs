//! A room with people at every node, and what is asked of all of them.

use std::time::Duration;

use contracts::Role;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Member, Order, Outcome, Person, Site};
use crate::dice::Dice;
use crate::{Api, DEADLINE, Error, Place, Recorder, Result, SessionLog};

/// Before a node is asked again.
const AGAIN: Duration = Duration::from_millis(20);

/// People in rooms, and what they write down.
#[derive(Debug)]
pub struct Crowd {
    /// Everybody.
    pub members: Vec<Member>,
    /// What they write down.
    pub recorder: Recorder,
    rooms: Vec<Watched>,
}

/// How many of what.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Rooms.
    pub rooms: usize,
    /// Who command in each, spread over the nodes.
    pub commanders: usize,
    /// Who only watch in each, spread over the nodes.
    pub viewers: usize,
}

/// A room as it is read over HTTP.
#[derive(Debug)]
struct Watched {
    room_id: String,
    /// The host's.
    token: String,
    /// The host's, one per node.
    nodes: Vec<Api>,
    logs: Vec<SessionLog>,
}

impl Crowd {
    /// Makes rooms at the first node, chooses the sample, and lets everybody come.
    pub async fn gather(site: &Site, size: Size, dice: &mut Dice) -> Result<Self> {
        let mut crowd = Self { members: Vec::new(), recorder: Recorder::new(), rooms: Vec::new() };
        for _ in 0..size.rooms {
            crowd.add_room(site, size, dice).await?;
        }
        for member in &crowd.members {
            member.wait_for("everybody to be there", |progress| progress.node.is_some()).await?;
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
            let nodes = if number == 0 { host.clone() } else { everywhere(site, "Guest").await? };
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

    /// One more viewer in each room, at this node, in nobody's history; dropping them ends their
    /// connections.
    pub async fn add_viewers(
        &self,
        site: &Site,
        node: usize,
        dice: &mut Dice,
    ) -> Result<Vec<Member>> {
        let mut viewers = Vec::new();
        for room in &self.rooms {
            let nodes = everywhere(site, "Passing").await?;
            let log = SessionLog::new(&Recorder::new(), &room.room_id, "passing", "passing");
            let (room_id, dice) = (room.room_id.clone(), dice.split());
            let person = Person { nodes, node, room_id, commands: false, log, dice };
            viewers.push(Member::start(person));
        }
        for viewer in &viewers {
            viewer.wait_for("a viewer to come", |progress| progress.node == Some(node)).await?;
        }
        Ok(viewers)
    }

    /// Each room with the token of its host.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rooms.iter().map(|room| (room.room_id.as_str(), room.token.as_str()))
    }

    /// Tells everybody what to do.
    pub fn order(&self, order: Order) {
        self.members.iter().for_each(|member| member.order(order));
    }

    /// Waits until every commander has one more command acknowledged; how long each waited.
    pub async fn served(&self) -> Result<Vec<Duration>> {
        let before: Vec<u64> = self.members.iter().map(|member| member.progress().acks).collect();
        let waiting = self.members.iter().zip(before).filter(|(member, _)| member.commands);
        let each = waiting.map(async |(member, before)| {
            member.wait_for("a command to be served", |progress| progress.acks > before).await
        });
        futures_util::future::join_all(each).await.into_iter().collect()
    }

    /// Lets everything come to rest: no command is under way, everybody is connected and has been
    /// shown the room's newest state, which every node gives alike.
    pub async fn settle(&mut self) -> Result<()> {
        self.settle_without(None).await
    }

    /// The same while a node is gone.
    pub async fn settle_without(&mut self, gone: Option<usize>) -> Result<()> {
        self.order(Order::Listen);
        for member in &self.members {
            let is_idle = |progress: &super::Progress| !progress.busy && progress.node.is_some();
            member.wait_for("a member to be idle", is_idle).await?;
        }
        for room in &mut self.rooms {
            let newest = room.read(gone).await?;
            for member in self.members.iter().filter(|member| member.room_id == room.room_id) {
                let awaited = format!("{newest} to be shown");
                member.wait_for(&awaited, |progress| progress.seen >= Some(newest)).await?;
            }
        }
        Ok(())
    }

    /// Lets every commander repeat its last commands under their ids.
    pub async fn repeat(&mut self) -> Result<()> {
        self.order(Order::Repeat);
        for member in self.members.iter().filter(|member| member.commands) {
            member.wait_for("commands to be repeated", |progress| progress.repeated).await?;
        }
        self.settle().await
    }

    /// Lets everything come to rest, repeats what was asked for last, sends everybody away, and
    /// judges what they wrote down over so many rounds.
    pub async fn finish(mut self, mut outcome: Outcome, rounds: u64) -> Result<Outcome> {
        self.settle().await?;
        self.repeat().await?;
        for member in self.members {
            member.go().await?;
        }
        outcome.judge(&self.recorder.history(), rounds);
        Ok(outcome)
    }
}

impl Watched {
    /// Reads the state at each node until they agree.
    async fn read(&mut self, gone: Option<usize>) -> Result<Place> {
        let began = Instant::now();
        loop {
            let read = self.read_once(gone).await;
            match read.as_deref() {
                Ok([first, rest @ ..]) if rest.iter().all(|place| place == first) => {
                    return Ok(*first);
                }
                _ if began.elapsed() > DEADLINE => {
                    return Err(Error::new(format!("the nodes don't agree: {read:?}")));
                }
                // A busy machine may make a node late, which says so.
                _ => sleep(AGAIN).await,
            }
        }
    }

    async fn read_once(&mut self, gone: Option<usize>) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        for (node, (api, log)) in self.nodes.iter().zip(&mut self.logs).enumerate() {
            if gone != Some(node) {
                let state = api.state(&self.room_id).await?;
                places.push(Place { epoch: state.epoch, version: state.version });
                log.read(&state);
            }
        }
        Ok(places)
    }
}

/// A new guest, at every node.
async fn everywhere(site: &Site, name: &str) -> Result<Vec<Api>> {
    let [first, ..] = site.nodes.as_slice() else { return Err(Error::new("no node")) };
    Ok(at_each(site, &first.api().guest(name).await?.access_token))
}

fn at_each(site: &Site, token: &str) -> Vec<Api> {
    site.nodes.iter().map(|node| node.api().with_token(token)).collect()
}
