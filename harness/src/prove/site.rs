//! The processes of one run: servers, and the Redis and the database that they share.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{AppendFsync, Error, RedisOptions, RedisServer, Result, ServerOptions, ServerProcess};

/// Files that live in memory, where there is such a place.
const MEMORY: &str = "/dev/shm";

/// What a run stands on.
#[derive(Clone, Debug)]
pub struct Ground {
    server: ServerOptions,
    parent: PathBuf,
}

/// Running processes; dropping it ends them all.
#[derive(Debug)]
pub struct Site {
    /// The Redis, unless each server keeps its own state.
    pub redis: Option<RedisServer>,
    /// The servers. They keep their addresses over restarts.
    pub nodes: Vec<ServerProcess>,
    // Removed last, when nothing writes to it any more.
    _directory: Option<TempDir>,
}

impl Ground {
    /// Starts this server, with every file on the disk of the system's temporary directory.
    pub fn on_disk(server: ServerOptions) -> Self {
        // All clients come from one address, and the sample clip from the server itself.
        let server = server
            .env("PLAYHEAD_LIMIT_PER_ADDRESS", "0")
            .env("PLAYHEAD_EGRESS_ALLOW", "127.0.0.0/8");
        Self { server, parent: std::env::temp_dir() }
    }

    /// The same with every file in memory, where no other program's writes are in the way. What a
    /// process wrote outlives its end there too; only a machine's end would tell the difference.
    pub fn in_memory(server: ServerOptions) -> Self {
        let mut ground = Self::on_disk(server);
        if Path::new(MEMORY).is_dir() {
            ground.parent = MEMORY.into();
        }
        ground
    }

    /// One server with a journal of its own.
    pub async fn alone(&self) -> Result<Site> {
        let directory = self.directory()?;
        let server = self.server.clone().directory_in(directory.path()).start().await?;
        Ok(Site { redis: None, nodes: vec![server], _directory: Some(directory) })
    }

    /// So many servers on one Redis and one SQLite database.
    pub async fn on_redis(&self, append_fsync: AppendFsync, nodes: usize) -> Result<Site> {
        let directory = self.directory()?;
        let options =
            RedisOptions::new().append_fsync(append_fsync).data_dir(directory.path().join("redis"));
        let redis = RedisServer::start(options).await?;
        let server = self.joining(&redis.url(), append_fsync, directory.path());
        let mut started = Vec::new();
        for _ in 0..nodes {
            started.push(server.clone().start().await?);
        }
        Ok(Site { redis: Some(redis), nodes: started, _directory: Some(directory) })
    }

    /// A server of the Redis at `url`, whose database lies in `directory`.
    pub fn joining(&self, url: &str, append_fsync: AppendFsync, directory: &Path) -> ServerOptions {
        let declared = if append_fsync == AppendFsync::Always { "always" } else { "everysec" };
        let database = format!("sqlite://{}", directory.join("shared.db").display());
        self.server
            .clone()
            .directory_in(directory)
            .env("PLAYHEAD_STORE", "redis")
            .env("PLAYHEAD_REDIS_URL", url)
            .env("PLAYHEAD_REDIS_APPENDFSYNC", declared)
            .env("PLAYHEAD_DATABASE_URL", database)
    }

    /// An empty directory.
    pub fn directory(&self) -> Result<TempDir> {
        tempfile::Builder::new()
            .prefix("playhead-prove-")
            .tempdir_in(&self.parent)
            .map_err(Error::doing("make a directory for the run"))
    }
}

impl Site {
    /// Servers that somebody else has started.
    pub fn of(nodes: Vec<ServerProcess>) -> Self {
        Self { redis: None, nodes, _directory: None }
    }

    /// The Redis; an error where there is none.
    pub fn redis(&mut self) -> Result<&mut RedisServer> {
        self.redis.as_mut().ok_or_else(|| Error::new("this run has no Redis"))
    }
}
