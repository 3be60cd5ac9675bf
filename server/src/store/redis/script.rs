//! The scripts. Each checks everything first and writes last, because what a script has written
//! stays, even if it fails later.

use std::fmt::Write;
use std::sync::LazyLock;

/// A script with the name that Redis knows it by.
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

    /// The program.
    pub(super) fn text(&self) -> &'static str {
        self.text
    }

    /// Its SHA-1 in hex.
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
    /// One commit.
    COMMIT = "scripts/commit.lua";
    /// A whole room, new or rebuilt.
    PUT = "scripts/put.lua";
    /// The newest state.
    LOAD = "scripts/load.lua";
    /// Commits since a place in the order.
    SINCE = "scripts/since.lua";
    /// Whether the room is there; puts right when it must be looked at.
    CHECK = "scripts/check.lua";
    /// Somebody is connected; where the room is.
    ATTEND = "scripts/attend.lua";
    /// What keeps the room going.
    SIGNS = "scripts/signs.lua";
    /// The host's lease.
    LEASE = "scripts/lease.lua";
    /// One more member.
    JOIN = "scripts/join.lua";
    /// Who came to and went from a node.
    PRESENCE = "scripts/presence.lua";
    /// A node is gone.
    FORGET = "scripts/forget.lua";
    /// Takes away what is left of a room that SQL has forgotten.
    DROP = "scripts/drop.lua";
    /// Rooms of a shard that are due.
    CLAIM = "scripts/claim.lua";
    /// A node's sign of life.
    BEAT = "scripts/beat.lua";
}
