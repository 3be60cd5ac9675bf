//! A second, naive room: the rules as one would tell them, in floats and loose text. It shares no
//! code with the decisions and stays step by step beside the real room.

mod playback;
mod room;

use engine::{Actor, Answer, Command, Facts, HostLoss, Rejection, Request, Role, Room, Status};
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::TestCaseError;

use crate::history::histories;
use crate::laws::config;
use crate::story::{CO_HOST, GUEST, HOST, MEMBER};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_room_does_what_a_naive_room_does(history in histories()) {
        let mut naive = Naive::new(&history.start());
        for turn in history.turns() {
            let reply = naive.hear(&turn.request, &turn.facts);
            prop_assert_eq!(reply, Reply::of(&turn.outcome), "to {:?}", turn.request);
            naive.agrees_with(&turn.after)?;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reply {
    Done,
    AlreadySo,
    Before { epoch: u64, version: u64 },
    No(&'static str),
}

impl Reply {
    fn of(outcome: &Result<Answer, Rejection>) -> Self {
        match outcome {
            Ok(Answer::Commit(_)) => Self::Done,
            Ok(Answer::Unchanged) => Self::AlreadySo,
            Ok(Answer::Duplicate { epoch, version }) => {
                Self::Before { epoch: *epoch, version: *version }
            }
            Err(refusal) => Self::No(refusal.code()),
        }
    }
}

struct Film {
    id: String,
    length: Option<f64>,
    qualities: Vec<String>,
    texts: Vec<String>,
    sounds: Vec<String>,
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
    stops_for_dry: bool,
    /// What else the host may set, as text.
    looks: (String, bool, bool, u64),
    creator: String,
    host: Option<String>,
    was_host: Option<String>,
    fence: u64,
    given: Vec<(String, Role)>,
    film: Option<Film>,
    status: &'static str,
    place: f64,
    since: f64,
    speed: f64,
    quality: Option<String>,
    text: Option<String>,
    sound: Option<String>,
    wait: Option<Wait>,
    fresh: bool,
    heard: Vec<(String, String, u64, u64, u64)>,
}

type Heard = Result<bool, &'static str>;

impl Naive {
    fn new(room: &Room) -> Self {
        let born = room.at.as_millis() as f64;
        Self {
            epoch: room.epoch,
            version: 1,
            clock: born,
            life: "created",
            life_until: Some(born + 86_400_000.0),
            loss: room.profile.settings.host_loss,
            grace: room.profile.settings.host_grace_ms as f64,
            stops_for_dry: false,
            looks: {
                let chat = room.profile.chat;
                ("Friday film".to_owned(), true, chat.enabled, chat.slow_mode_ms)
            },
            creator: HOST.to_owned(),
            host: Some(HOST.to_owned()),
            was_host: None,
            fence: 1,
            given: Vec::new(),
            film: None,
            status: "paused",
            place: 0.0,
            since: born,
            speed: 1.0,
            quality: None,
            text: None,
            sound: None,
            wait: None,
            fresh: true,
            heard: Vec::new(),
        }
    }

    fn hear(&mut self, request: &Request, facts: &Facts) -> Reply {
        let who = request.actor.participant().map(|id| id.as_str().to_owned());
        if let Some(op) = &request.op {
            let same = |known: &&(String, String, u64, u64, u64)| {
                known.0 == op.participant_id.as_str() && known.1 == op.id
            };
            if let Some((_, _, hash, epoch, version)) = self.heard.iter().find(same) {
                return if *hash == op.payload_hash {
                    Reply::Before { epoch: *epoch, version: *version }
                } else {
                    Reply::No("id_reused")
                };
            }
        }
        if let Some(code) = self.not_allowed(&request.actor, &request.command) {
            return Reply::No(code);
        }
        if who.is_some() && who == self.host && request.fence.is_some_and(|f| f != self.fence) {
            return Reply::No("stale_fence");
        }
        if request.expected_version.is_some_and(|version| version != self.version) {
            return Reply::No("version_conflict");
        }
        let now = self.clock.max(facts.now.as_millis() as f64);
        let heard = match &request.command {
            Command::HostTransfer { .. }
            | Command::SetRole { .. }
            | Command::ChangeRoom(_)
            | Command::Delete
            | Command::Connected { .. }
            | Command::HostLost
            | Command::Idle
            | Command::Rebase { .. } => self.room_matter(&request.command, facts, now),
            Command::Deadline => Ok(self.time_is_up(facts, now)),
            command => self.playback_matter(command, facts, now),
        };
        match heard {
            Err(code) => Reply::No(code),
            Ok(false) => Reply::AlreadySo,
            Ok(true) => {
                self.clock = now;
                self.version += 1;
                if let Some(op) = &request.op {
                    let (who, name) = (op.participant_id.to_string(), op.id.clone());
                    self.heard.push((who, name, op.payload_hash, self.epoch, self.version));
                }
                Reply::Done
            }
        }
    }

    fn not_allowed(&self, actor: &Actor, command: &Command) -> Option<&'static str> {
        let kind = match command {
            Command::StartReady { .. }
            | Command::Rebuffer
            | Command::Connected { .. }
            | Command::HostLost
            | Command::Idle
            | Command::Deadline
            | Command::Rebase { .. } => "server",
            Command::HostTransfer { .. } | Command::SetRole { .. } | Command::ChangeRoom(_) => {
                "host"
            }
            Command::Delete => "delete",
            _ => "playback",
        };
        let Some(who) = actor.participant() else {
            return (kind != "server").then_some("forbidden");
        };
        let is_host = self.host.as_deref() == Some(who.as_str());
        let is_co_host = self.given.contains(&(who.to_string(), Role::CoHost));
        let may = match kind {
            "playback" => is_host || is_co_host,
            "host" => is_host,
            "delete" => is_host || (self.host.is_none() && who.as_str() == self.creator),
            _ => false,
        };
        match (self.is_over(), may, kind) {
            (true, ..) => Some("room_closed"),
            (false, true, _) => None,
            (false, false, "playback") => Some("not_host"),
            (false, false, _) => Some("forbidden"),
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
        prop_assert_eq!(f64::from(playback.rate.as_milli()) / 1000.0, self.speed);
        prop_assert_eq!(&playback.rendition, &self.quality);
        prop_assert_eq!(&playback.text_track, &self.text);
        prop_assert_eq!(&playback.audio_track, &self.sound);
        let media_id = playback.media_id.as_ref().map(|id| id.as_str());
        prop_assert_eq!(media_id, self.film.as_ref().map(|film| film.id.as_str()));
        let wait = playback.waiting.as_ref();
        let wait = wait.map(|wait| (wait.since_version, wait.deadline.as_millis() as f64));
        prop_assert_eq!(wait, self.wait.as_ref().map(|wait| (wait.since, wait.until)));
        let life_until = room.lifecycle.deadline.map(|until| until.as_millis() as f64);
        prop_assert_eq!(life_until, self.life_until);
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
            let naive = self.place_at(t);
            // One millisecond for whole milliseconds, and what a float loses far out.
            let near = 1.0 + naive * 1e-15;
            prop_assert!((real - naive).abs() <= near, "{real} is not {naive} after {ms} ms");
        }
        Ok(())
    }

    fn role(&self, who: &str, base: Role) -> Role {
        let given = self.given.iter().find(|(name, _)| name == who);
        match &self.host {
            Some(host) if host == who => Role::Host,
            _ => given.map_or(base, |(_, role)| *role),
        }
    }
}
