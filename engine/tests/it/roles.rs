//! Roles and what each allows.

use engine::{
    Actor, ChatSettings, Command, Entry, Event, HostCause, HostLoss, Permission, PlaybackControl,
    ROLES_MAX, Rejection, Role, RoomPatch, Status,
};

use crate::story::{
    CO_HOST, GRACE_MS, GUEST, HOST, MEMBER, Party, SERVER, actor, audio, change_room, connected,
    ended, id, media, origins_read, quality, refreshed, remove, seek, set_media, set_rate,
    set_role, subtitle, transfer,
};

#[test]
fn the_creator_is_host_from_the_start() {
    let party = Party::created();
    assert_eq!((party.host(), party.room.fence, party.room.version), (Some(HOST), 1, 1));
    assert_eq!(party.room.role_of(&actor(HOST)), Some(Role::Host));
}

#[test]
fn only_the_host_and_co_hosts_command_playback() {
    let mut party = Party::playing();
    party.does(HOST, set_role("p_viewer", Role::Viewer));
    party.does(HOST, set_role("p_moderator", Role::Moderator));
    for who in [MEMBER, GUEST, "p_viewer", "p_moderator"] {
        for command in playback_commands() {
            assert_eq!(party.rejects(who, command), Rejection::NotHost);
        }
    }
}

#[test]
fn everyone_but_viewers_commands_playback_if_the_host_lets_them_but_chooses_no_media() {
    let mut party = Party::playing();
    party.does(HOST, set_role("p_viewer", Role::Viewer));
    party.does(HOST, set_role("p_moderator", Role::Moderator));
    let control = |who| RoomPatch { playback_control: Some(who), ..RoomPatch::default() };
    party.does(HOST, change_room(control(PlaybackControl::Everyone)));
    for command in playback_commands() {
        let is_media = command.kind().permission() == Permission::Media;
        for who in [MEMBER, GUEST, "p_moderator"] {
            let mut party = party.clone();
            party.later(1_000);
            match party.ask(who, command.clone()) {
                Err(rejection) => assert_eq!((rejection, is_media), (Rejection::NotHost, true)),
                Ok(_) => assert!(!is_media, "{who} {command:?}"),
            }
        }
        assert_eq!(party.rejects("p_viewer", command), Rejection::NotHost);
    }
    party.does(HOST, change_room(control(PlaybackControl::Hosts)));
    assert_eq!(party.rejects(GUEST, Command::Pause), Rejection::NotHost);
}

#[test]
fn a_co_host_commands_playback_like_the_host() {
    for command in playback_commands() {
        let mut by_host = Party::playing();
        let mut by_co_host = by_host.clone();
        by_host.later(1_000);
        by_co_host.later(1_000);
        by_host.ask(HOST, command.clone()).expect("allowed");
        by_co_host.ask(CO_HOST, command).expect("allowed");
        assert_eq!(by_host.room, by_co_host.room);
    }
}

#[test]
fn a_co_host_has_no_other_power_of_the_host() {
    let mut party = Party::playing();
    let commands = [
        transfer(CO_HOST),
        set_role(GUEST, Role::CoHost),
        change_room(RoomPatch::default()),
        Command::Delete,
    ];
    for command in commands {
        for who in [CO_HOST, MEMBER, GUEST] {
            assert_eq!(party.rejects(who, command.clone()), Rejection::Forbidden);
        }
    }
}

#[test]
fn participants_cannot_send_the_commands_of_the_server() {
    let mut party = Party::waiting();
    let since_version = party.room.version;
    for command in server_commands(since_version) {
        for who in [HOST, CO_HOST, GUEST] {
            assert_eq!(party.rejects(who, command.clone()), Rejection::Forbidden);
        }
    }
}

#[test]
fn the_server_cannot_send_the_commands_of_participants() {
    let mut party = Party::playing();
    let others = [transfer(GUEST), set_role(GUEST, Role::CoHost), Command::Delete];
    for command in playback_commands().into_iter().chain(others) {
        assert_eq!(party.rejects(SERVER, command), Rejection::Forbidden);
    }
}

#[test]
fn a_granted_role_takes_effect_at_once() {
    let mut party = Party::playing();
    let commit = party.does(HOST, set_role(GUEST, Role::CoHost));
    let expected =
        Event::RoleChanged { participant_id: id(GUEST), role: Role::CoHost, by: Some(id(HOST)) };
    assert_eq!(commit.event, expected);
    party.does(GUEST, Command::Pause);
    assert_eq!(party.playback().status, Status::Paused);
    party.changes_nothing(HOST, set_role(GUEST, Role::CoHost));
}

#[test]
fn a_revoked_role_takes_effect_at_once() {
    let mut party = Party::playing();
    party.does(HOST, set_role(CO_HOST, Role::Member));
    assert_eq!(party.room.role_of(&actor(CO_HOST)), Some(Role::Member));
    assert_eq!(party.rejects(CO_HOST, Command::Pause), Rejection::NotHost);
    assert!(party.room.roles.is_empty());
    party.changes_nothing(HOST, set_role(CO_HOST, Role::Member));
    party.changes_nothing(HOST, set_role(CO_HOST, Role::Guest));
}

#[test]
fn who_moderates_removes_only_people_of_lower_roles() {
    let mut party = Party::playing();
    party.does(HOST, set_role("p_moderator", Role::Moderator));
    party.does(HOST, set_role("p_another", Role::Moderator));
    for who in [CO_HOST, "p_moderator"] {
        assert_eq!(party.rejects(who, remove(HOST)), Rejection::Forbidden);
        assert_eq!(party.rejects(who, remove(who)), Rejection::Forbidden);
        party.changes_nothing(who, remove(GUEST));
    }
    assert_eq!(party.rejects(HOST, remove(HOST)), Rejection::Forbidden);
    for whom in [CO_HOST, "p_another"] {
        assert_eq!(party.rejects("p_moderator", remove(whom)), Rejection::Forbidden);
    }
    for who in [MEMBER, GUEST, SERVER] {
        assert_eq!(party.rejects(who, remove(GUEST)), Rejection::Forbidden);
    }
}

#[test]
fn nobody_is_removed_to_whom_a_room_without_a_host_returns() {
    let mut party = Party::playing();
    let hold = RoomPatch { host_loss: Some(HostLoss::Hold), ..RoomPatch::default() };
    party.does(HOST, change_room(hold));
    party.does(HOST, transfer(CO_HOST));
    party.does(CO_HOST, set_role("p_moderator", Role::Moderator));
    party.does(SERVER, Command::HostLost);
    party.later(GRACE_MS);
    party.does(SERVER, Command::Deadline);
    assert_eq!(party.host(), None);
    for whom in [HOST, CO_HOST] {
        assert_eq!(party.rejects("p_moderator", remove(whom)), Rejection::Forbidden);
    }
    party.changes_nothing("p_moderator", remove(GUEST));
}

#[test]
fn who_is_removed_keeps_no_role_that_commands_or_moderates() {
    let mut party = Party::playing();
    party.does(HOST, set_role("p_moderator", Role::Moderator));
    party.does(HOST, set_role("p_viewer", Role::Viewer));
    let commit = party.does(CO_HOST, remove("p_moderator"));
    let expected = Event::RoleChanged {
        participant_id: id("p_moderator"),
        role: Role::Member,
        by: Some(id(CO_HOST)),
    };
    assert_eq!(commit.event, expected);
    party.does(HOST, remove(CO_HOST));
    party.changes_nothing(HOST, remove("p_viewer"));
    assert_eq!(party.room.roles.keys().collect::<Vec<_>>(), [&id("p_viewer")]);
}

#[test]
fn without_a_grant_the_role_is_the_base_role() {
    let party = Party::live();
    let guest = Actor::Participant { id: id("p_new"), base: Role::Guest };
    assert_eq!(party.room.role_of(&guest), Some(Role::Guest));
    assert_eq!(party.room.role_of_participant(&id("p_new"), Role::Member), Role::Member);
    assert_eq!(party.room.role_of(&actor(SERVER)), None);
}

#[test]
fn the_host_role_is_transferred_not_granted() {
    let mut party = Party::live();
    assert_eq!(party.rejects(HOST, set_role(GUEST, Role::Host)), Rejection::Forbidden);
    assert_eq!(party.rejects(HOST, set_role(HOST, Role::CoHost)), Rejection::Forbidden);
}

#[test]
fn a_transfer_moves_the_host_role_and_raises_the_fence() {
    let mut party = Party::playing();
    let fence = party.room.fence;
    let commit = party.does(HOST, transfer(GUEST));
    let expected = Event::HostChanged {
        cause: HostCause::Transfer,
        host_id: Some(id(GUEST)),
        fence: fence + 1,
    };
    assert_eq!(commit.event, expected);
    assert_eq!((party.host(), party.room.fence), (Some(GUEST), fence + 1));
    assert_eq!(party.rejects(HOST, Command::Pause), Rejection::NotHost);
    assert_eq!(party.rejects(HOST, transfer(HOST)), Rejection::Forbidden);
    party.does(GUEST, Command::Pause);
    party.changes_nothing(GUEST, transfer(GUEST));
}

#[test]
fn a_host_who_gave_the_role_away_does_not_regain_it() {
    let mut party = Party::live();
    party.does(HOST, transfer(CO_HOST));
    party.changes_nothing(SERVER, connected(HOST));
    assert_eq!(party.host(), Some(CO_HOST));
}

#[test]
fn a_room_grants_a_limited_number_of_roles() {
    let mut party = Party::created();
    for n in 0..ROLES_MAX {
        party.does(HOST, set_role(&format!("p_{n}"), Role::Moderator));
    }
    let rejection = party.ask(HOST, set_role("p_more", Role::CoHost)).expect_err("too many");
    assert_eq!(rejection, Rejection::TooManyRoles { max: ROLES_MAX });
    party.does(HOST, set_role("p_0", Role::CoHost));
    party.does(HOST, set_role("p_1", Role::Guest));
    party.does(HOST, set_role("p_more", Role::CoHost));
    assert_eq!(party.room.roles.len(), ROLES_MAX);
}

#[test]
fn the_host_changes_the_profile_of_the_room() {
    let mut party = Party::live();
    party.changes_nothing(HOST, change_room(RoomPatch::default()));
    let chat = ChatSettings { enabled: false, slow_mode_ms: 5_000 };
    let patch = RoomPatch {
        name: Some("Saturday film".to_owned()),
        is_public: Some(false),
        language: Some(Some("pt-BR".to_owned())),
        tags: Some(vec!["anime".to_owned()]),
        chat_enabled: Some(false),
        slow_mode_ms: Some(5_000),
        host_loss: Some(HostLoss::Pause),
        host_grace_ms: Some(30_000),
        rebuffer_barrier: Some(true),
        playback_control: Some(PlaybackControl::Everyone),
        entry: Some(Entry::Knock),
        capacity: Some(Some(12)),
    };
    let commit = party.does(HOST, change_room(patch.clone()));
    let profile = &party.room.profile;
    assert_eq!(commit.event, Event::RoomChanged { profile: profile.clone() });
    assert_eq!((profile.name.as_str(), profile.is_public), ("Saturday film", false));
    assert_eq!(
        (profile.language.as_deref(), &*profile.tags),
        (Some("pt-BR"), &["anime".to_owned()][..])
    );
    assert_eq!((profile.chat, profile.settings.host_loss), (chat, HostLoss::Pause));
    assert_eq!((profile.settings.host_grace_ms, profile.settings.host_lease_ms), (30_000, 15_000));
    assert!(profile.settings.rebuffer_barrier);
    assert_eq!(profile.settings.playback_control, PlaybackControl::Everyone);
    assert_eq!((profile.settings.entry, profile.settings.capacity), (Entry::Knock, Some(12)));
    party.changes_nothing(HOST, change_room(patch));
}

#[test]
fn a_role_that_came_with_a_grant_of_access_never_becomes_one_of_the_room() {
    let mut party = Party::live();
    let (participant, base) = (GUEST, Role::Moderator);
    let remove = Command::Remove { participant: id(participant), base };
    party.changes_nothing(HOST, remove.clone());
    party.does(HOST, Command::SetRole { participant: id(participant), role: Role::CoHost });
    let commit = party.does(HOST, remove);
    assert!(matches!(commit.event, Event::RoleChanged { role: Role::Guest, .. }), "{commit:?}");
    assert_eq!(party.room.role_of_participant(&id(participant), base), base);
}

#[test]
fn a_closed_room_is_open_to_those_to_whom_it_belongs_and_whom_it_made_moderators() {
    let mut party = Party::live();
    for (role, is_open) in [(Role::Viewer, false), (Role::Moderator, true)] {
        party.does(HOST, Command::SetRole { participant: id(GUEST), role });
        let closed = RoomPatch { entry: Some(Entry::Invite), ..RoomPatch::default() };
        if is_open {
            party.changes_nothing(HOST, change_room(closed));
        } else {
            party.does(HOST, change_room(closed));
        }
        assert_eq!(party.room.is_open_to(&id(GUEST)), is_open, "{role:?}");
    }
    assert!(party.room.is_open_to(&id(HOST)));
    assert!(!party.room.is_open_to(&id("p_stranger")));
    let open = RoomPatch { entry: Some(Entry::Open), ..RoomPatch::default() };
    party.does(HOST, change_room(open));
    assert!(party.room.is_open_to(&id("p_stranger")));
}

#[test]
fn people_let_others_in_only_with_roles_below_their_own() {
    let mut party = Party::live();
    party.does(HOST, Command::SetRole { participant: id(GUEST), role: Role::Moderator });
    let actor = |name: &str| Actor::Participant { id: id(name), base: Role::Guest };
    for (who, role, is_allowed) in [
        (HOST, Some(Role::CoHost), true),
        (HOST, Some(Role::Host), false),
        (GUEST, None, true),
        (GUEST, Some(Role::Member), true),
        (GUEST, Some(Role::Moderator), false),
        ("p_stranger", None, false),
        ("p_stranger", Some(Role::Viewer), false),
    ] {
        let checked = party.room.check_admission(&actor(who), role);
        assert_eq!(checked.is_ok(), is_allowed, "{who} {role:?}");
    }
}

#[test]
fn a_change_of_one_property_keeps_the_others() {
    let mut party = Party::live();
    let mut expected = party.room.profile.clone();
    expected.name = "Saturday film".to_owned();
    let name = Some(expected.name.clone());
    party.does(HOST, change_room(RoomPatch { name, ..RoomPatch::default() }));
    assert_eq!(party.room.profile, expected);
}

/// Every playback command, each valid for the host of a playing room.
fn playback_commands() -> Vec<Command> {
    vec![
        Command::Play,
        Command::Pause,
        seek(1_000),
        set_rate(1_500),
        quality(Some("v0")),
        subtitle(Some("s0")),
        audio("a0"),
        set_media(media("m_2", None)),
        ended("m_1"),
    ]
}

/// Every command that the server alone sends.
fn server_commands(since_version: u64) -> [Command; 9] {
    [
        Command::StartReady { since_version },
        Command::Rebuffer,
        refreshed("m_1", 1),
        origins_read("m_1", &[], 0..1),
        connected(HOST),
        Command::HostLost,
        Command::Idle,
        Command::Deadline,
        Command::Rebase { epoch: 100, lost: false, outage_ms: 0 },
    ]
}
