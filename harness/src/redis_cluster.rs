//! A Redis cluster of three masters that share the slots.

use std::time::Duration;

use crate::resp::Reply;
use crate::{Error, RedisOptions, RedisServer, Result, within};

const MASTERS: u16 = 3;
const SLOTS: u16 = 16_384;
const POLL: Duration = Duration::from_millis(20);

/// A running cluster of three masters, at first without replicas. A master that is dead leaves the others at
/// work (`cluster-require-full-coverage no`).
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
    options: RedisOptions,
    replicas: usize,
}

impl RedisCluster {
    /// Starts three masters with `appendfsync always` and waits until all report the cluster as ok.
    pub async fn start() -> Result<Self> {
        Self::start_with(RedisOptions::new()).await
    }

    /// Does the same with these options for each master, which must not set a directory.
    pub async fn start_with(options: RedisOptions) -> Result<Self> {
        let options = options.cluster_enabled();
        let mut nodes = Vec::new();
        for _ in 0..MASTERS {
            nodes.push(RedisServer::start(options.clone()).await?);
        }
        let cluster = Self { nodes, options, replicas: 0 };
        cluster.connect().await?;
        cluster.wait_ok().await?;
        Ok(cluster)
    }

    /// `redis-cluster://127.0.0.1:a?node=127.0.0.1:b&node=127.0.0.1:c`.
    pub fn url(&self) -> String {
        let mut addresses = self.nodes.iter().map(RedisServer::address);
        let first = addresses.next().map(|address| address.to_string()).unwrap_or_default();
        let others: Vec<String> = addresses.map(|address| format!("node={address}")).collect();
        format!("redis-cluster://{first}?{}", others.join("&"))
    }

    /// The masters, in the order of their slots.
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// A master, to kill or restart.
    pub fn node_mut(&mut self, index: usize) -> &mut RedisServer {
        &mut self.nodes[index]
    }

    /// Sends a command to every master; returns the replies in the order of their slots.
    pub async fn command(&self, words: &[impl AsRef<[u8]>]) -> Result<Vec<Reply>> {
        let mut replies = Vec::new();
        for node in &self.nodes {
            replies.push(node.command(words).await?);
        }
        Ok(replies)
    }

    /// Starts a replica of a master, and waits until it has everything and every master knows it. It isn't
    /// one of [`nodes`](Self::nodes).
    pub async fn replicate(&mut self, index: usize) -> Result<RedisServer> {
        let replica = RedisServer::start(self.options.clone()).await?;
        let master = &self.nodes[index];
        let id = master.command(&["CLUSTER", "MYID"]).await?.text();
        let [port, bus_port] = [master.port(), master.bus_port()].map(|port| port.to_string());
        replica.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus_port]).await?;
        self.replicas += 1;
        within("the replica to have everything", async {
            // Refused until it knows its master.
            while replica.command(&["CLUSTER", "REPLICATE", &id]).await.is_err() {
                tokio::time::sleep(POLL).await;
            }
            let info = ["INFO", "replication"];
            while !replica.command(&info).await?.text().contains("master_link_status:up") {
                tokio::time::sleep(POLL).await;
            }
            Ok(())
        })
        .await?;
        self.wait_ok().await?;
        Ok(replica)
    }

    /// Waits until every master reports that all slots are served.
    pub async fn wait_ok(&self) -> Result<()> {
        let servers = self.nodes.len() + self.replicas;
        within("the cluster's state to be ok", async {
            for node in &self.nodes {
                while !is_ok(&node.command(&["CLUSTER", "INFO"]).await?.text(), servers) {
                    tokio::time::sleep(POLL).await;
                }
            }
            Ok(())
        })
        .await
    }

    /// Distributes the slots and makes the masters one cluster.
    async fn connect(&self) -> Result<()> {
        let first = &self.nodes[0];
        for (index, node) in (0..MASTERS).zip(&self.nodes) {
            let [from, until] = [index, index + 1].map(|at| SLOTS / MASTERS * at);
            let last = if index + 1 == MASTERS { SLOTS - 1 } else { until - 1 };
            let epoch = (index + 1).to_string();
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]).await?;
            let [from, last] = [from, last].map(|slot| slot.to_string());
            node.command(&["CLUSTER", "ADDSLOTSRANGE", &from, &last]).await?;
            if index > 0 {
                let [port, bus_port] =
                    [first.port(), first.bus_port()].map(|port| port.to_string());
                node.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus_port])
                    .await
                    .map_err(Error::doing("connect the cluster"))?;
            }
        }
        Ok(())
    }
}

fn is_ok(info: &str, servers: usize) -> bool {
    let has = |wanted: String| info.lines().any(|line| line.trim_end() == wanted);
    has("cluster_state:ok".to_owned())
        && has(format!("cluster_slots_ok:{SLOTS}"))
        && has(format!("cluster_known_nodes:{servers}"))
}
