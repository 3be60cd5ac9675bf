//! Looks at a source again on behalf of the room that watches it.

use engine::{Position, Reading, RoomId, Source};
use providers::{ProviderError, Registry, Requester};

use super::Sources;

impl Sources {
    /// Reads further origins of a source's timeline, from a position on.
    pub async fn read_on(
        &self,
        room_id: &RoomId,
        source: &Source,
        from: Position,
    ) -> Result<Reading, ProviderError> {
        self.for_room(room_id).read_on(&source.provider, &source.stream_id, from).await
    }

    /// The providers, with requests that count as the room's: it has the share of one user.
    fn for_room(&self, room_id: &RoomId) -> Registry {
        let requester = Requester { user: room_id.as_str().into(), address: None };
        self.providers.on_behalf_of(requester)
    }
}
