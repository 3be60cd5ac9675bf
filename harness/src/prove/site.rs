//! The processes of a run: servers, and the Redis and the database that they share.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{AppendFsync, Error, RedisOptions, RedisServer, Result, ServerOptions, ServerProcess};

/// A directory in memory, on machines that have it.
const MEMORY: &str = "/dev/shm";

/// How to start the processes of a run.
#[derive(Clone, Debug)]
pub struct Ground {
    server: ServerOptions,
    parent: PathBuf,
}

/// Running processes, which all end when it is dropped.
#[derive(Debug)]
pub struct Site {
    /// The Redis; `None` with the memory store.
    pub redis: Option<RedisServer>,
    /// The servers, which keep their addresses across restarts.
    pub nodes: Vec<ServerProcess>,
    // Dropped last, when nothing writes to it any more.
    _directory: Option<TempDir>,
}

impl Ground {
    /// Starts this server, with all files in the system's directory for temporary files.
    pub fn on_disk(server: ServerOptions) -> Self {
        Self { server: server.for_load(), parent: std::env::temp_dir() }
    }

    /// Does the same with all files in memory, where other programs' writes can't delay anything. What
    /// a process has written survives its end there too; only a power cut would make a difference.
    pub fn in_memory(server: ServerOptions) -> Self {
        let mut ground = Self::on_disk(server);
        if Path::new(MEMORY).is_dir() {
            ground.parent = MEMORY.into();
        }
        ground
    }

    /// Starts one server with the memory store.
    pub async fn alone(&self) -> Result<Site> {
        let directory = self.directory()?;
        let server = self.server.clone().directory_in(directory.path()).start().await?;
        Ok(Site { redis: None, nodes: vec![server], _directory: Some(directory) })
    }

    /// Starts servers that share a Redis and a SQLite database.
    pub async fn on_redis(&self, append_fsync: AppendFsync, nodes: usize) -> Result<Site> {
        let directory = self.directory()?;
        let options =
            RedisOptions::new().append_fsync(append_fsync).data_dir(directory.path().join("redis"));
        let redis = RedisServer::start(options).await?;
        let server = self.sharing(&redis.url(), append_fsync, directory.path());
        let mut started = Vec::new();
        for _ in 0..nodes {
            started.push(server.clone().start().await?);
        }
        Ok(Site { redis: Some(redis), nodes: started, _directory: Some(directory) })
    }

    /// Options for a server that shares the Redis at `url` and the database in `directory`.
    pub fn sharing(&self, url: &str, append_fsync: AppendFsync, directory: &Path) -> ServerOptions {
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

    /// Creates an empty directory.
    pub fn directory(&self) -> Result<TempDir> {
        tempfile::Builder::new()
            .prefix("playhead-prove-")
            .tempdir_in(&self.parent)
            .map_err(Error::doing("make a directory for the run"))
    }
}

impl Site {
    /// A site of servers that are already running.
    pub fn of(nodes: Vec<ServerProcess>) -> Self {
        Self { redis: None, nodes, _directory: None }
    }

    /// The Redis; an error if there is none.
    pub fn redis(&mut self) -> Result<&mut RedisServer> {
        self.redis.as_mut().ok_or_else(|| Error::new("this run has no Redis"))
    }
}
