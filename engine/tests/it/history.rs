//! Arbitrary histories of a room: participants and server send any command at any time.

mod drawn;

use engine::{
    Actor, Command, Decision, Envelope, Facts, HostLoss, LiveEdge, MediaId, Op, ParticipantId,
    Place, Position, Rejection, Request, Role, Room,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use self::drawn::{any_media, patches};
use crate::story::{self, CO_HOST, GUEST, HOST, MEMBER, SERVER, T0, at, id, live_media, media};

/// The outage that a rebuild counts, if it counts one.
const OUTAGE_MS: u64 = 5_000;

/// A sequence of requests to a room.
#[derive(Clone, Debug)]
pub(crate) struct History {
    host_loss: HostLoss,
    /// Whether it begins with a connected host, a co-host and media.
    opened: bool,
    /// Whether that media is live.
    live: bool,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    New {
        who: &'static str,
        what: What,
        terms: Terms,
        moment: Moment,
    },
    /// The request of `ago` steps before: the same again or, if `altered`, another one under its id.
    Again {
        ago: usize,
        altered: bool,
        moment: Moment,
    },
}

/// A command, some of which depend on the room at that time.
#[derive(Clone, Debug)]
enum What {
    Plain(Command),
    SeekShare(u8),
    EndedNow,
    /// In percent of the stated duration.
    MeasuredShare(u8),
    StartReady {
        late: bool,
    },
    /// The edge was read so many seconds ahead of where the room has it, and the window as much longer.
    EdgeRead {
        ahead_s: i8,
        longer_s: i8,
    },
    /// The live source has ended where its edge is, or nobody knows where.
    Finished {
        dated: bool,
    },
    RebaseBy {
        by: i8,
        lost: bool,
    },
}

/// The terms of a request, relative to the current ones.
#[derive(Clone, Copy, Debug)]
struct Terms {
    op: Option<u8>,
    version_off: Option<i8>,
    fence_off: Option<i8>,
}

/// When a request comes, and what the server knows then.
#[derive(Clone, Copy, Debug)]
struct Moment {
    after_ms: i64,
    ready: usize,
    rtt_ms: u64,
    co_hosts: usize,
}

/// One request and its outcome.
pub(crate) struct Turn {
    pub(crate) before: Room,
    pub(crate) request: Request,
    pub(crate) facts: Facts,
    pub(crate) outcome: Result<Decision, Rejection>,
    pub(crate) after: Room,
}

impl History {
    /// The room before the first request.
    pub(crate) fn start(&self) -> Room {
        story::new_room(self.host_loss)
    }

    /// Sends every request.
    pub(crate) fn turns(&self) -> Vec<Turn> {
        let mut room = self.start();
        let mut clock = T0;
        let mut turns: Vec<Turn> = Vec::new();
        let opening = if self.opened { opening(self.live) } else { Vec::new() };
        for step in opening.iter().chain(&self.steps) {
            let (request, moment) = step.request(&room, &turns);
            clock = clock.saturating_add_signed(moment.after_ms);
            let facts = moment.facts(clock);
            let outcome = room.handle(&request, &facts);
            let before = room.clone();
            if let Ok(Decision::Commit(commit)) = &outcome {
                room.apply(commit);
            }
            turns.push(Turn { before, request, facts, outcome, after: room.clone() });
        }
        turns
    }
}

impl Step {
    fn request(&self, room: &Room, turns: &[Turn]) -> (Request, Moment) {
        match self {
            Self::New { who, what, terms, moment } => (terms.request(who, what, room), *moment),
            Self::Again { ago, altered, moment } => {
                let Some(turn) = turns.iter().rev().nth(*ago) else {
                    return (story::request(HOST, Command::Play), *moment);
                };
                let mut request = turn.request.clone();
                if *altered && let Some(op) = &mut request.envelope.op {
                    request.command = Command::Seek { to_ms: 1 };
                    op.payload_hash = hash(&request.command);
                }
                (request, *moment)
            }
        }
    }
}

impl Terms {
    fn request(self, who: &'static str, what: &What, room: &Room) -> Request {
        let command = what.command(room);
        let actor = story::actor(who);
        let op = match (&actor, self.op) {
            (Actor::Participant { id, .. }, Some(number)) => Some(Op {
                participant_id: id.clone(),
                id: format!("c{number}"),
                payload_hash: hash(&command),
            }),
            _ => None,
        };
        let near = |current: u64, off: i8| current.saturating_add_signed(off.into());
        let place = |off| Place { epoch: room.epoch, version: near(room.version, off) };
        let envelope = Envelope {
            actor,
            op,
            expected: self.version_off.map(place),
            fence: self.fence_off.map(|off| near(room.fence, off)),
        };
        Request { envelope, command }
    }
}

impl What {
    fn command(&self, room: &Room) -> Command {
        match self {
            Self::Plain(command) => command.clone(),
            Self::SeekShare(percent) => {
                let (from, length) = match room.live_edge() {
                    Some(edge) => (edge.earliest(room.at).as_millis(), edge.window_ms),
                    None => (0, room.duration().map_or(100_000, |duration| duration.as_millis())),
                };
                let to = from + length * u64::from(*percent) / 100;
                Command::Seek { to_ms: i64::try_from(to).expect("durations are small") }
            }
            Self::EndedNow => {
                let media_id = room.playback.media_id.clone();
                Command::Ended { media_id: media_id.unwrap_or(MediaId::new("m_none")) }
            }
            Self::MeasuredShare(percent) => {
                let media = room.media.as_ref();
                let stated = media.and_then(|media| media.source.duration);
                let media_id = media.map_or("m_none", |media| media.media_id.as_str());
                let ms = stated.map(|stated| stated.as_millis() * u64::from(*percent) / 100);
                story::measured(media_id, ms)
            }
            Self::StartReady { late } => {
                let since = room.playback.waiting.as_ref().map_or(1, |wait| wait.since_version);
                Command::StartReady { since_version: since - u64::from(*late) }
            }
            Self::EdgeRead { ahead_s, longer_s } => {
                let media_id = room.playback.media_id.clone().unwrap_or(MediaId::new("m_none"));
                let LiveEdge { window_ms, hold_back_ms, keeps_all, .. } = known_edge(room);
                let moved = |ms: u64, by_s: i8| ms.saturating_add_signed(i64::from(by_s) * 1_000);
                let position = moved(known_edge(room).position_at(room.at).as_millis(), *ahead_s);
                let edge = LiveEdge {
                    position: Position::from_millis(position),
                    at: room.at,
                    window_ms: moved(window_ms, *longer_s),
                    hold_back_ms,
                    keeps_all,
                };
                Command::EdgeRead { media_id, edge }
            }
            Self::Finished { dated } => {
                let media_id = room.playback.media_id.clone().unwrap_or(MediaId::new("m_none"));
                let ends = known_edge(room).position_at(room.at);
                let film = Box::new(media("m_film", Some(40_000)));
                Command::Finished { media_id, media: film, ends: dated.then_some(ends) }
            }
            Self::RebaseBy { by, lost } => Command::Rebase {
                epoch: room.epoch.saturating_add_signed((*by).into()),
                lost: *lost,
                outage_ms: if *lost { OUTAGE_MS } else { 0 },
            },
        }
    }
}

/// The edge as the room has it; of other media, that of some live media.
fn known_edge(room: &Room) -> LiveEdge {
    let any = || live_media("m_none", 20_000, 6_000).source.live_edge.expect("it is live");
    room.live_edge().unwrap_or_else(any)
}

impl Moment {
    fn facts(self, clock: u64) -> Facts {
        let first = |ids: [&str; 2], count| ids.into_iter().take(count).map(id).collect();
        Facts {
            now: at(clock),
            ready_capable: (0..self.ready).map(|n| id(&format!("p_ready_{n}"))).collect(),
            rtt_ms: self.rtt_ms,
            connections: self.ready,
            co_hosts: first([CO_HOST, MEMBER], self.co_hosts),
        }
    }
}

/// Stands in for the server's hash of type and data: equal exactly if the commands are.
pub(crate) fn hash(command: &Command) -> u64 {
    let text = format!("{command:?}");
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Any history.
pub(crate) fn histories() -> impl Strategy<Value = History> {
    let loss = select(vec![HostLoss::Expire, HostLoss::Promote, HostLoss::Hold, HostLoss::Pause]);
    let opened = prop_oneof![4 => Just(true), 1 => Just(false)];
    let live = prop_oneof![3 => Just(false), 1 => Just(true)];
    (loss, opened, live, vec(steps(), 0..60)).prop_map(|(host_loss, opened, live, steps)| History {
        host_loss,
        opened,
        live,
        steps,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let by_participant = (participants(), commands(), terms(), moments());
    let by_server = (mostly_server(), server_commands(), terms(), moments());
    let new = |(who, what, terms, moment)| Step::New { who, what, terms, moment };
    prop_oneof![
        9 => by_participant.prop_map(new),
        4 => by_server.prop_map(new),
        2 => (0..12_usize, any::<bool>(), moments())
            .prop_map(|(ago, altered, moment)| Step::Again { ago, altered, moment }),
    ]
}

fn participants() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        6 => Just(HOST),
        3 => Just(CO_HOST),
        1 => Just(MEMBER),
        2 => Just(GUEST),
        1 => Just(SERVER),
    ]
}

fn mostly_server() -> impl Strategy<Value = &'static str> {
    prop_oneof![12 => Just(SERVER), 1 => Just(HOST), 1 => Just(GUEST)]
}

fn any_participant() -> impl Strategy<Value = ParticipantId> {
    select(vec![HOST, CO_HOST, MEMBER, GUEST]).prop_map(id)
}

fn commands() -> impl Strategy<Value = What> {
    let text = |ids: Vec<&'static str>| option::of(select(ids).prop_map(str::to_owned));
    let roles = vec![
        Role::Host,
        Role::CoHost,
        Role::CoHost,
        Role::Moderator,
        Role::Member,
        Role::Guest,
        Role::Viewer,
    ];
    let plain = prop_oneof![
        12 => Just(Command::Play),
        6 => Just(Command::Pause),
        3 => prop_oneof![any::<i64>(), -2..70_000_i64].prop_map(|to_ms| Command::Seek { to_ms }),
        6 => (250..=4_000_u16).prop_map(story::set_rate),
        2 => select(vec![1_000, 1_500]).prop_map(story::set_rate),
        3 => text(vec!["v0", "v1", "v9"]).prop_map(|rendition| Command::ChangeQuality { rendition }),
        3 => text(vec!["s0", "s1", "s9"]).prop_map(|track| Command::ChangeSubtitle { track }),
        3 => select(vec!["a0", "a1", "a9"]).prop_map(story::audio),
        3 => any_media().prop_map(story::set_media),
        1 => Just(story::ended("m_none")),
        2 => any_participant().prop_map(|to| Command::HostTransfer { to }),
        4 => (any_participant(), select(roles))
            .prop_map(|(participant, role)| Command::SetRole { participant, role }),
        3 => patches().prop_map(Command::ChangeRoom),
        3 => any_participant().prop_map(|participant| story::remove(participant.as_str())),
    ];
    prop_oneof![
        50 => plain.prop_map(What::Plain),
        8 => (0..=101_u8).prop_map(What::SeekShare),
        4 => Just(What::EndedNow),
        4 => (0..=220_u8).prop_map(What::MeasuredShare),
    ]
}

fn server_commands() -> impl Strategy<Value = What> {
    let plain = prop_oneof![
        20 => Just(Command::Deadline),
        12 => any_participant().prop_map(|participant| Command::Connected { participant }),
        4 => Just(Command::HostLost),
        8 => Just(Command::Rebuffer),
        3 => (0..3_u8, 0..3_u8).prop_map(|(n, address)| story::refreshed(&format!("m_{n}"), address)),
        1 => Just(Command::Idle),
        1 => Just(Command::Delete),
    ];
    prop_oneof![
        40 => plain.prop_map(What::Plain),
        10 => any::<bool>().prop_map(|late| What::StartReady { late }),
        8 => (-30..30_i8, -5..9_i8)
            .prop_map(|(ahead_s, longer_s)| What::EdgeRead { ahead_s, longer_s }),
        2 => any::<bool>().prop_map(|dated| What::Finished { dated }),
        2 => (-1..3_i8, any::<bool>()).prop_map(|(by, lost)| What::RebaseBy { by, lost }),
    ]
}

/// Terms that are mostly current, where there are any.
fn terms() -> impl Strategy<Value = Terms> {
    let off = || prop_oneof![12 => Just(None), 3 => Just(Some(0)), 1 => (-3..4_i8).prop_map(Some)];
    (option::of(0..24_u8), off(), off()).prop_map(|(op, version_off, fence_off)| Terms {
        op,
        version_off,
        fence_off,
    })
}

/// Mostly a little later than the last; sometimes at once, earlier, or a day later.
fn moments() -> impl Strategy<Value = Moment> {
    let after_ms = prop_oneof![
        8 => 0..5_000_i64,
        2 => Just(0_i64),
        2 => -20_000..0_i64,
        2 => 5_000..130_000_i64,
        1 => Just(25 * 60 * 60 * 1000_i64),
    ];
    let ready = prop_oneof![Just(0), 1..4_usize, Just(23)];
    let rtt_ms = prop_oneof![8 => 0..4_000_u64, 1 => Just(u64::MAX)];
    (after_ms, ready, rtt_ms, 0..3_usize).prop_map(|(after_ms, ready, rtt_ms, co_hosts)| Moment {
        after_ms,
        ready,
        rtt_ms,
        co_hosts,
    })
}

/// The host connects, names a co-host and chooses media.
fn opening(live: bool) -> Vec<Step> {
    let moment = Moment { after_ms: 100, ready: 0, rtt_ms: 0, co_hosts: 0 };
    let terms = Terms { op: None, version_off: None, fence_off: None };
    let first = if live { live_media("m_1", 20_000, 6_000) } else { media("m_1", Some(60_000)) };
    let step = |who, command| Step::New { who, what: What::Plain(command), terms, moment };
    vec![
        step(SERVER, story::connected(HOST)),
        step(HOST, story::set_role(CO_HOST, Role::CoHost)),
        step(HOST, story::set_media(first)),
    ]
}
