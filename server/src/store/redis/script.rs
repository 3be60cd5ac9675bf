//! The scripts. Each makes all its checks before its first write, because what a script has written
//! stays even if it fails later.

use std::fmt::Write;
use std::sync::LazyLock;

/// A script, with the name by which Redis knows it.
#[derive(Debug)]
pub(super) struct Script {
    text: &'static str,
    sha: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
        let mut sha = String::with_capacity(40);
        for byte in digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref() {
            let _ = write!(sha, "{byte:02x}");
        }
        Self { text, sha }
    }

    /// The source text.
    pub(super) fn text(&self) -> &'static str {
        self.text
    }

    /// The SHA-1 of the source text, in hex.
    pub(super) fn sha(&self) -> &str {
        &self.sha
    }
}

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {$(
        $(#[$doc])*
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(include_str!("scripts/prelude.lua"), include_str!($file)))
        });
    )*};
}

scripts! {
    /// Writes a commit.
    COMMIT = "scripts/commit.lua";
    /// Writes a whole room, new or rebuilt.
    PUT = "scripts/put.lua";
    /// Reads the newest state.
    LOAD = "scripts/load.lua";
    /// Reads the commits after a place.
    SINCE = "scripts/since.lua";
    /// Checks whether the room is there, and schedules it anew.
    CHECK = "scripts/check.lua";
    /// Records that the room has connections, and reads its place.
    ATTEND = "scripts/attend.lua";
    /// Reads the signs of life.
    SIGNS = "scripts/signs.lua";
    /// Renews or ends the host's lease.
    LEASE = "scripts/lease.lua";
    /// Adds a member.
    JOIN = "scripts/join.lua";
    /// Writes who connected to a node, and who disconnected from it.
    PRESENCE = "scripts/presence.lua";
    /// Deletes the presence of a node that is gone.
    FORGET = "scripts/forget.lua";
    /// Deletes what is left of a room that SQL no longer knows.
    DROP = "scripts/drop.lua";
    /// Counts an outage.
    COUNT = "scripts/count.lua";
    /// Claims rooms that are due.
    CLAIM = "scripts/claim.lua";
    /// Records a node's heartbeat.
    BEAT = "scripts/beat.lua";
    /// Lets the room clock go on though the clock of Redis was set.
    STEER = "scripts/steer.lua";
}
