//! The rooms, and everything that changes them: commands, deadlines, and what the store publishes on
//! its way to the connections.

mod create;
mod deadlines;
mod dispatch;
mod enter;
mod find;
mod follow;
mod grant;
mod guard;
mod handle;
mod host;
mod invite;
mod knock;
mod leave;
mod list_public;
mod look;
mod looking;
mod players;
mod presence;
mod public_list;
mod refresh;
mod remove;
mod set_media;
mod spread;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use create::{Beginning, RoomSpec};
pub use enter::Entrance;
pub use find::{closed, not_found};
pub use grant::NewGrant;
pub use guard::count_panic;
pub use handle::Ack;
pub use invite::NewInvite;
pub use list_public::PublicQuery;
pub use public_list::{PublicFilter, PublicOrder, PublicRoomCursor, SORTED_BYTES_MAX};
pub use remove::NewBan;

use self::looking::Looking;
use self::public_list::PublicList;
use crate::access::Access;
use crate::clock::RoomClock;
use crate::hub::Hub;
use crate::kept::Kept;
use crate::limit::Limiters;
use crate::members::Members;
use crate::sources::Sources;
pub use crate::sql::CreationKey;
use crate::sql::{Sql, SqlError};
use crate::store::{Store, StoreError};
use crate::turns::Turns;

/// How long a command may take before its outcome is called unknown.
const COMMAND_TIMEOUT: Duration = Duration::from_millis(500);
/// For how many rooms at once the other nodes are sent notices.
const SENT_AT_ONCE: usize = 32;

/// The rooms of the store.
pub struct Rooms {
    store: Arc<dyn Store>,
    sql: Arc<Sql>,
    access: Arc<Access>,
    hub: Arc<Hub>,
    clock: RoomClock,
    members: Arc<Members>,
    sources: Arc<Sources>,
    beginning: Turns,
    creating: Turns,
    deciding: Turns,
    limiters: Arc<Limiters>,
    /// The list of public rooms.
    public: Kept<Arc<PublicList>>,
    /// The turn to search a long list.
    searching: Arc<Semaphore>,
    /// Permits the looks at media.
    looking: Arc<Looking>,
}

/// What the service is made of.
pub struct Dependencies {
    /// Where the rooms are.
    pub store: Arc<dyn Store>,
    /// What is kept of them for good.
    pub sql: Arc<Sql>,
    /// Who may enter them.
    pub access: Arc<Access>,
    /// Their connections to this node.
    pub hub: Arc<Hub>,
    /// The room clock.
    pub clock: RoomClock,
    /// Who has joined them.
    pub members: Arc<Members>,
    /// What links lead to.
    pub sources: Arc<Sources>,
    /// The rate limits.
    pub limiters: Arc<Limiters>,
}

impl Rooms {
    /// Makes the service.
    pub fn new(dependencies: Dependencies) -> Self {
        let Dependencies { store, sql, access, hub, clock, members, sources, limiters } =
            dependencies;
        let [beginning, creating, deciding] = [(); 3].map(|()| Turns::default());
        let (public, searching) = (Kept::default(), Arc::new(Semaphore::new(1)));
        let looking = Arc::default();
        Self {
            store,
            sql,
            access,
            hub,
            clock,
            members,
            sources,
            beginning,
            creating,
            deciding,
            limiters,
            public,
            searching,
            looking,
        }
    }

    /// Fails while commits can't be stored.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        self.store.check_writable().await
    }

    /// Fails while the database doesn't answer, or takes no writes.
    pub async fn check_database(&self) -> Result<(), SqlError> {
        self.sql.check_writable().await
    }
}

#[cfg(test)]
mod tests;
