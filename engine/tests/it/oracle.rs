//! A second, naive room: the rules as one would explain them, in floats and strings. It shares no
//! code with the engine and is compared with the real room after every step.

mod edge;
mod playback;
mod room;

use engine::{
    Actor, Command, Decision, Entry, Facts, HostLoss, Place, Rejection, Request, Role, Room, Status,
};
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::TestCaseError;

use crate::history::histories;
use crate::laws::config;
use crate::story::{CO_HOST, GUEST, HOST, MEMBER, name_of};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_room_agrees_with_a_naive_room(history in histories()) {
        let mut naive = Naive::new(&history.start());
        for turn in history.turns() {
            let outcome = naive.handle(&turn.request, &turn.facts);
            prop_assert_eq!(outcome, Outcome::of(&turn.outcome), "of {:?}", turn.request);
            naive.agrees_with(&turn.after)?;
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Committed,
    Unchanged,
    Duplicate(Place),
    /// The name of the rejection.
    Rejected(String),
}

impl Outcome {
    fn of(outcome: &Result<Decision, Rejection>) -> Self {
        match outcome {
            Ok(Decision::Commit(_)) => Self::Committed,
            Ok(Decision::Unchanged) => Self::Unchanged,
            Ok(Decision::Duplicate(place)) => Self::Duplicate(*place),
            Err(rejection) => Self::Rejected(name_of(rejection)),
        }
    }
}

struct Film {
    id: String,
    address: String,
    duration: Option<f64>,
    /// Whether the duration is an estimate, which doesn't stop the playhead.
    guessed: bool,
    jumps: bool,
    live: Option<Live>,
    qualities: Vec<String>,
    texts: Vec<String>,
    audios: Vec<String>,
}

/// The edge of a live film: where it was, and when; how long its window is, and how far behind players
/// stay.
struct Live {
    edge: f64,
    at: f64,
    window: f64,
    behind: f64,
}

struct Wait {
    since: u64,
    until: f64,
}

struct Naive {
    epoch: u64,
    version: u64,
    clock: f64,
    life: &'static str,
    life_until: Option<f64>,
    loss: HostLoss,
    grace: f64,
    waits_for_rebuffering: bool,
    /// Whether everyone but viewers commands playback.
    everyone: bool,
    entry: Entry,
    capacity: Option<u32>,
    /// What else the host may change: name, visibility, language, tags, chat and slow mode.
    profile: (String, bool, Option<String>, Vec<String>, bool, u64),
    creator: String,
    host: Option<String>,
    former_host: Option<String>,
    fence: u64,
    granted: Vec<(String, Role)>,
    film: Option<Film>,
    status: &'static str,
    position: f64,
    since: f64,
    rate: f64,
    quality: Option<String>,
    text: Option<String>,
    audio: Option<String>,
    wait: Option<Wait>,
    unprimed: bool,
    at_edge: bool,
    /// Sender, id, payload hash and place of every commit that had an id.
    committed: Vec<(String, String, u64, Place)>,
}

/// Whether anything changed, or the name of the rejection.
type Changed = Result<bool, &'static str>;

fn rejected(rejection: &str) -> Outcome {
    Outcome::Rejected(rejection.to_owned())
}

impl Naive {
    fn new(room: &Room) -> Self {
        let created_at = room.at.as_millis() as f64;
        Self {
            epoch: room.epoch,
            version: 1,
            clock: created_at,
            life: "created",
            life_until: Some(created_at + 86_400_000.0),
            loss: room.profile.settings.host_loss,
            grace: room.profile.settings.host_grace_ms as f64,
            waits_for_rebuffering: false,
            everyone: false,
            entry: room.profile.settings.entry,
            capacity: room.profile.settings.capacity,
            profile: {
                let chat = room.profile.chat;
                ("Friday film".to_owned(), true, None, Vec::new(), chat.enabled, chat.slow_mode_ms)
            },
            creator: HOST.to_owned(),
            host: Some(HOST.to_owned()),
            former_host: None,
            fence: 1,
            granted: Vec::new(),
            film: None,
            status: "paused",
            position: 0.0,
            since: created_at,
            rate: 1.0,
            quality: None,
            text: None,
            audio: None,
            wait: None,
            unprimed: true,
            at_edge: false,
            committed: Vec::new(),
        }
    }

    fn handle(&mut self, request: &Request, facts: &Facts) -> Outcome {
        let envelope = &request.envelope;
        let sender = envelope.actor.participant().map(|id| id.as_str().to_owned());
        if let Some(op) = &envelope.op {
            let same = |known: &&(String, String, u64, Place)| {
                known.0 == op.participant_id.as_str() && known.1 == op.id
            };
            if let Some((_, _, hash, place)) = self.committed.iter().find(same) {
                return if *hash == op.payload_hash {
                    Outcome::Duplicate(*place)
                } else {
                    rejected("IdReused")
                };
            }
        }
        if let Some(rejection) = self.not_allowed(&envelope.actor, &request.command) {
            return rejected(rejection);
        }
        if sender.is_some()
            && sender == self.host
            && envelope.fence.is_some_and(|f| f != self.fence)
        {
            return rejected("StaleFence");
        }
        if envelope.expected.is_some_and(|e| (e.epoch, e.version) != (self.epoch, self.version)) {
            return rejected("VersionConflict");
        }
        let now = self.clock.max(facts.now.as_millis() as f64);
        let changed = match &request.command {
            Command::HostTransfer { .. }
            | Command::SetRole { .. }
            | Command::ChangeRoom(_)
            | Command::Remove { .. }
            | Command::Delete
            | Command::Connected { .. }
            | Command::HostLost
            | Command::Idle
            | Command::Rebase { .. } => self.change_room(
                sender.as_deref().unwrap_or_default(),
                &request.command,
                facts,
                now,
            ),
            Command::Deadline => Ok(self.reach_deadline(facts, now)),
            command => self.change_playback(command, facts, now),
        };
        match changed {
            Err(rejection) => rejected(rejection),
            Ok(false) => Outcome::Unchanged,
            Ok(true) => {
                self.clock = now;
                self.version += 1;
                if let Some(op) = &envelope.op {
                    let place = Place { epoch: self.epoch, version: self.version };
                    let (sender, id) = (op.participant_id.to_string(), op.id.clone());
                    self.committed.push((sender, id, op.payload_hash, place));
                }
                Outcome::Committed
            }
        }
    }

    fn not_allowed(&self, actor: &Actor, command: &Command) -> Option<&'static str> {
        let kind = match command {
            Command::StartReady { .. }
            | Command::Rebuffer
            | Command::Refreshed { .. }
            | Command::OriginsRead { .. }
            | Command::EdgeRead { .. }
            | Command::Finished { .. }
            | Command::Connected { .. }
            | Command::HostLost
            | Command::Idle
            | Command::Deadline
            | Command::Rebase { .. } => "server",
            Command::HostTransfer { .. } | Command::SetRole { .. } | Command::ChangeRoom(_) => {
                "host"
            }
            Command::Remove { .. } => "moderation",
            Command::SetMedia { .. } | Command::Ended { .. } | Command::Measured { .. } => "media",
            Command::Delete => "delete",
            _ => "playback",
        };
        let Some(sender) = actor.participant() else {
            return (kind != "server").then_some("Forbidden");
        };
        let is_host = self.host.as_deref() == Some(sender.as_str());
        let is_co_host = self.granted.contains(&(sender.to_string(), Role::CoHost));
        let may = match kind {
            "media" => is_host || is_co_host,
            "playback" if self.everyone => {
                is_host || !self.granted.contains(&(sender.to_string(), Role::Viewer))
            }
            "playback" => is_host || is_co_host,
            "host" => is_host,
            "moderation" => {
                let moderator = (sender.to_string(), Role::Moderator);
                is_host || is_co_host || self.granted.contains(&moderator)
            }
            "delete" => is_host || (self.host.is_none() && sender.as_str() == self.creator),
            _ => false,
        };
        match (self.is_over(), may, kind) {
            (true, ..) => Some("RoomClosed"),
            (false, true, _) => None,
            (false, false, "playback" | "media") => Some("NotHost"),
            (false, false, _) => Some("Forbidden"),
        }
    }

    fn is_over(&self) -> bool {
        self.life == "expired" || self.life == "deleted"
    }

    fn agrees_with(&self, room: &Room) -> Result<(), TestCaseError> {
        let playback = &room.playback;
        let status = match playback.status {
            Status::Playing => "playing",
            Status::Paused => "paused",
            Status::Waiting => "waiting",
            Status::Ended => "ended",
        };
        let life = format!("{:?}", room.lifecycle.state).to_lowercase();
        prop_assert_eq!((status, life.as_str()), (self.status, self.life));
        prop_assert_eq!(
            (room.epoch, room.version, room.fence),
            (self.epoch, self.version, self.fence)
        );
        let host = room.host_id.as_ref().map(|id| id.as_str());
        prop_assert_eq!(host, self.host.as_deref());
        let settings = &room.profile.settings;
        prop_assert_eq!((settings.entry, settings.capacity), (self.entry, self.capacity));
        prop_assert_eq!(f64::from(playback.rate.as_milli()) / 1000.0, self.rate);
        prop_assert_eq!(&playback.rendition, &self.quality);
        prop_assert_eq!(&playback.text_track, &self.text);
        prop_assert_eq!(&playback.audio_track, &self.audio);
        let media_id = playback.media_id.as_ref().map(|id| id.as_str());
        prop_assert_eq!(media_id, self.film.as_ref().map(|film| film.id.as_str()));
        let wait = playback.waiting.as_ref();
        let wait = wait.map(|wait| (wait.since_version, wait.deadline.as_millis() as f64));
        prop_assert_eq!(wait, self.wait.as_ref().map(|wait| (wait.since, wait.until)));
        let deadline = room.lifecycle.deadline.map(|until| until.as_millis() as f64);
        prop_assert_eq!(deadline, self.life_until);
        for (who, base) in [
            (HOST, Role::Member),
            (CO_HOST, Role::Member),
            (MEMBER, Role::Member),
            (GUEST, Role::Guest),
        ] {
            prop_assert_eq!(room.role_of(&crate::story::actor(who)), Some(self.role(who, base)));
        }
        for ms in [-5_000.0, 0.0, 1.0, 149.0, 1_000.0, 33_333.0, 3_600_000.0] {
            let t = self.clock + ms;
            let real = room.expected(engine::Timestamp::from_millis(t as u64)).as_millis() as f64;
            let naive = self.position_at(t);
            // One millisecond for rounding, and what a float loses at large values.
            let tolerance = 1.0 + naive * 1e-15;
            prop_assert!((real - naive).abs() <= tolerance, "{real} is not {naive} after {ms} ms");
        }
        Ok(())
    }

    fn role(&self, who: &str, base: Role) -> Role {
        let given = self.granted.iter().find(|(name, _)| name == who);
        match &self.host {
            Some(host) if host == who => Role::Host,
            _ => given.map_or(base, |(_, role)| *role),
        }
    }
}
