//! The servers that hold rooms: a single Redis, or each master of a cluster. A command goes to the one that
//! serves the slot of its key, over connections that no other master has a part in, so that one that is away
//! holds up its own rooms alone.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use engine::RoomId;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::client::{Address, Client, ClientError, Push, Reply, Target, slot_of};
use super::codec::text;
use super::keys;
use super::outages::Outages;
use super::script::Script;
use super::slots::{Part, decode_slots};
use super::steady::MasterClock;
use crate::store::Away;

/// One master, whichever server it is at the moment, and what this node knows of it.
pub(super) struct Master {
    /// The hash tag of the keys that are about this master itself.
    pub(super) home: String,
    /// Where it listens.
    address: Mutex<Address>,
    /// The connections to it, and where they lead. `None` before the first ones.
    client: Mutex<Option<(Address, Client)>>,
    pushes: mpsc::Sender<Push>,
    /// Whether it answers.
    reachable: AtomicBool,
    /// Whether it belongs to another SQL database, as far as it has answered.
    pub(super) is_foreign: AtomicBool,
    /// When it last answered a heartbeat of this node, in milliseconds of its own clock; 0 before the first.
    pub(super) answered_at: AtomicU64,
    pub(super) clock: MasterClock,
    /// When it last answered again after it was away, in milliseconds of the room clock.
    pub(super) back_at: AtomicU64,
    pub(super) outages: Outages,
    /// Asks for a heartbeat at once.
    pub(super) check_now: Notify,
    /// Cancelled when it has no slots any more, or the store is closed.
    pub(super) stop: CancellationToken,
}

/// A new master, and what arrives from it unasked.
pub(super) type NewMaster = (Arc<Master>, mpsc::Receiver<Push>);

impl Master {
    fn new(home: String, address: Address, stop: CancellationToken) -> NewMaster {
        let (pushes, receiver) = Client::queue();
        let master = Self {
            home,
            address: Mutex::new(address),
            client: Mutex::default(),
            pushes,
            reachable: AtomicBool::new(true),
            is_foreign: AtomicBool::new(false),
            answered_at: AtomicU64::new(0),
            clock: MasterClock::default(),
            back_at: AtomicU64::new(0),
            outages: Outages::default(),
            check_now: Notify::new(),
            stop,
        };
        (Arc::new(master), receiver)
    }

    /// Where it listens.
    pub(super) fn address(&self) -> Address {
        lock(&self.address).clone()
    }

    /// Whether it answers.
    pub(super) fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    /// Sets whether it answers. Returns whether it did before.
    pub(super) fn set_reachable(&self, reachable: bool) -> bool {
        self.reachable.swap(reachable, Ordering::Relaxed)
    }

    /// Runs a script. Its last argument says what the room clock is by the clock of the master.
    async fn run(
        &self,
        script: &Script,
        keys: Vec<String>,
        mut args: Vec<Bytes>,
    ) -> Result<Reply, ClientError> {
        args.push(text(self.clock.offset_us()));
        self.client()?.run(script, keys, args).await
    }

    /// The connections to it. An error if there are none yet.
    pub(super) fn client(&self) -> Result<Client, ClientError> {
        let client = lock(&self.client).as_ref().map(|(_, client)| client.clone());
        client.ok_or_else(|| ClientError::new("not connected yet"))
    }

    /// Connects, unless there are connections to where it listens. Returns whether they are new.
    pub(super) async fn connect(&self, target: &Target) -> Result<bool, ClientError> {
        let address = self.address();
        let old = lock(&self.client).take_if(|(at, _)| *at != address);
        if let Some((_, old)) = old {
            // Nothing waits for a server that may be dead.
            tokio::spawn(async move { old.close().await });
        }
        if self.client().is_ok() {
            return Ok(false);
        }
        let client = Client::open(target, &address, self.pushes.clone()).await?;
        *lock(&self.client) = Some((address, client));
        Ok(true)
    }

    async fn close(&self) {
        let client = lock(&self.client).take();
        if let Some((_, client)) = client {
            client.close().await;
        }
    }
}

/// All masters.
pub(super) struct Masters {
    pub(super) target: Target,
    /// Asks for the slots to be read again.
    pub(super) read_now: Notify,
    /// Cancelled when the store is closed.
    pub(super) stop: CancellationToken,
    served: RwLock<Arc<Served>>,
}

/// Who serves which slots.
#[derive(Default)]
struct Served {
    /// First the master of the tag `nodes`.
    masters: Vec<Arc<Master>>,
    /// The slots of each, in the same order.
    parts: Vec<Part>,
    /// The index of the master of each shard.
    shards: Vec<Option<usize>>,
}

impl Served {
    fn new(masters: Vec<Arc<Master>>, parts: Vec<Part>) -> Self {
        let of_shard = |shard| {
            let slot = slot_of(&keys::due(shard));
            parts.iter().position(|part| part.has(slot))
        };
        let shards = (0..keys::SHARDS).map(of_shard).collect();
        Self { masters, parts, shards }
    }

    fn of_shard(&self, shard: u16) -> Option<&Arc<Master>> {
        self.masters.get((*self.shards.get(usize::from(shard))?)?)
    }
}

impl Masters {
    /// Reads who serves which slots. Nothing is connected yet.
    pub(super) async fn open(url: &str) -> Result<(Self, Vec<NewMaster>), ClientError> {
        let target = Target::from_url(url)?;
        let parts = match target.servers() {
            servers if target.is_cluster() => ask_servers(&target, servers).await?,
            servers => servers.iter().take(1).cloned().map(Part::whole).collect(),
        };
        let (read_now, stop) = (Notify::new(), CancellationToken::new());
        let masters = Self { target, read_now, stop, served: RwLock::default() };
        let new = masters.replace(parts);
        Ok((masters, new))
    }

    /// All of them, first the one that keeps the room clock if it can.
    pub(super) fn all(&self) -> Vec<Arc<Master>> {
        self.served().masters.clone()
    }

    /// The one that keeps the room clock: the first that answers.
    pub(super) fn timekeeper(&self) -> Option<Arc<Master>> {
        self.served().masters.iter().find(|master| master.is_reachable()).cloned()
    }

    /// The one that serves a key. An error if nobody does.
    pub(super) fn of_key(&self, key: &str) -> Result<Arc<Master>, ClientError> {
        let (served, slot) = (self.served(), slot_of(key));
        let found = served.parts.iter().position(|part| part.has(slot));
        found.and_then(|at| served.masters.get(at)).cloned().ok_or_else(unserved)
    }

    /// The one that holds a room. An error if nobody does.
    pub(super) fn of_room(&self, room_id: &RoomId) -> Result<Arc<Master>, ClientError> {
        self.served().of_shard(keys::shard_of(room_id)).cloned().ok_or_else(unserved)
    }

    /// Whether a master holds a room.
    pub(super) fn is_of(&self, master: &Arc<Master>, room_id: &RoomId) -> bool {
        self.of_room(room_id).is_ok_and(|holder| Arc::ptr_eq(&holder, master))
    }

    /// Whether who serves a key doesn't answer.
    pub(super) fn is_away(&self, key: &str) -> bool {
        !self.of_key(key).is_ok_and(|master| master.is_reachable())
    }

    /// The rooms whose master doesn't answer, or that have none.
    pub(super) fn away(&self) -> Away {
        self.rooms_without(Master::is_reachable)
    }

    /// The rooms in which outages aren't counted yet.
    pub(super) fn uncounted(&self) -> Away {
        self.rooms_without(|master| !master.outages.is_pending())
    }

    /// The rooms whose master isn't `fit`.
    fn rooms_without(&self, fit: impl Fn(&Master) -> bool) -> Away {
        let served = self.served();
        let fit: Vec<bool> = served.masters.iter().map(|master| fit(master)).collect();
        let is_fit = |at: &Option<usize>| at.is_some_and(|at| fit.get(at) == Some(&true));
        let unfit = (0..keys::SHARDS).zip(&served.shards).filter(|(_, at)| !is_fit(at));
        Away::of_shards(unfit.map(|(shard, _)| shard))
    }

    /// Runs a script. All keys must be in one slot, unless there is one master alone that isn't a cluster's.
    pub(super) async fn run(
        &self,
        script: &Script,
        keys: Vec<String>,
        args: Vec<Bytes>,
    ) -> Result<Reply, ClientError> {
        let master = self.of_key(keys.first().map_or("", String::as_str))?;
        self.noted(&master, master.run(script, keys, args).await)
    }

    /// Sends a command whose first argument is its only key, or a channel.
    pub(super) async fn call(
        &self,
        command: &'static str,
        args: Vec<Bytes>,
    ) -> Result<Reply, ClientError> {
        let key = args.first().map(|key| String::from_utf8_lossy(key).into_owned());
        let master = self.of_key(&key.unwrap_or_default())?;
        let client = master.client()?;
        self.noted(&master, client.call(command, args).await)
    }

    /// Subscribes to a channel, at the master of its name.
    pub(super) async fn subscribe(&self, channel: String) -> Result<(), ClientError> {
        let master = self.of_key(&channel)?;
        let client = master.client()?;
        self.noted(&master, client.subscribe(vec![channel]).await)
    }

    /// Unsubscribes from a channel.
    pub(super) async fn unsubscribe(&self, channel: String) -> Result<(), ClientError> {
        let master = self.of_key(&channel)?;
        let client = master.client()?;
        self.noted(&master, client.unsubscribe(channel).await)
    }

    /// Asks who serves which slots of the cluster now: a master that answers, else the servers of the URL.
    pub(super) async fn read_slots(&self) -> Result<Vec<Part>, ClientError> {
        let mut masters = self.all();
        masters.sort_by_key(|master| !master.is_reachable());
        for master in masters {
            let Ok(client) = master.client() else { continue };
            if let Ok(parts) = ask(&client, &master.address()).await {
                return Ok(parts);
            }
        }
        ask_servers(&self.target, self.target.servers()).await
    }

    /// Serves the slots otherwise from now on. A master that another server has replaced stays the same
    /// master. Returns the new ones; those without slots are closed.
    pub(super) fn replace(&self, parts: Vec<Part>) -> Vec<NewMaster> {
        let mut served = self.served.write().unwrap_or_else(PoisonError::into_inner);
        let mut before = served.masters.clone();
        let (mut masters, mut kept, mut new) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            let Some(home) = part.home() else { continue };
            let address = part.address.clone();
            if let Some(at) = before.iter().position(|master| master.home == home) {
                let master = before.swap_remove(at);
                *lock(&master.address) = address;
                master.check_now.notify_one();
                masters.push(master);
            } else {
                let (master, receiver) = Master::new(home, address, self.stop.child_token());
                masters.push(master.clone());
                new.push((master, receiver));
            }
            kept.push(part);
        }
        for master in before {
            master.stop.cancel();
            tokio::spawn(async move { master.close().await });
        }
        *served = Arc::new(Served::new(masters, kept));
        new
    }

    /// Whether the slots are served like this.
    pub(super) fn is_served(&self, parts: &[Part]) -> bool {
        self.served().parts == parts
    }

    /// Closes all connections.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        futures_util::future::join_all(self.all().iter().map(|master| master.close())).await;
    }

    /// Asks for a heartbeat of a master that has failed, and for the slots if they aren't its own.
    fn noted<T>(&self, master: &Master, reply: Result<T, ClientError>) -> Result<T, ClientError> {
        if let Err(error) = &reply {
            if !error.is_wrong_type() {
                master.check_now.notify_one();
            }
            if error.is_misdirected() {
                self.read_now.notify_one();
            }
        }
        reply
    }

    fn served(&self) -> Arc<Served> {
        self.served.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Asks servers who serves which slots, one after the other until one answers.
async fn ask_servers(target: &Target, servers: &[Address]) -> Result<Vec<Part>, ClientError> {
    let mut failed = ClientError::new("the URL names no server");
    for server in servers {
        let (pushes, _receiver) = Client::queue();
        let client = match Client::open(target, server, pushes).await {
            Ok(client) => client,
            Err(error) => {
                failed = error;
                continue;
            }
        };
        let parts = ask(&client, server).await;
        client.close().await;
        match parts {
            Ok(parts) => return Ok(parts),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn unserved() -> ClientError {
    ClientError::new("no master of the cluster serves the slot")
}

async fn ask(client: &Client, server: &Address) -> Result<Vec<Part>, ClientError> {
    let reply = client.call("CLUSTER", vec!["SLOTS".into()]).await?;
    decode_slots(&reply, server).ok_or_else(|| ClientError::unexpected(&reply))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
