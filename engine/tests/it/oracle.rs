//! A second, naive room: the rules as one would tell them, in floats and loose text. It shares no
//! code with the decisions and stays step by step beside the real room.

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
    looks: (String, bool, String),
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
            looks: ("Friday film".to_owned(), true, format!("{:?}", room.profile.chat)),
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
            | Command::Rebase { .. } => self.room_matter(&request.command, now),
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

    /// Where the playhead is at `t`.
    fn place_at(&self, t: f64) -> f64 {
        let moved = if self.status == "playing" && t > self.since {
            (t - self.since) * self.speed
        } else {
            0.0
        };
        let place = self.place + moved;
        self.length().map_or(place, |length| place.min(length))
    }

    fn length(&self) -> Option<f64> {
        self.film.as_ref().and_then(|film| film.length)
    }

    /// Stands as `status` at `place`.
    fn stand(&mut self, status: &'static str, place: f64, now: f64) {
        (self.status, self.place, self.since, self.wait) = (status, place.floor(), now, None);
    }

    fn roll(&mut self, facts: &Facts, now: f64) {
        let trip = facts.rtt_ms_max as f64;
        let lead = (trip / 2.0 + 150.0).floor().clamp(150.0, 1500.0);
        let lead = if facts.ready_capable.is_empty() { 0.0 } else { lead };
        (self.status, self.since, self.wait, self.fresh) = ("playing", now + lead, None, false);
    }

    fn hold(&mut self, place: f64, ms: f64, now: f64) {
        self.stand("waiting", place, now);
        self.wait = Some(Wait { since: self.version + 1, until: now + ms });
    }

    /// From now on described from now, so that speed may change.
    fn redraw(&mut self, now: f64) {
        self.place = self.place_at(now).floor();
        self.since = self.since.max(now);
    }

    fn playback_matter(&mut self, command: &Command, facts: &Facts, now: f64) -> Heard {
        let ready = !facts.ready_capable.is_empty();
        match command {
            Command::SetMedia { media } => {
                let source = &media.source;
                let default = source.audio_tracks.iter().find(|track| track.default);
                let sound = default.or(source.audio_tracks.first());
                self.sound = sound.map(|track| track.id.clone());
                self.film = Some(Film {
                    id: media.media_id.to_string(),
                    length: source.duration.map(|length| length.as_millis() as f64),
                    qualities: source.renditions.iter().map(|one| one.id.clone()).collect(),
                    texts: source.text_tracks.iter().map(|one| one.id.clone()).collect(),
                    sounds: source.audio_tracks.iter().map(|one| one.id.clone()).collect(),
                });
                self.stand("paused", 0.0, now);
                (self.speed, self.quality, self.text, self.fresh) = (1.0, None, None, true);
                return Ok(true);
            }
            Command::Ended { media_id } => {
                let this = self.film.as_ref().is_some_and(|film| film.id == media_id.as_str());
                if !this || self.status == "ended" {
                    return Ok(false);
                }
                let end = self.length().unwrap_or(self.place_at(now));
                self.stand("ended", end, now);
                return Ok(true);
            }
            Command::StartReady { since_version } => {
                let named = self.wait.as_ref().is_some_and(|wait| wait.since == *since_version);
                if named && !self.is_over() {
                    self.roll(facts, now);
                }
                return Ok(named && !self.is_over());
            }
            Command::Rebuffer => {
                let stops = self.stops_for_dry && ready && self.status == "playing";
                if stops && !self.is_over() {
                    self.hold(self.place_at(now), 10_000.0, now);
                }
                return Ok(stops && !self.is_over());
            }
            _ => {}
        }
        if self.film.is_none() {
            return Err("no_media");
        }
        match command {
            Command::Play => self.play(facts, now),
            Command::Pause => {
                let moves = self.status == "playing" || self.status == "waiting";
                if moves {
                    self.stand("paused", self.place_at(now), now);
                }
                Ok(moves)
            }
            Command::Seek { to_ms } => self.seek(*to_ms, facts, now),
            Command::SetRate { rate } => {
                let speed = f64::from(rate.as_milli()) / 1000.0;
                let changes = (speed - self.speed).abs() > 1e-6;
                if changes {
                    self.redraw(now);
                    self.speed = speed;
                }
                Ok(changes)
            }
            choice => self.choose(choice, now),
        }
    }

    fn play(&mut self, facts: &Facts, now: f64) -> Heard {
        match self.status {
            "playing" => return Ok(false),
            "ended" => return Err("media_ended"),
            "paused" if self.fresh && !facts.ready_capable.is_empty() => {
                self.hold(self.place, 3000.0, now);
            }
            _ => self.roll(facts, now),
        }
        Ok(true)
    }

    fn seek(&mut self, to_ms: i64, facts: &Facts, now: f64) -> Heard {
        let last = self.length().unwrap_or(9_007_199_254_740_991.0);
        if to_ms < 0 || to_ms as f64 > last {
            return Err("position_out_of_range");
        }
        let to = to_ms as f64;
        if self.status == "playing" || self.status == "waiting" {
            if facts.ready_capable.is_empty() {
                self.place = to;
                self.roll(facts, now);
            } else {
                let first = self.status == "waiting" && self.fresh;
                self.hold(to, if first { 3000.0 } else { 1500.0 }, now);
            }
        } else if self.status == "paused" && (self.place - to).abs() < 0.5 {
            return Ok(false);
        } else {
            self.stand("paused", to, now);
            self.fresh = true;
        }
        Ok(true)
    }

    fn choose(&mut self, choice: &Command, now: f64) -> Heard {
        let film = self.film.as_ref().expect("checked by the caller");
        let (held, wanted, known, code) = match choice {
            Command::ChangeQuality { rendition } => {
                (&mut self.quality, rendition.clone(), &film.qualities, "quality_unavailable")
            }
            Command::ChangeSubtitle { track } => {
                (&mut self.text, track.clone(), &film.texts, "track_unavailable")
            }
            Command::ChangeAudio { track } => {
                (&mut self.sound, Some(track.clone()), &film.sounds, "track_unavailable")
            }
            other => panic!("not a choice: {other:?}"),
        };
        if wanted.as_ref().is_some_and(|wanted| !known.contains(wanted)) {
            return Err(code);
        }
        if *held == wanted {
            return Ok(false);
        }
        *held = wanted;
        self.redraw(now);
        Ok(true)
    }

    fn room_matter(&mut self, command: &Command, now: f64) -> Heard {
        match command {
            Command::HostTransfer { to } => {
                if self.host.as_deref() == Some(to.as_str()) {
                    return Ok(false);
                }
                self.crown(Some(to.to_string()));
            }
            Command::SetRole { participant, role } => {
                let whom = participant.as_str();
                if *role == Role::Host || self.host.as_deref() == Some(whom) {
                    return Err("forbidden");
                }
                let before = self.given.clone();
                self.given.retain(|(name, _)| name != whom);
                if *role != Role::Member && *role != Role::Guest {
                    self.given.push((whom.to_owned(), *role));
                }
                self.given.sort();
                return Ok(self.given != before);
            }
            Command::ChangeRoom(patch) => {
                let before = (self.loss, self.grace, self.stops_for_dry, self.looks.clone());
                self.loss = patch.host_loss.unwrap_or(self.loss);
                self.grace = patch.host_grace_ms.map_or(self.grace, |ms| ms as f64);
                self.stops_for_dry = patch.rebuffer_barrier.unwrap_or(self.stops_for_dry);
                let (name, public, chat) = &mut self.looks;
                *name = patch.name.clone().unwrap_or(name.clone());
                *public = patch.is_public.unwrap_or(*public);
                *chat = patch.chat.map_or(chat.clone(), |new| format!("{new:?}"));
                return Ok(
                    before != (self.loss, self.grace, self.stops_for_dry, self.looks.clone())
                );
            }
            Command::Delete => self.close(now),
            Command::Idle if self.life == "live" || self.life == "grace" => self.close(now),
            Command::HostLost if self.life == "live" && self.host.is_some() => {
                (self.life, self.life_until) = ("grace", Some(now + self.grace));
            }
            Command::Connected { participant } => return Ok(self.arrives(participant.as_str())),
            Command::Rebase { epoch, .. } if *epoch > self.epoch => self.epoch = *epoch,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn arrives(&mut self, who: &str) -> bool {
        let is_host = self.host.as_deref() == Some(who);
        if is_host && (self.life == "created" || self.life == "grace") {
            (self.life, self.life_until) = ("live", None);
            true
        } else if self.life == "live"
            && self.host.is_none()
            && self.was_host.as_deref() == Some(who)
        {
            self.crown(Some(who.to_owned()));
            true
        } else {
            false
        }
    }

    fn crown(&mut self, who: Option<String>) {
        if self.host.is_some() && who.is_none() {
            self.was_host = self.host.take();
        }
        self.host = who;
        self.fence += 1;
    }

    fn close(&mut self, now: f64) {
        (self.life, self.life_until) = ("expired", Some(now + 60_000.0));
    }

    fn time_is_up(&mut self, facts: &Facts, now: f64) -> bool {
        let due = self.life_until.is_some_and(|until| until <= now);
        let wait_due = self.wait.as_ref().is_some_and(|wait| wait.until <= now);
        match self.life {
            "created" if due => self.close(now),
            "expired" if due => (self.life, self.life_until) = ("deleted", None),
            "grace" if due && self.loss == HostLoss::Expire => {
                self.fence += 1;
                self.close(now);
            }
            "grace" if due => {
                (self.life, self.life_until) = ("live", None);
                let heir = facts.co_hosts.first().filter(|_| self.loss == HostLoss::Promote);
                self.crown(heir.map(ToString::to_string));
                if self.loss == HostLoss::Pause && self.status != "ended" {
                    self.stand("paused", self.place_at(now), now);
                }
            }
            _ if wait_due && !self.is_over() => self.roll(facts, now),
            _ => return false,
        }
        true
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
