//! Who may send which command: the whole table, and what it gives each role.

use std::collections::BTreeSet;
use std::fmt::Write;

use engine::{Command, CommandKind, Permission, PlaybackControl, Rejection, Role, Room, RoomPatch};

use crate::edge::{edge_read, finished};
use crate::story::{
    CO_HOST, GUEST, HOST, MEMBER, Party, SERVER, T0, audio, connected, ended, envelope, measured,
    media, origins_read, quality, refreshed, remove, seek, set_media, set_rate, set_role, subtitle,
    transfer,
};

/// Command, permission, and the rejection for a participant who lacks it.
const TABLE: &str = "
play            Playback               NotHost
pause           Playback               NotHost
seek            Playback               NotHost
set_rate        Playback               NotHost
change_quality  Playback               NotHost
change_subtitle Playback               NotHost
change_audio    Playback               NotHost
set_media       Media                  NotHost
ended           Media                  NotHost
measured        Media                  NotHost
host_transfer   Host                   Forbidden
set_role        Host                   Forbidden
change_room     Host                   Forbidden
remove          Moderation             Forbidden
delete          HostOrHostlessCreator  Forbidden
start_ready     System                 Forbidden
rebuffer        System                 Forbidden
refreshed       System                 Forbidden
origins_read    System                 Forbidden
edge_read       System                 Forbidden
finished        System                 Forbidden
connected       System                 Forbidden
host_lost       System                 Forbidden
idle            System                 Forbidden
deadline        System                 Forbidden
rebase          System                 Forbidden
";

#[test]
fn the_table_of_permissions_is_complete() {
    let mut table = String::from("\n");
    for kind in CommandKind::ALL {
        let permission = kind.permission();
        let (needed, rejection) = (format!("{permission:?}"), permission.rejection());
        writeln!(table, "{:<15} {needed:<22} {rejection:?}", kind.name())
            .expect("a string takes everything");
    }
    assert_eq!(table, TABLE);
}

#[test]
fn every_command_has_a_kind_of_its_own() {
    let kinds: Vec<CommandKind> = commands().iter().map(Command::kind).collect();
    assert_eq!(kinds, CommandKind::ALL);
    let names: BTreeSet<&str> = CommandKind::ALL.into_iter().map(CommandKind::name).collect();
    assert_eq!(names.len(), CommandKind::ALL.len());
}

#[test]
fn a_command_is_admitted_by_its_permission_before_its_data_is_known() {
    let mut party = Party::live();
    party.does(HOST, set_role("p_moderator", Role::Moderator));
    party.does(HOST, set_role("p_viewer", Role::Viewer));
    let others = [MEMBER, GUEST, "p_moderator", "p_viewer"];
    for kind in CommandKind::ALL {
        let permission = kind.permission();
        let mut allowed: BTreeSet<&str> = BTreeSet::new();
        for who in [HOST, CO_HOST, SERVER].into_iter().chain(others) {
            match party.room.admit(kind, &envelope(who)) {
                Ok(None) => {
                    allowed.insert(who);
                }
                other if who == SERVER => assert_eq!(other, Err(Rejection::Forbidden)),
                other => assert_eq!(other, Err(permission.rejection())),
            }
        }
        let expected: &[&str] = match permission {
            Permission::Playback | Permission::Media => &[HOST, CO_HOST],
            Permission::Host | Permission::HostOrHostlessCreator => &[HOST],
            Permission::Moderation => &[HOST, CO_HOST, "p_moderator"],
            Permission::System => &[SERVER],
        };
        assert_eq!(allowed, expected.iter().copied().collect(), "{kind:?}");
    }
}

/// Whether a command is one of playback or media.
pub(crate) fn is_playback(command: &Command) -> bool {
    matches!(command.kind().permission(), Permission::Playback | Permission::Media)
}

/// Whether somebody of a role may send a command of playback or media.
pub(crate) fn may_send(room: &Room, role: Role, command: &Command) -> bool {
    let is_host = matches!(role, Role::Host | Role::CoHost);
    let is_media = matches!(
        command,
        Command::SetMedia { .. } | Command::Ended { .. } | Command::Measured { .. }
    );
    let is_open = room.profile.settings.playback_control == PlaybackControl::Everyone;
    is_host || is_open && !is_media && role != Role::Viewer
}

/// One command of each kind, in the order of the table.
fn commands() -> Vec<Command> {
    vec![
        Command::Play,
        Command::Pause,
        seek(0),
        set_rate(1_000),
        quality(None),
        subtitle(None),
        audio("a0"),
        set_media(media("m_1", None)),
        ended("m_1"),
        measured("m_1", Some(1_000)),
        transfer(GUEST),
        set_role(GUEST, Role::CoHost),
        Command::ChangeRoom(RoomPatch::default()),
        remove(GUEST),
        Command::Delete,
        Command::StartReady { since_version: 1 },
        Command::Rebuffer,
        refreshed("m_1", 1),
        origins_read("m_1", &[], 0..1),
        edge_read("m_1", T0, 1, 20_000),
        finished("m_1", None),
        connected(HOST),
        Command::HostLost,
        Command::Idle,
        Command::Deadline,
        Command::Rebase { epoch: 8, lost: false, outage_ms: 0 },
    ]
}
