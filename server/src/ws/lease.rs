//! The host's lease, renewed for as long as its connection is heard.

use std::time::Duration;

use super::command::Sender;
use crate::App;

/// How often a host is pinged and its lease renewed.
const HOST_BEAT: Duration = Duration::from_secs(5);
/// How often others are pinged.
pub(super) const BEAT: Duration = Duration::from_secs(20);

/// Renews the lease if the connection is its host's and was heard lately; how long it may take to
/// the next beat.
pub(super) async fn renew(app: App, sender: Sender, silent_for: Duration) -> Duration {
    let Sender { hub, connection, .. } = &sender;
    // Where the room can't be found just now, it may be the host's: a lease is shorter than the others' beat.
    let Ok(room) = app.rooms.find(&hub.room_id).await else { return HOST_BEAT };
    if room.host_id.as_ref() != Some(&connection.participant_id) {
        return BEAT;
    }
    // A room's own lease may be shorter than the usual beat.
    let lease = Duration::from_millis(room.profile.settings.host_lease_ms);
    let beat = HOST_BEAT.min(lease / 3);
    if silent_for < beat * 2
        && let Err(error) = app.rooms.host_alive(&hub.room_id, &connection.participant_id).await
    {
        tracing::debug!(error = &error as &dyn std::error::Error, "lease not renewed");
    }
    beat
}
