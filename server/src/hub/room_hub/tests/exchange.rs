//! What nodes tell each other after the store lost who is connected, or after changes were missed.

use super::*;

#[test]
fn an_update_that_names_everybody_ends_what_was_missed() {
    let hub = hub();
    hub.node_updated(node("b"), came(&[present("ben", 1, false), present("cleo", 2, false)]));
    hub.node_updated(node("c"), came(&[present("dora", 3, false)]));
    hub.node_updated(node("b"), whole(&[present("cleo", 2, false)]));
    assert_eq!(names(&hub), ["cleo", "dora"], "that ben left was missed");
    hub.node_updated(node("b"), whole(&[]));
    assert_eq!(names(&hub), ["dora"]);
}

#[test]
fn a_node_that_was_told_everybody_waits_for_nothing_while_the_store_is_told_again() {
    let hub = hub();
    hub.node_updated(node("b"), came(&[present("ben", 1, false)]));
    hub.begin_settling();
    let load = hub.begin_remote_load();
    hub.node_updated(node("b"), whole(&[]));
    load.finish(Elsewhere::default());
    assert_eq!(hub.viewers().count, 0);
}

#[test]
fn a_node_that_may_have_missed_something_asks_the_others_once_and_they_name_everybody() {
    let (asking, asked) = (hub(), hub());
    connect(&asked, "ben", false);
    assert!(!asked.take_presence_update().is_whole);
    asking.resend_all();
    let question = asking.take_presence_update();
    assert!(question.asks && question.is_whole);
    assert!(!asking.take_presence_update().asks, "it is asked once");

    asked.node_updated(node("asking"), question);
    let answer = asked.take_presence_update();
    assert!(answer.is_whole && !answer.asks, "an answer asks for none");
    assert_eq!(answer.came.len(), 1);
    assert!(!asked.take_presence_update().is_whole);
}

#[test]
fn a_question_and_an_answer_that_could_not_be_sent_are_sent_again() {
    let hub = hub();
    hub.resend_all();
    let update = hub.take_presence_update();
    hub.requeue_presence_update(update);
    let again = hub.take_presence_update();
    assert!(again.asks && again.is_whole);
}

#[test]
fn a_store_that_lost_who_is_connected_is_believed_again_once_every_node_has_told_it() {
    let hub = hub();
    hub.node_updated(node("b"), came(&[present("ben", 1, false)]));
    let settling = hub.begin_settling();
    hub.begin_remote_load().finish(Elsewhere::default());
    assert_eq!(hub.viewers().count, 1, "he may just not have been told again");
    assert!(hub.find_present(&ParticipantId::new("ben")).is_some());
    assert!(hub.end_settling(settling));
    assert!(hub.take_remote_stale());
    hub.begin_remote_load().finish(Elsewhere::default());
    assert_eq!(hub.viewers().count, 0);
}

#[test]
fn a_store_that_lost_who_is_connected_twice_is_believed_once_the_second_time_is_over() {
    let hub = hub();
    hub.node_updated(node("b"), came(&[present("ben", 1, false)]));
    let (first, second) = (hub.begin_settling(), hub.begin_settling());
    assert!(!hub.end_settling(first), "it ends late");
    assert!(!hub.take_remote_stale());
    hub.begin_remote_load().finish(Elsewhere::default());
    assert_eq!(hub.viewers().count, 1, "he may just not have been told again");
    assert!(hub.end_settling(second) && hub.take_remote_stale());
    hub.begin_remote_load().finish(Elsewhere::default());
    assert_eq!(hub.viewers().count, 0);
}

fn whole(present: &[Present]) -> PresenceUpdate {
    PresenceUpdate { is_whole: true, ..came(present) }
}
