//! Looks at a source again on behalf of the room that watches it.

use engine::{Position, Reading, RoomId, Source};
use providers::{Edge, ProviderError, Registry, Requester};

use super::Sources;

impl Sources {
    /// Finds where a live source ends now, by its playlist. The instant of the edge is that of the
    /// answer, so the real edge may be slightly further on.
    pub async fn find_edge(
        &self,
        room_id: &RoomId,
        source: &Source,
    ) -> Result<Edge, ProviderError> {
        let mut found =
            self.for_room(room_id).find_edge(&source.provider, &source.stream_id).await?;
        if let Edge::Live { edge, .. } = &mut found {
            edge.at = self.clock.now();
        }
        Ok(found)
    }

    /// Resolves a source once more, for the room that watches it.
    pub async fn reopen(&self, room_id: &RoomId, source: &Source) -> Result<Source, ProviderError> {
        let reopened = self.for_room(room_id).reopen(&source.provider, &source.stream_id).await?;
        self.take_in(reopened, "reopen")
    }

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
