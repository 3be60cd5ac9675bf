//! Renews the host's lease for as long as the host's connection is heard, and brings back a host whom the room has
//! lost although the connection is there.

use std::time::Duration;

use super::execute::Sender;
use crate::app::App;

/// How often a host is pinged and the lease renewed.
const HOST_BEAT: Duration = Duration::from_secs(5);
/// How often everybody else is pinged.
pub(super) const BEAT: Duration = Duration::from_secs(20);

/// Gives a sign of life of the host, or of the former host of a room without one, if the connection is theirs and was
/// heard lately. Returns the time until the next beat at most.
pub(super) async fn renew(app: App, sender: Sender, silent_for: Duration) -> Duration {
    let Sender { hub, connection, .. } = &sender;
    // If the room can't be read now, this may be its host, whose lease is shorter than the usual beat.
    let Ok(room) = app.rooms.find(&hub.room_id).await else { return HOST_BEAT };
    let participant_id = &connection.participant_id;
    if !room.is_host(participant_id) && !room.awaits(participant_id) {
        return BEAT;
    }
    // A room may set a lease that is shorter than the usual beat.
    let lease = Duration::from_millis(room.profile.settings.host_lease_ms);
    let beat = HOST_BEAT.min(lease / 3);
    if silent_for < beat * 2
        && let Err(error) = app.rooms.host_alive(&hub.room_id, participant_id).await
    {
        tracing::debug!(error = &error as &dyn std::error::Error, "lease not renewed");
    }
    beat
}
