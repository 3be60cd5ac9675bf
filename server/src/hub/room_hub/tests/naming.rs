//! What a participant is called if several connections or nodes know them by different names.

use super::*;

#[test]
fn a_participant_has_the_name_that_was_given_last_whichever_node_knows_it() {
    let hub = hub();
    hub.attach(named("Anna", 2), 8, NOW).unwrap();
    hub.attach(NewConnection { session_id: "s_old".to_owned(), ..named("Old", 1) }, 8, NOW)
        .unwrap();
    assert_eq!(shown(&hub), ["Anna"], "another tab has an older token");
    let id = ParticipantId::new("anna");
    assert!(hub.rename(&id, "Bea", 3));
    assert!(!hub.rename(&id, "Bea", 3) && !hub.rename(&id, "Anna", 2), "nothing new");
    assert_eq!(shown(&hub), ["Bea"]);
    assert!(!hub.rename(&ParticipantId::new("p_nobody"), "Cleo", 9));
    for (named_at_ms, name) in [(2, "Bea"), (5, "Remote")] {
        hub.node_updated(node("b"), came(&[remote("Remote", named_at_ms)]));
        assert_eq!(shown(&hub), [name], "{named_at_ms}");
        assert_eq!(hub.find_present(&id).unwrap().display_name, name);
    }
}

#[test]
fn a_name_that_comes_back_is_told_although_this_node_has_heard_no_other() {
    let hub = hub();
    hub.attach(named("Bea", 3), 8, NOW).unwrap();
    assert_eq!(told(&hub), [("Bea".to_owned(), 3)]);
    hub.node_updated(node("b"), came(&[remote("Cleo", 5)]));
    assert_eq!(shown(&hub), ["Cleo"]);
    assert!(hub.rename(&ParticipantId::new("anna"), "Bea", 10));
    assert_eq!(shown(&hub), ["Bea"]);
    assert_eq!(told(&hub), [("Bea".to_owned(), 10)]);
}

#[test]
fn of_two_names_of_one_moment_all_nodes_show_the_same() {
    for (here, there) in [("Anna", "Bea"), ("Bea", "Anna")] {
        let hub = hub();
        hub.attach(named(here, 2), 8, NOW).unwrap();
        hub.node_updated(node("b"), came(&[remote(there, 2)]));
        assert_eq!(shown(&hub), ["Bea"]);
    }
}

fn named(name: &str, named_at_ms: u64) -> NewConnection {
    NewConnection { display_name: name.to_owned(), named_at_ms, ..new("anna", false) }
}

fn remote(name: &str, named_at_ms: u64) -> Present {
    Present { display_name: name.to_owned(), named_at_ms, ..present("anna", 1, false) }
}

fn shown(hub: &RoomHub) -> Vec<String> {
    let listed = Roster::of(hub.lock().presence()).page(&room("nobody"), None, 9).items;
    listed.into_iter().map(|one| one.display_name).collect()
}

/// What other nodes are sent.
fn told(hub: &RoomHub) -> Vec<(String, u64)> {
    let came = hub.take_presence_update().came;
    came.into_iter().map(|one| (one.display_name, one.named_at_ms)).collect()
}
