//! What the examples are made of: a room, a clock, and participants who send commands.

use std::ops::Range;

use engine::{
    Actor, AudioTrack, Availability, ChatSettings, Command, Commit, Control, Cors, Decision,
    Delivery, DeliveryKind, DurationOrigin, Entry, Envelope, Event, Evidence, Facts, HostLoss,
    LifecycleState, LiveEdge, Measurement, Media, MediaId, NewRoom, Op, Origin, ParticipantId,
    Playback, PlaybackCause, PlaybackControl, Position, Profile, Rate, Reading, Rejection,
    Rendition, Request, Role, Room, RoomId, RoomPatch, Settings, Source, Span, TextTrack,
    TextTrackKind, Timeline, TimelineKind, Timestamp,
};

pub(crate) const HOST: &str = "p_host";
pub(crate) const CO_HOST: &str = "p_co_host";
pub(crate) const MEMBER: &str = "p_member";
pub(crate) const GUEST: &str = "p_guest";
/// Stands for the server itself.
pub(crate) const SERVER: &str = "";

/// When the examples begin.
pub(crate) const T0: u64 = 1_700_000_000_000;
pub(crate) const GRACE_MS: u64 = 120_000;
/// The duration of the media in the examples.
pub(crate) const DURATION_MS: u64 = 60_000;

/// A room, the time, and what else the server knows.
#[derive(Clone)]
pub(crate) struct Party {
    pub(crate) room: Room,
    pub(crate) facts: Facts,
}

impl Party {
    /// A room whose host hasn't connected yet.
    pub(crate) fn created() -> Self {
        let facts = Facts { now: at(T0), ..Facts::default() };
        Self { room: new_room(HostLoss::Expire), facts }
    }

    /// The host is connected and has named a co-host.
    pub(crate) fn live() -> Self {
        let mut party = Self::created();
        party.does(SERVER, connected(HOST));
        party.does(HOST, set_role(CO_HOST, Role::CoHost));
        party
    }

    /// Media is set, paused at the start.
    pub(crate) fn watching() -> Self {
        let mut party = Self::live();
        party.does(HOST, set_media(media("m_1", Some(DURATION_MS))));
        party
    }

    /// Playing from the start as of now, while no player reports readiness.
    pub(crate) fn playing() -> Self {
        let mut party = Self::watching();
        party.does(HOST, Command::Play);
        party
    }

    /// Waiting for two players before the first start.
    pub(crate) fn waiting() -> Self {
        let mut party = Self::watching();
        party.ready_capable(2);
        party.does(HOST, Command::Play);
        party
    }

    /// The host is away; the grace period will end by `policy`.
    pub(crate) fn grace(policy: HostLoss) -> Self {
        let mut party = Self::playing();
        party
            .ask(HOST, change_room(RoomPatch { host_loss: Some(policy), ..RoomPatch::default() }))
            .expect("the host may change the room");
        party.does(SERVER, Command::HostLost);
        party
    }

    /// The grace period is over: playback continues, the room has no host.
    pub(crate) fn hostless() -> Self {
        let mut party = Self::grace(HostLoss::Hold);
        party.later(GRACE_MS);
        party.does(SERVER, Command::Deadline);
        party
    }

    /// The party is over.
    pub(crate) fn expired() -> Self {
        let mut party = Self::playing();
        party.does(HOST, Command::Delete);
        party
    }

    /// Connects `count` players that report when they are ready.
    pub(crate) fn ready_capable(&mut self, count: usize) {
        self.facts.ready_capable = (0..count).map(|n| id(&format!("p_ready_{n}"))).collect();
    }

    /// Lets `ms` milliseconds pass.
    pub(crate) fn later(&mut self, ms: u64) {
        self.facts.now = self.facts.now.plus_millis(ms);
    }

    /// Decides a request and applies its commit.
    pub(crate) fn send(&mut self, request: &Request) -> Result<Decision, Rejection> {
        let decision = self.room.handle(request, &self.facts)?;
        if let Decision::Commit(commit) = &decision {
            self.room.apply(commit);
        }
        Ok(decision)
    }

    /// Sends a command that sets no terms.
    pub(crate) fn ask(&mut self, who: &str, command: Command) -> Result<Decision, Rejection> {
        self.send(&request(who, command))
    }

    /// Sends a command that must be committed.
    #[track_caller]
    pub(crate) fn does(&mut self, who: &str, command: Command) -> Commit {
        match self.ask(who, command) {
            Ok(Decision::Commit(commit)) => *commit,
            other => panic!("no commit but {other:?}"),
        }
    }

    /// Sends a command that must change nothing.
    #[track_caller]
    pub(crate) fn changes_nothing(&mut self, who: &str, command: Command) {
        assert_eq!(self.ask(who, command), Ok(Decision::Unchanged));
    }

    /// Sends a command that must be rejected, and returns the rejection.
    #[track_caller]
    pub(crate) fn rejects(&mut self, who: &str, command: Command) -> Rejection {
        self.ask(who, command).expect_err("a rejection")
    }

    pub(crate) fn playback(&self) -> &Playback {
        &self.room.playback
    }

    pub(crate) fn state(&self) -> LifecycleState {
        self.room.lifecycle.state
    }

    /// The position of the playhead now, in milliseconds.
    pub(crate) fn position(&self) -> u64 {
        self.room.expected(self.facts.now).as_millis()
    }

    /// The position of the playhead `ms` from now, in milliseconds.
    pub(crate) fn position_in(&self, ms: u64) -> u64 {
        self.room.expected(self.facts.now.plus_millis(ms)).as_millis()
    }

    /// How far ahead of now the playhead is anchored, in milliseconds.
    pub(crate) fn lead(&self) -> u64 {
        self.playback().anchor_at.millis_since(self.facts.now)
    }

    /// How much longer the room waits for players at most, in milliseconds.
    pub(crate) fn wait(&self) -> Option<u64> {
        let barrier = self.playback().waiting.as_ref()?;
        Some(barrier.deadline.millis_since(self.facts.now))
    }

    pub(crate) fn host(&self) -> Option<&str> {
        self.room.host_id.as_ref().map(ParticipantId::as_str)
    }
}

pub(crate) fn new_room(host_loss: HostLoss) -> Room {
    let settings = Settings {
        host_loss,
        host_grace_ms: GRACE_MS,
        host_lease_ms: 15_000,
        rebuffer_barrier: false,
        playback_control: PlaybackControl::Hosts,
        entry: Entry::Open,
        capacity: None,
    };
    let profile = Profile {
        name: "Friday film".to_owned(),
        is_public: true,
        language: None,
        tags: Vec::new(),
        settings,
        chat: ChatSettings { enabled: true, slow_mode_ms: 0 },
    };
    let new = NewRoom {
        room_id: RoomId::new("r_1"),
        code: "ABCD".to_owned(),
        creator_id: id(HOST),
        profile,
        epoch: 7,
    };
    Room::new(new, at(T0))
}

/// Media with two qualities, two text tracks and two audio tracks, the second of them the default.
pub(crate) fn media(media_id: &str, duration_ms: Option<u64>) -> Media {
    let rendition = |id: &str, height| Rendition {
        id: id.to_owned(),
        width: None,
        height: Some(height),
        bitrate_bps: None,
        codecs: None,
    };
    let text = |id: &str, kind| TextTrack {
        id: id.to_owned(),
        label: id.to_owned(),
        language: None,
        kind,
        renditions: vec![],
        entries: vec![],
        channel: None,
    };
    let audio = |id: &str, default| AudioTrack {
        id: id.to_owned(),
        label: id.to_owned(),
        language: None,
        default,
        renditions: vec![],
        entries: vec![],
    };
    let delivery = Delivery {
        kind: DeliveryKind::Hls,
        url: "https://media.example.test/film.m3u8".to_owned(),
        mime: None,
        cors: Cors::Any,
        codecs: None,
        has_picture: None,
        has_sound: None,
    };
    Media {
        media_id: MediaId::new(media_id),
        source: Source {
            provider: "hls".to_owned(),
            stream_id: "film".to_owned(),
            title: "Film".to_owned(),
            duration: duration_ms.map(Position::from_millis),
            duration_origin: DurationOrigin::Media,
            live: duration_ms.is_none(),
            timeline: Timeline::default(),
            live_edge: None,
            delivery: vec![delivery],
            renditions: vec![rendition("v1", 1080), rendition("v0", 360)],
            text_tracks: vec![
                text("s0", TextTrackKind::Subtitles),
                text("s1", TextTrackKind::Captions),
            ],
            audio_tracks: vec![audio("a0", false), audio("a1", true)],
            poster: None,
            control: Control::ELEMENT,
            availability: Availability::Available { evidence: Evidence::Manifest },
        },
    }
}

/// Live media whose positions are dates: its newest media ended at `T0` when the examples began.
pub(crate) fn live_media(media_id: &str, window_ms: u64, hold_back_ms: u64) -> Media {
    let mut media = media(media_id, None);
    media.source.timeline.kind = TimelineKind::ProgramDateTime;
    let position = Position::from_millis(T0);
    let edge = LiveEdge { position, at: at(T0), window_ms, hold_back_ms, keeps_all: false };
    media.source.live_edge = Some(edge);
    media
}

pub(crate) fn actor(who: &str) -> Actor {
    if who == SERVER {
        return Actor::System;
    }
    let base = if who == GUEST { Role::Guest } else { Role::Member };
    Actor::Participant { id: id(who), base }
}

pub(crate) fn request(who: &str, command: Command) -> Request {
    Request { envelope: envelope(who), command }
}

/// An envelope that sets no terms.
pub(crate) fn envelope(who: &str) -> Envelope {
    Envelope::of(actor(who))
}

pub(crate) fn op(who: &str, name: &str, payload_hash: u64) -> Option<Op> {
    Some(Op { participant_id: id(who), id: name.to_owned(), payload_hash })
}

pub(crate) fn id(text: &str) -> ParticipantId {
    ParticipantId::new(text)
}

pub(crate) fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

pub(crate) fn rate(thousandths: u16) -> Rate {
    Rate::from_milli(thousandths).expect("a rate in range")
}

pub(crate) fn seek(to_ms: i64) -> Command {
    Command::Seek { to_ms }
}

pub(crate) fn set_rate(thousandths: u16) -> Command {
    Command::SetRate { rate: rate(thousandths) }
}

pub(crate) fn set_media(media: Media) -> Command {
    Command::SetMedia { media: Box::new(media) }
}

/// New addresses, of which `number` is part.
pub(crate) fn refreshed(media_id: &str, number: u8) -> Command {
    let mut delivery = media(media_id, None).source.delivery;
    delivery[0].url = format!("https://media.example.test/film.m3u8?signed={number}");
    Command::Refreshed { media_id: MediaId::new(media_id), delivery }
}

/// Origins of discontinuities that begin at these positions, and where they were looked for.
pub(crate) fn origins_read(media_id: &str, starts_ms: &[u64], ms: Range<u64>) -> Command {
    let origin = |start_ms: &u64| Origin {
        discontinuity: u32::try_from(start_ms / 1_000).expect("a small position"),
        start: Position::from_millis(*start_ms),
        timestamp: 90_000,
        timescale: 90_000,
    };
    let origins = starts_ms.iter().map(origin).collect();
    let span = Span::new(Position::from_millis(ms.start), Position::from_millis(ms.end));
    let reading = Reading { origins, span };
    Command::OriginsRead { media_id: MediaId::new(media_id), reading }
}

pub(crate) fn ended(media_id: &str) -> Command {
    Command::Ended { media_id: MediaId::new(media_id) }
}

pub(crate) fn measured(media_id: &str, duration_ms: Option<u64>) -> Command {
    Command::Measured(Measurement {
        media_id: MediaId::new(media_id),
        duration: duration_ms.map(Position::from_millis),
        origin: None,
    })
}

pub(crate) fn quality(rendition: Option<&str>) -> Command {
    Command::ChangeQuality { rendition: rendition.map(str::to_owned) }
}

pub(crate) fn subtitle(track: Option<&str>) -> Command {
    Command::ChangeSubtitle { track: track.map(str::to_owned) }
}

pub(crate) fn audio(track: &str) -> Command {
    Command::ChangeAudio { track: track.to_owned() }
}

pub(crate) fn transfer(to: &str) -> Command {
    Command::HostTransfer { to: id(to) }
}

pub(crate) fn set_role(participant: &str, role: Role) -> Command {
    Command::SetRole { participant: id(participant), role }
}

pub(crate) fn remove(participant: &str) -> Command {
    let base = if participant == GUEST { Role::Guest } else { Role::Member };
    Command::Remove { participant: id(participant), base }
}

pub(crate) fn change_room(patch: RoomPatch) -> Command {
    Command::ChangeRoom(patch)
}

pub(crate) fn connected(participant: &str) -> Command {
    Command::Connected { participant: id(participant) }
}

/// The name of a rejection, without what it carries.
pub(crate) fn name_of(rejection: &Rejection) -> String {
    let text = format!("{rejection:?}");
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// The cause and the author of a change of playback.
#[track_caller]
pub(crate) fn cause_and_author(commit: &Commit) -> (PlaybackCause, Option<&str>) {
    match &commit.event {
        Event::PlaybackChanged { cause, by, .. } => {
            (*cause, by.as_ref().map(ParticipantId::as_str))
        }
        other => panic!("no change of playback but {other:?}"),
    }
}
