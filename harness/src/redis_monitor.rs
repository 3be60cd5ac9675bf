//! The commands that a Redis receives, as `MONITOR` reports them.

use crate::resp::{Client, encode_command};
use crate::{RedisServer, Result};

/// How much of a command is shown, in characters.
const SHOWN_MAX: usize = 80;

/// Watches a Redis.
#[derive(Debug)]
pub struct RedisMonitor {
    heard: Client,
    marker: Client,
    marks: usize,
}

impl RedisMonitor {
    /// Begins to watch.
    pub async fn start(redis: &RedisServer) -> Result<Self> {
        let mut heard = redis.client().await?;
        let marker = redis.client().await?;
        heard.command(&["MONITOR"]).await?;
        Ok(Self { heard, marker, marks: 0 })
    }

    /// Returns the commands since the last call that contain one of these texts, without those that scripts sent.
    pub async fn asked_about(&mut self, texts: &[&str]) -> Result<Vec<String>> {
        self.marks += 1;
        let mark = format!("mark-{}", self.marks);
        self.marker.send(&encode_command(&["ECHO", &mark])).await?;
        self.marker.receive().await?;
        let mut asked = Vec::new();
        loop {
            let line = self.heard.receive().await?.text();
            if line.contains(&mark) {
                return Ok(asked);
            }
            if texts.iter().any(|text| line.contains(text)) && !line.contains(" lua] ") {
                asked.push(line.chars().take(SHOWN_MAX).collect());
            }
        }
    }
}
