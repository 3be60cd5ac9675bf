use std::time::{Duration, Instant};

use contracts::{ServerFrame, SyncReport};
use engine::{
    ChatSettings, HostLoss, NewRoom, ParticipantId, Profile, Role, Room, RoomId, Settings,
    Timestamp,
};

use super::*;
use crate::hub::Outgoing;
use crate::store::{NodePresence, NodeSpread, PresenceUpdate, Present};

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

#[test]
fn a_participant_on_two_nodes_counts_once_and_is_as_old_as_the_older() {
    let hub = hub();
    join(&hub, "anna", false);
    join(&hub, "ben", false);
    hub.node_told(node("b"), came(&[present("ben", 1, false), present("cleo", 2, false)]));
    hub.node_told(node("c"), came(&[present("cleo", 3, true)]));
    assert_eq!((hub.viewers().count, hub.viewers().peak), (3, 3));
    assert_eq!(names(&hub), ["ben", "cleo", "anna"]);
    let facts = hub.facts(&Elsewhere::default(), &room("nobody"), NOW);
    assert_eq!(facts.connections, 5);
    assert_eq!(facts.ready_capable, [ParticipantId::new("cleo")]);

    let host_first: Vec<_> = hub.list_participants(&room("anna"), None, 1).items;
    assert_eq!(host_first[0].participant_id, "anna");
    let went = PresenceUpdate { went: vec![ParticipantId::new("cleo")], ..Default::default() };
    hub.node_told(node("b"), went);
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
    hub.node_told(node("b"), came(&people));
    let first = hub.list_participants(&room("p4"), None, 3);
    assert_eq!(ids(&first), ["p4", "p1", "p2"], "the host first");

    // Of those listed one goes, of those to come one is host now, and somebody new comes last.
    let went = PresenceUpdate { went: vec![ParticipantId::new("p1")], ..Default::default() };
    hub.node_told(node("b"), went);
    hub.node_told(node("c"), came(&[present("p7", 7, false)]));
    let second = hub.list_participants(&room("p5"), first.next.as_ref(), 3);
    assert_eq!(ids(&second), ["p3", "p5", "p6"]);
    let third = hub.list_participants(&room("p5"), second.next.as_ref(), 3);
    assert_eq!(ids(&third), ["p7"]);
    assert_eq!(third.next, None);
}

#[test]
fn a_page_may_hold_the_host_alone() {
    let hub = hub();
    hub.node_told(node("b"), came(&[present("anna", 1, false), present("ben", 2, false)]));
    let first = hub.list_participants(&room("ben"), None, 1);
    assert_eq!(ids(&first), ["ben"]);
    let second = hub.list_participants(&room("ben"), first.next.as_ref(), 1);
    assert_eq!((ids(&second), second.next), (vec!["anna".to_owned()], None));
}

#[test]
fn news_that_come_while_everything_is_loaded_are_not_lost() {
    let hub = hub();
    let load = hub.begin_load();
    hub.node_told(node("b"), came(&[present("cleo", 2, false)]));
    hub.node_gone(&node("c"));
    let old = NodePresence { present: vec![present("dora", 1, false)], rtt_ms_max: 0 };
    let nodes = vec![(node("b"), old.clone()), (node("c"), old)];
    load.finish(Elsewhere { nodes, peak: 9 });
    assert_eq!(names(&hub), ["dora", "cleo"]);
    assert_eq!((hub.viewers().count, hub.viewers().peak), (2, 9));
}

#[test]
fn who_came_and_went_is_told_once_and_again_if_that_failed() {
    let hub = hub();
    let anna = join(&hub, "anna", true);
    let update = hub.take_update();
    assert_eq!(update.came.len(), 1);
    assert!(update.came[0].ready_capable);
    assert_eq!(hub.take_update().came, []);

    hub.keep_untold(update);
    hub.detach(&anna, NOW);
    let update = hub.take_update();
    assert_eq!(update.came, []);
    assert_eq!(update.went, [ParticipantId::new("anna")], "the store may have heard of her");
    let ben = join(&hub, "ben", false);
    hub.detach(&ben, NOW);
    assert_eq!(hub.take_update().went, [], "nobody ever heard of him");

    join(&hub, "cleo", false);
    hub.take_update();
    assert_eq!(hub.take_lost_members(), None);
    hub.tell_everybody();
    assert_eq!(hub.take_update().came.len(), 1);
    let members = hub.take_lost_members().unwrap();
    assert_eq!((members.len(), members[0].user_id.as_str()), (1, "u_cleo"));
    assert_eq!(hub.take_lost_members(), None);
}

#[test]
fn a_barrier_is_complete_when_everybody_here_and_every_other_node_is_ready() {
    let hub = hub();
    let anna = join(&hub, "anna", true);
    hub.node_told(node("b"), came(&[present("ben", 1, true)]));
    hub.node_told(node("c"), came(&[present("cleo", 1, true)]));
    hub.node_told(node("d"), came(&[present("dora", 1, false)]));
    assert_eq!(hub.begin_wait(7), None);
    assert_eq!(hub.ready(&anna, 6), None, "it names another wait");
    assert_eq!(hub.ready(&anna, 7), Some(BarrierStep::Tell(7)));
    assert_eq!(hub.begin_wait(7), None, "it is under way");
    assert_eq!(hub.node_ready(node("b"), 7), None);
    assert_eq!(hub.node_ready(node("b"), 7), None);
    assert_eq!(hub.node_gone(&node("c")), Some(BarrierStep::Start(7)));
    assert_eq!(hub.node_ready(node("c"), 7), None, "it is over");
    assert_eq!(hub.begin_wait(7), Some(BarrierStep::Start(7)), "a commit came before the start");
    hub.end_wait();
}

#[test]
fn a_node_whose_news_overtook_the_commit_is_not_waited_for() {
    let hub = hub();
    hub.node_told(node("b"), came(&[present("ben", 1, true)]));
    assert_eq!(hub.node_ready(node("b"), 7), None);
    assert_eq!(hub.begin_wait(7), Some(BarrierStep::Start(7)));
    // Nobody here has a player that announces, so there is only the other node to wait for.
    assert_eq!(hub.begin_wait(9), Some(BarrierStep::Tell(9)));
    let capable_no_more = came(&[present("ben", 1, false)]);
    assert_eq!(hub.node_told(node("b"), capable_no_more), Some(BarrierStep::Start(9)));
}

#[test]
fn f29_a_panic_under_a_rooms_lock_closes_its_connections_and_leaves_it_usable() {
    let hub = hub();
    let anna = join(&hub, "anna", true);
    hub.begin_wait(7);
    let poison = std::thread::scope(|scope| {
        let broken = || {
            let mut state = hub.state.lock().unwrap();
            state.count = 99;
            state.here.clear();
            panic!("on purpose");
        };
        scope.spawn(broken).join()
    });
    assert!(poison.is_err());

    assert_eq!(hub.viewers().count, 0);
    assert!(matches!(anna.outbox.pop(), Some(Outgoing::Close(CloseCode::INTERNAL))));
    assert_eq!(hub.detach(&anna, NOW), None);
    assert_eq!(hub.connection_count(), 0);
    join(&hub, "anna", true);
    assert_eq!(names(&hub), ["anna"]);
}

#[test]
fn a_forgotten_room_takes_no_connections_and_one_with_connections_is_not_forgotten() {
    let hub = hub();
    let anna = join(&hub, "anna", false);
    assert!(!hub.retire());
    hub.detach(&anna, NOW);
    assert_eq!(hub.idle_for_ms(NOW.plus_millis(5)), Some(5));
    assert!(hub.retire());
    assert_eq!(hub.attach(new("ben", false), 8, NOW).err(), Some(NotAttached::Retired));
}

#[test]
fn a_session_that_goes_on_elsewhere_closes_the_connection_here() {
    let hub = hub();
    let (anna, ben) = (join(&hub, "anna", false), join(&hub, "ben", false));
    hub.close_session("s_anna");
    assert!(matches!(anna.outbox.pop(), Some(Outgoing::Close(CloseCode::SESSION_REPLACED))));
    assert!(ben.outbox.pop().is_none());
    let again = join(&hub, "ben", false);
    assert!(matches!(ben.outbox.pop(), Some(Outgoing::Close(CloseCode::SESSION_REPLACED))));
    assert!(again.outbox.pop().is_none());
}

#[test]
fn the_host_is_shown_players_of_all_nodes_until_their_reports_are_five_seconds_old() {
    let (hub, room, began) = (hub(), room("anna"), Instant::now());
    let (anna, ben) = (join(&hub, "anna", false), join(&hub, "ben", false));
    assert!(!hub.show_spread(&room, began), "nobody reports");
    assert!(anna.outbox.pop().is_none());

    report(&ben, 4.0, began);
    hub.node_reported(node("b"), of_node(2, -10.0, -2.0), began);
    hub.node_reported(node("c"), of_node(1, 90.0, 90.0), began);
    assert!(hub.show_spread(&room, began));
    assert_eq!(shown(&anna), Some((4, 100.0)));
    assert!(ben.outbox.pop().is_none(), "a guest is shown nothing");
    hub.node_reported(node("b"), of_node(2, -10.4, -2.0), began);
    assert!(hub.show_spread(&room, began));
    assert_eq!(shown(&anna), None, "too little to tell");
    hub.node_gone(&node("c"));
    assert!(hub.show_spread(&room, began));
    assert_eq!(shown(&anna), Some((3, 14.4)));

    report(&ben, 4.0, began + Duration::from_secs(1));
    let later = began + Duration::from_secs(5);
    assert!(hub.show_spread(&room, later));
    assert_eq!(shown(&anna), Some((1, 0.0)), "the other node has fallen silent");
    hub.detach(&ben, NOW);
    assert!(!hub.show_spread(&room, later), "nothing is left to look at");
    assert_eq!(shown(&anna), Some((0, 0.0)));
    assert!(!hub.show_spread(&room, later));
    assert_eq!(shown(&anna), None);
}

#[test]
fn other_nodes_are_told_changes_and_what_stands_before_they_forget_it() {
    let (hub, began) = (hub(), Instant::now());
    let after = |ms| began + Duration::from_millis(ms);
    let ben = join(&hub, "ben", false);
    report(&ben, 4.0, began);
    assert_eq!(hub.take_spread(began), None, "there is nobody to tell");
    hub.node_told(node("b"), came(&[present("anna", 1, false)]));
    assert_eq!(hub.take_spread(began), Some(of_node(1, 4.0, 4.0)));
    assert_eq!(hub.take_spread(after(1000)), None, "nothing changed");
    report(&ben, 4.4, after(1000));
    assert_eq!(hub.take_spread(after(1000)), None, "hardly anything changed");
    assert_eq!(hub.take_spread(after(2000)), Some(of_node(1, 4.4, 4.4)), "before it is forgotten");
    report(&ben, 104.4, after(2000));
    // One player alone has no spread, but others are measured against it.
    assert_eq!(hub.take_spread(after(2000)), Some(of_node(1, 104.4, 104.4)));
    hub.detach(&ben, NOW);
    assert_eq!(hub.take_spread(after(2001)), Some(NodeSpread::default()));
    assert_eq!(hub.take_spread(after(9000)), None, "silence is told once");
}

#[test]
fn other_nodes_hear_of_the_longest_round_trip_when_it_grows_and_when_it_shrinks() {
    let hub = hub();
    let (slow, quick) = (join(&hub, "anna", true), join(&hub, "ben", true));
    let without_player = join(&hub, "cleo", false);
    assert!(hub.measured(&slow, 900));
    assert!(!hub.measured(&without_player, 2_000));
    assert_eq!(hub.take_update().rtt_ms_max, 900);
    assert!(!hub.measured(&quick, 400), "not the longest");
    assert!(!hub.measured(&slow, 890), "hardly another");
    assert!(hub.measured(&slow, 20), "starts needn't wait for it any more");
    assert_eq!(hub.take_update().rtt_ms_max, 400);
    assert!(!hub.measured(&slow, 30));
    assert!(hub.measured(&quick, 30));
    assert_eq!(hub.take_update().rtt_ms_max, 30);
}

fn report(connection: &Connection, drift_ms: f64, now: Instant) {
    connection.reported.set(SyncReport { drift_ms, uncertainty_ms: 1.0 }, now);
}

fn of_node(reporting: u64, drift_ms_min: f64, drift_ms_max: f64) -> NodeSpread {
    NodeSpread { reporting, drift_ms_min, drift_ms_max, uncertainty_ms: 1.0 }
}

/// How many report, and how far they are apart, if that waits to be written.
fn shown(connection: &Connection) -> Option<(u64, f64)> {
    let Outgoing::Moment(text) = connection.outbox.pop()? else { panic!("a frame of the moment") };
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
        base: Role::Guest,
        session_id: format!("s_{name}"),
        ready_capable,
    }
}

fn join(hub: &RoomHub, name: &str, ready_capable: bool) -> Arc<Connection> {
    hub.attach(new(name, ready_capable), 8, NOW).unwrap().connection
}

/// Somebody at another node who came this long after the epoch.
fn present(name: &str, since_ms: u64, ready_capable: bool) -> Present {
    Present {
        participant_id: ParticipantId::new(name),
        display_name: name.to_owned(),
        base: Role::Guest,
        since: Timestamp::from_millis(since_ms),
        connections: 1,
        ready_capable,
    }
}

fn came(present: &[Present]) -> PresenceUpdate {
    PresenceUpdate { came: present.to_vec(), ..Default::default() }
}

/// Who is there, in the order in which they are listed.
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
    };
    let chat = ChatSettings { enabled: true, slow_mode_ms: 0 };
    let new = NewRoom {
        room_id: RoomId::new("r_hub"),
        code: "hub".to_owned(),
        creator_id: ParticipantId::new(host),
        profile: Profile { name: "Hub".to_owned(), is_public: true, settings, chat },
        epoch: 1,
    };
    Room::new(new, NOW)
}
