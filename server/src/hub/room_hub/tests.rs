//! One room's hub: presence, barriers, spreads and panics.

mod exchange;
mod naming;

use std::time::{Duration, Instant};

use contracts::{ServerFrame, SyncReport};
use engine::{
    ChatSettings, Entry, HostLoss, NewRoom, ParticipantId, PlaybackControl, Profile, Role, Room,
    RoomId, Settings, Timestamp,
};

use super::*;
use crate::hub::Outgoing;
use crate::store::{NodeId, NodePresence, NodeSpread, PresenceUpdate, Present};

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
/// The deadline of each wait.
const DEADLINE: Timestamp = Timestamp::from_millis(1_003_000);

#[test]
fn a_participant_on_two_nodes_counts_once_since_the_earlier_connection() {
    let hub = hub();
    connect(&hub, "anna", false);
    connect(&hub, "ben", false);
    hub.node_updated(node("b"), came(&[present("ben", 1, false), present("cleo", 2, false)]));
    hub.node_updated(node("c"), came(&[present("cleo", 3, true)]));
    assert_eq!((hub.viewers().count, hub.viewers().peak), (3, 3));
    assert_eq!(names(&hub), ["ben", "cleo", "anna"]);
    let facts = hub.facts(&Elsewhere::default(), &room("nobody"), NOW);
    assert_eq!(facts.connections, 5);
    assert_eq!(facts.ready_capable, [ParticipantId::new("cleo")]);

    let host_first: Vec<_> = hub.list_participants(&room("anna"), None, 1).items;
    assert_eq!(host_first[0].participant_id, "anna");
    let went = PresenceUpdate { went: vec![ParticipantId::new("cleo")], ..Default::default() };
    hub.node_updated(node("b"), went);
    assert_eq!(names(&hub), ["ben", "cleo", "anna"], "the other node has cleo still");
    hub.node_gone(&node("c"));
    hub.node_gone(&node("b"));
    assert_eq!(names(&hub), ["anna", "ben"]);
    assert_eq!((hub.viewers().count, hub.viewers().peak), (2, 3));
}

#[test]
fn a_list_in_pages_neither_repeats_nor_skips_anybody_while_people_come_and_go() {
    let hub = hub();
    let people: Vec<_> = (1..=6).map(|n| present(&format!("p{n}"), n, false)).collect();
    hub.node_updated(node("b"), came(&people));
    let first = hub.list_participants(&room("p4"), None, 3);
    assert_eq!(ids(&first), ["p4", "p1", "p2"], "the host first");

    // Of those listed one goes, of those to come one is host now, and somebody new comes last.
    let went = PresenceUpdate { went: vec![ParticipantId::new("p1")], ..Default::default() };
    hub.node_updated(node("b"), went);
    hub.node_updated(node("c"), came(&[present("p7", 7, false)]));
    let second = hub.list_participants(&room("p5"), first.next.as_ref(), 3);
    assert_eq!(ids(&second), ["p3", "p5", "p6"]);
    let third = hub.list_participants(&room("p5"), second.next.as_ref(), 3);
    assert_eq!(ids(&third), ["p7"]);
    assert_eq!(third.next, None);
}

#[test]
fn a_page_may_hold_the_host_alone() {
    let hub = hub();
    hub.node_updated(node("b"), came(&[present("anna", 1, false), present("ben", 2, false)]));
    let first = hub.list_participants(&room("ben"), None, 1);
    assert_eq!(ids(&first), ["ben"]);
    let second = hub.list_participants(&room("ben"), first.next.as_ref(), 1);
    assert_eq!((ids(&second), second.next), (vec!["anna".to_owned()], None));
}

#[test]
fn changes_that_arrive_during_a_load_are_not_lost() {
    let hub = hub();
    let load = hub.begin_remote_load();
    hub.node_updated(node("b"), came(&[present("cleo", 2, false)]));
    hub.node_gone(&node("c"));
    let old = NodePresence { present: vec![present("dora", 1, false)], rtt_ms: 0 };
    let nodes = vec![(node("b"), old.clone()), (node("c"), old)];
    load.finish(Elsewhere { nodes, peak: 9 });
    assert_eq!(names(&hub), ["dora", "cleo"]);
    assert_eq!((hub.viewers().count, hub.viewers().peak), (2, 9));
}

#[test]
fn a_presence_change_is_sent_once_and_again_if_that_failed() {
    let hub = hub();
    let anna = connect(&hub, "anna", true);
    let update = hub.take_presence_update();
    assert_eq!(update.came.len(), 1);
    assert!(update.came[0].ready_capable);
    assert_eq!(hub.take_presence_update().came, []);

    hub.requeue_presence_update(update);
    hub.detach(&anna, NOW);
    let update = hub.take_presence_update();
    assert_eq!(update.came, []);
    assert_eq!(update.went, [ParticipantId::new("anna")], "the store may have been sent her");
    let ben = connect(&hub, "ben", false);
    hub.detach(&ben, NOW);
    assert_eq!(hub.take_presence_update().went, [], "he was never sent");

    connect(&hub, "cleo", false);
    hub.take_presence_update();
    assert_eq!(hub.take_lost_members(), None);
    hub.resend_all();
    assert_eq!(hub.take_presence_update().came.len(), 1);
    let members = hub.take_lost_members().unwrap();
    assert_eq!((members.len(), members[0].user_id.as_str()), (1, "u_cleo"));
    assert_eq!(hub.take_lost_members(), None);
}

#[test]
fn a_barrier_ends_when_every_connection_and_every_other_node_is_ready() {
    let hub = hub();
    let anna = connect(&hub, "anna", true);
    hub.node_updated(node("b"), came(&[present("ben", 1, true)]));
    hub.node_updated(node("c"), came(&[present("cleo", 1, true)]));
    hub.node_updated(node("d"), came(&[present("dora", 1, false)]));
    assert_eq!(hub.begin_wait(7, DEADLINE, NOW), None);
    assert_eq!(hub.ready(&anna, 6), None, "it names another wait");
    assert_eq!(hub.ready(&anna, 7), Some(BarrierAction::NotifyNodes(7)));
    assert_eq!(hub.begin_wait(7, DEADLINE, NOW), None, "the wait has begun already");
    assert_eq!(hub.node_ready(node("b"), 7, NOW), None);
    assert_eq!(hub.node_ready(node("b"), 7, NOW), None);
    assert_eq!(hub.node_gone(&node("c")), Some(BarrierAction::Start(7)));
    assert_eq!(hub.node_ready(node("c"), 7, NOW), None, "the wait is over");
    assert_eq!(
        hub.begin_wait(7, DEADLINE, NOW),
        Some(BarrierAction::Start(7)),
        "a commit came before the start"
    );
    hub.end_wait(None);
}

#[test]
fn a_node_whose_readiness_arrives_before_the_commit_is_not_waited_for() {
    let hub = hub();
    hub.node_updated(node("b"), came(&[present("ben", 1, true)]));
    assert_eq!(hub.node_ready(node("b"), 7, NOW), None);
    assert_eq!(hub.begin_wait(7, DEADLINE, NOW), Some(BarrierAction::Start(7)));
    // Nobody here has a player that announces, so there is only the other node to wait for.
    assert_eq!(hub.begin_wait(9, DEADLINE, NOW), Some(BarrierAction::NotifyNodes(9)));
    let capable_no_more = came(&[present("ben", 1, false)]);
    assert_eq!(hub.node_updated(node("b"), capable_no_more), Some(BarrierAction::Start(9)));
}

#[test]
fn f29_a_panic_under_a_rooms_lock_closes_its_connections_and_the_room_stays_usable() {
    let hub = hub();
    let anna = connect(&hub, "anna", true);
    hub.begin_wait(7, DEADLINE, NOW);
    let poison = std::thread::scope(|scope| {
        let broken = || {
            let mut state = hub.state.lock().unwrap();
            state.count = 99;
            state.local.clear();
            panic!("on purpose");
        };
        scope.spawn(broken).join()
    });
    assert!(poison.is_err());

    assert_eq!(hub.viewers().count, 0);
    assert!(matches!(anna.outbox.pop(), Some(Outgoing::Close(CloseCode::INTERNAL))));
    assert_eq!(hub.detach(&anna, NOW), None);
    assert_eq!(hub.connection_count(), 0);
    connect(&hub, "anna", true);
    assert_eq!(names(&hub), ["anna"]);
}

#[test]
fn a_retired_room_accepts_no_connections_and_one_with_connections_is_not_retired() {
    let hub = hub();
    let anna = connect(&hub, "anna", false);
    assert!(!hub.retire());
    hub.detach(&anna, NOW);
    assert_eq!(hub.idle_for_ms(NOW.plus_millis(5)), Some(5));
    assert!(hub.retire());
    assert_eq!(hub.attach(new("ben", false), 8, NOW).err(), Some(AttachError::Retired));
}

#[test]
fn a_session_resumed_elsewhere_closes_its_older_connection() {
    let hub = hub();
    let (anna, ben) = (connect(&hub, "anna", false), connect(&hub, "ben", false));
    hub.close_session("s_anna");
    assert!(matches!(anna.outbox.pop(), Some(Outgoing::Close(CloseCode::SESSION_REPLACED))));
    assert!(ben.outbox.pop().is_none());
    let again = connect(&hub, "ben", false);
    assert!(matches!(ben.outbox.pop(), Some(Outgoing::Close(CloseCode::SESSION_REPLACED))));
    assert!(again.outbox.pop().is_none());
}

#[test]
fn a_reconnect_has_room_where_a_further_session_of_its_participant_has_none() {
    let hub = hub();
    let tab =
        |session: &str| NewConnection { session_id: session.to_owned(), ..new("anna", false) };
    let dead = hub.attach(tab("s_first"), 2, NOW).unwrap();
    hub.attach(tab("s_second"), 2, NOW).unwrap();
    assert_eq!(hub.attach(tab("s_third"), 2, NOW).err(), Some(AttachError::TooMany));
    hub.attach(tab("s_first"), 2, NOW).expect("it replaces its dead socket");
    assert!(matches!(dead.outbox.pop(), Some(Outgoing::Close(CloseCode::SESSION_REPLACED))));
    hub.detach(&dead, NOW);
    assert_eq!(hub.attach(tab("s_third"), 2, NOW).err(), Some(AttachError::TooMany));
}

#[test]
fn the_host_sees_the_spread_of_all_nodes_until_their_reports_are_five_seconds_old() {
    let (hub, room, began) = (hub(), room("anna"), Instant::now());
    let (anna, ben) = (connect(&hub, "anna", false), connect(&hub, "ben", false));
    assert!(!hub.publish_spread(&room, began), "nobody reports");
    assert!(anna.outbox.pop().is_none());

    report(&ben, 4.0, began);
    hub.set_node_spread(node("b"), of_node(2, -10.0, -2.0), began);
    hub.set_node_spread(node("c"), of_node(1, 90.0, 90.0), began);
    assert!(hub.publish_spread(&room, began));
    assert_eq!(shown(&anna), Some((4, 100.0)));
    assert!(ben.outbox.pop().is_none(), "a guest sees nothing");
    hub.set_node_spread(node("b"), of_node(2, -10.4, -2.0), began);
    assert!(hub.publish_spread(&room, began));
    assert_eq!(shown(&anna), None, "too small a change");
    hub.node_gone(&node("c"));
    assert!(hub.publish_spread(&room, began));
    assert_eq!(shown(&anna), Some((3, 14.4)));

    report(&ben, 4.0, began + Duration::from_secs(1));
    let later = began + Duration::from_secs(5);
    assert!(hub.publish_spread(&room, later));
    assert_eq!(shown(&anna), Some((1, 0.0)), "the other node has fallen silent");
    hub.detach(&ben, NOW);
    assert!(!hub.publish_spread(&room, later), "no report is left");
    assert_eq!(shown(&anna), Some((0, 0.0)));
    assert!(!hub.publish_spread(&room, later));
    assert_eq!(shown(&anna), None);
}

#[test]
fn other_nodes_are_sent_a_spread_when_it_changes_and_before_they_forget_it() {
    let (hub, began) = (hub(), Instant::now());
    let after = |ms| began + Duration::from_millis(ms);
    let ben = connect(&hub, "ben", false);
    report(&ben, 4.0, began);
    assert_eq!(hub.take_spread_update(began), None, "there is no other node");
    hub.node_updated(node("b"), came(&[present("anna", 1, false)]));
    assert_eq!(hub.take_spread_update(began), Some(of_node(1, 4.0, 4.0)));
    assert_eq!(hub.take_spread_update(after(1000)), None, "nothing changed");
    report(&ben, 4.4, after(1000));
    assert_eq!(hub.take_spread_update(after(1000)), None, "hardly anything changed");
    assert_eq!(
        hub.take_spread_update(after(2000)),
        Some(of_node(1, 4.4, 4.4)),
        "before it goes stale"
    );
    report(&ben, 104.4, after(2000));
    // One player alone has no spread, but others are measured against it.
    assert_eq!(hub.take_spread_update(after(2000)), Some(of_node(1, 104.4, 104.4)));
    hub.detach(&ben, NOW);
    assert_eq!(hub.take_spread_update(after(2001)), Some(NodeSpread::default()));
    assert_eq!(hub.take_spread_update(after(9000)), None, "that nobody reports is sent once");
}

#[test]
fn other_nodes_are_sent_the_round_trip_when_it_grows_and_when_it_shrinks() {
    let hub = hub();
    let (slow, quick) = (connect(&hub, "anna", true), connect(&hub, "ben", true));
    let without_player = connect(&hub, "cleo", false);
    assert!(hub.record_rtt(&slow, 900));
    assert!(!hub.record_rtt(&without_player, 2_000));
    assert_eq!(hub.take_presence_update().rtt_ms, 900);
    assert!(!hub.record_rtt(&quick, 400), "it doesn't change that of the majority");
    assert!(!hub.record_rtt(&slow, 890), "hardly a change");
    assert!(hub.record_rtt(&slow, 20), "starts need no longer wait for it");
    assert_eq!(hub.take_presence_update().rtt_ms, 400);
    assert!(!hub.record_rtt(&slow, 30));
    assert!(hub.record_rtt(&quick, 30));
    assert_eq!(hub.take_presence_update().rtt_ms, 30);
}

fn report(connection: &Connection, drift_ms: f64, now: Instant) {
    connection.sync.set_report(SyncReport { drift_ms, uncertainty_ms: 1.0 }, now);
}

fn of_node(reporting: u64, drift_ms_min: f64, drift_ms_max: f64) -> NodeSpread {
    NodeSpread { reporting, drift_ms_min, drift_ms_max, uncertainty_ms: 1.0 }
}

/// Returns how many players report and how far apart they are, if that waits to be written.
fn shown(connection: &Connection) -> Option<(u64, f64)> {
    let Outgoing::Ephemeral(text) = connection.outbox.pop()? else { panic!("an ephemeral frame") };
    match serde_json::from_str(&text).expect("a frame") {
        ServerFrame::SyncChanged { data } => Some((data.reporting, data.spread_ms)),
        frame => panic!("{frame:?}"),
    }
}

fn hub() -> RoomHub {
    RoomHub::new(RoomId::new("r_hub"), NOW)
}

fn node(name: &str) -> NodeId {
    NodeId(name.into())
}

fn new(name: &str, ready_capable: bool) -> NewConnection {
    NewConnection {
        participant_id: ParticipantId::new(name),
        user_id: format!("u_{name}"),
        display_name: name.to_owned(),
        named_at_ms: 0,
        base: Role::Guest,
        session_id: format!("s_{name}"),
        family_id: None,
        ready_capable,
    }
}

fn connect(hub: &RoomHub, name: &str, ready_capable: bool) -> Arc<Connection> {
    hub.attach(new(name, ready_capable), 8, NOW).unwrap()
}

/// Returns a participant of another node who connected this long after the Unix epoch.
fn present(name: &str, since_ms: u64, ready_capable: bool) -> Present {
    Present {
        participant_id: ParticipantId::new(name),
        display_name: name.to_owned(),
        named_at_ms: 0,
        base: Role::Guest,
        since: Timestamp::from_millis(since_ms),
        connections: 1,
        ready_capable,
    }
}

fn came(present: &[Present]) -> PresenceUpdate {
    PresenceUpdate { came: present.to_vec(), ..Default::default() }
}

/// Returns who is connected, in the order of the list.
fn names(hub: &RoomHub) -> Vec<String> {
    ids(&hub.list_participants(&room("nobody"), None, 100))
}

fn ids(page: &ParticipantPage) -> Vec<String> {
    page.items.iter().map(|one| one.participant_id.clone()).collect()
}

fn room(host: &str) -> Room {
    let settings = Settings {
        host_loss: HostLoss::Expire,
        host_grace_ms: 1,
        host_lease_ms: 1,
        rebuffer_barrier: false,
        playback_control: PlaybackControl::Hosts,
        entry: Entry::Open,
        capacity: None,
    };
    let chat = ChatSettings { enabled: true, slow_mode_ms: 0 };
    let name = "Hub".to_owned();
    let new = NewRoom {
        room_id: RoomId::new("r_hub"),
        code: "hub".to_owned(),
        creator_id: ParticipantId::new(host),
        profile: Profile { name, is_public: true, language: None, tags: vec![], settings, chat },
        epoch: 1,
    };
    Room::new(new, NOW)
}
