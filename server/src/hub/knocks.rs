//! Who asks to join a room: shown to those who moderate it. Nothing of it is stored. People repeat their knock, and who
//! has stopped is forgotten, so every node is right within seconds whatever it missed.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use contracts::{KNOCKS_MAX, Knock};
use engine::{ParticipantId, Room};
use tungstenite::Utf8Bytes;

use super::{Connection, RoomHub};
use crate::{name, wire};

/// How long a knock counts. It is repeated every three seconds.
const FRESH: Duration = Duration::from_secs(10);

/// Those who ask to join, the longest waiting first.
#[derive(Debug, Default)]
pub(super) struct Knocks {
    waiting: Vec<Waiting>,
    /// Rises with each change.
    revision: u64,
}

#[derive(Debug)]
struct Waiting {
    knock: Knock,
    last_at: Instant,
}

impl Knocks {
    /// Takes a knock in. There is place for a few: others, who repeat theirs, come in once there is room.
    fn add(&mut self, id: &ParticipantId, display_name: String, now: Instant) {
        let known =
            self.waiting.iter_mut().find(|waiting| waiting.knock.participant_id == id.as_str());
        if let Some(waiting) = known {
            waiting.last_at = now;
            if waiting.knock.display_name != display_name {
                waiting.knock.name_skeleton = name::skeleton(&display_name);
                waiting.knock.display_name = display_name;
                self.revision += 1;
            }
        } else if self.waiting.len() < KNOCKS_MAX {
            let name_skeleton = name::skeleton(&display_name);
            let knock = Knock { participant_id: id.to_string(), display_name, name_skeleton };
            self.waiting.push(Waiting { knock, last_at: now });
            self.revision += 1;
        }
    }

    fn retain(&mut self, keeps: impl Fn(&Waiting) -> bool) {
        let before = self.waiting.len();
        self.waiting.retain(keeps);
        self.revision += u64::from(self.waiting.len() < before);
    }
}

impl RoomHub {
    /// Takes in that somebody asks to join.
    pub fn knocked(&self, id: ParticipantId, display_name: String, now: Instant) {
        self.lock().knocks.add(&id, display_name, now);
    }

    /// Forgets somebody who asked to join.
    pub fn knock_answered(&self, id: &ParticipantId) {
        self.lock().knocks.retain(|waiting| waiting.knock.participant_id != id.as_str());
    }

    /// Returns the name of somebody who asks to join, if that is known.
    pub fn knocking_name(&self, id: &ParticipantId) -> Option<String> {
        let state = self.lock();
        let found = state.knocks.waiting.iter();
        let mut found = found.filter(|waiting| waiting.knock.participant_id == id.as_str());
        found.next().map(|waiting| waiting.knock.display_name.clone())
    }

    /// Sends who asks to join to those who moderate the room, if they don't know it. Returns whether the room must be
    /// looked at again.
    pub fn publish_knocks(&self, room: &Room, now: Instant) -> bool {
        let mut state = self.lock();
        let is_fresh = |at: Instant| now.saturating_duration_since(at) < FRESH;
        state.knocks.retain(|waiting| is_fresh(waiting.last_at));
        let (revision, is_empty) = (state.knocks.revision, state.knocks.waiting.is_empty());
        let mut frame: Option<Utf8Bytes> = None;
        for connection in state.connections.values() {
            if !sees_knocks(room, connection) {
                connection.knocks_seen.store(0, Ordering::Relaxed);
                continue;
            }
            let seen = connection.knocks_seen.swap(revision, Ordering::Relaxed);
            if seen != revision && !(seen == 0 && is_empty) {
                let knocks = || state.knocks.waiting.iter().map(|waiting| waiting.knock.clone());
                let text = frame
                    .get_or_insert_with(|| wire::text(&wire::knocks_changed(knocks().collect())));
                connection.outbox.set_knocks(text);
            }
        }
        !is_empty
    }
}

fn sees_knocks(room: &Room, connection: &Connection) -> bool {
    room.role_of_participant(&connection.participant_id, connection.base).moderates()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_who_ask_are_kept_and_others_come_in_once_there_is_room() {
        let (mut knocks, began) = (Knocks::default(), Instant::now());
        let id = |number: usize| ParticipantId::new(format!("p_{number}"));
        for number in 0..KNOCKS_MAX + 5 {
            knocks.add(&id(number), "Grace".to_owned(), began);
        }
        assert_eq!(knocks.waiting.len(), KNOCKS_MAX);
        let revision = knocks.revision;
        knocks.add(&id(0), "Grace".to_owned(), began + Duration::from_secs(3));
        assert_eq!(knocks.revision, revision, "a repeated knock is no news");
        knocks.retain(|waiting| waiting.last_at > began);
        assert_eq!(knocks.waiting.len(), 1);
        knocks.add(&id(KNOCKS_MAX), "Linus".to_owned(), began);
        assert_eq!(knocks.waiting.len(), 2);
        assert!(knocks.revision > revision);
    }
}
