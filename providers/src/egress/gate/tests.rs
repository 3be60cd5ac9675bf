//! How requests share the places in progress, by host, user and address.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use super::*;

type Entering<'a> = Pin<Box<dyn Future<Output = Result<Slot, Failure>> + 'a>>;

#[test]
fn a_fifth_request_to_a_host_waits_for_one_of_four() {
    let gate = Arc::<Gate>::default();
    let anna = user("anna");
    let mut slots: Vec<Slot> = (0..4).map(|_| enter_now(&gate, &anna, "a.test").unwrap()).collect();
    assert!(enter_now(&gate, &anna, "a.test").is_none());
    assert!(enter_now(&gate, &anna, "b.test").is_some());
    slots.pop();
    assert!(enter_now(&gate, &anna, "a.test").is_some());
}

#[test]
fn all_hosts_together_stay_within_the_total_limit() {
    let gate = Arc::<Gate>::default();
    let anna = user("anna");
    let slots = fill(&gate, |_| anna.clone());
    assert!(enter_now(&gate, &anna, "one-more.test").is_none());
    drop(slots);
    assert!(enter_now(&gate, &anna, "one-more.test").is_some());
}

#[test]
fn a_user_with_fewer_requests_takes_the_place_of_the_oldest_of_the_user_with_most() {
    let gate = Arc::<Gate>::default();
    // Sixteen guests with four each, and a user without any.
    let slots = fill(&gate, |number| user(&format!("guest {}", number % 16)));
    let (anna, ben) = (user("anna"), user("ben"));
    let first = enter_now(&gate, &anna, "film.test").unwrap();
    assert!(is_cut_off(&slots[0]) && !is_cut_off(&slots[1]));
    let second = enter_now(&gate, &anna, "film.test").unwrap();
    let third = enter_now(&gate, &anna, "film.test").unwrap();
    assert!(enter_now(&gate, &anna, "film.test").is_none(), "that would be as many as others have");
    // The same for a host's own places.
    let of_ben = enter_now(&gate, &ben, "film.test").unwrap();
    assert!(!is_cut_off(&first), "there was room at that host");
    let again = enter_now(&gate, &ben, "film.test").unwrap();
    assert!(is_cut_off(&first) && !is_cut_off(&second));
    drop((third, of_ben, again));
}

#[test]
fn many_users_behind_one_address_have_the_share_of_one_address() {
    let gate = Arc::<Gate>::default();
    let slots = fill(&gate, |number| at(&format!("guest {number}"), 1));
    assert!(enter_now(&gate, &at("classmate", 1), "a.test").is_none(), "each has one");
    assert!(enter_now(&gate, &at("anna", 2), "a.test").is_some());
    assert!(is_cut_off(&slots[0]));
}

#[test]
fn a_place_that_is_free_goes_to_the_waiting_user_with_fewest_requests() {
    let gate = Arc::<Gate>::default();
    let (ben, cleo) = (user("ben"), user("cleo"));
    let enter = |name| enter_now(&gate, &user(name), "a.test").unwrap();
    let mut slots: Vec<Slot> = ["anna", "dora", "ed", "fay"].into_iter().map(enter).collect();
    let _elsewhere = enter_now(&gate, &cleo, "b.test").unwrap();
    let mut gone = entering(&gate, &ben, "a.test");
    let mut of_cleo = entering(&gate, &cleo, "a.test");
    let mut of_ben = entering(&gate, &ben, "a.test");
    assert!(poll(&mut gone).is_none());
    assert!(poll(&mut of_cleo).is_none() && poll(&mut of_ben).is_none());
    drop(gone);
    slots.pop();
    assert!(poll(&mut of_cleo).is_none(), "cleo has one elsewhere");
    let _of_ben = poll(&mut of_ben).expect("ben has none");
    slots.pop();
    assert!(poll(&mut of_cleo).is_some());
}

#[test]
fn an_address_that_fills_its_part_of_the_queue_keeps_no_other_from_waiting_its_turn() {
    let gate = Arc::<Gate>::default();
    let enter = |number| enter_now(&gate, &at("holder", number), "a.test").unwrap();
    let mut slots: Vec<Slot> = (1..=4).map(enter).collect();
    let crowd: Vec<Requester> =
        (0..WAITING_PER_ADDRESS_MAX).map(|number| at(&format!("guest {number}"), 1)).collect();
    let mut queue: Vec<Entering<'_>> =
        crowd.iter().map(|guest| entering(&gate, guest, "a.test")).collect();
    assert!(queue.iter_mut().all(|waiting| poll(waiting).is_none()));
    assert!(is_refused(&gate, &at("one more", 1), "a.test"));

    let anna = at("anna", 9);
    let mut of_anna = entering(&gate, &anna, "a.test");
    assert!(poll(&mut of_anna).is_none(), "she waits");
    slots.pop();
    let _of_anna = poll(&mut of_anna).expect("the crowd's address has a place already");
    queue.pop();
    assert!(!is_refused(&gate, &at("one more", 1), "a.test"), "one of the crowd has gone");
}

#[test]
fn users_without_an_address_have_a_part_of_the_queue_each_and_the_queue_stays_bounded() {
    let gate = Arc::<Gate>::default();
    let _slots = fill(&gate, |number| user(&format!("holder {number}")));
    let users: Vec<Requester> = (0..4).map(|number| user(&format!("user {number}"))).collect();
    let mut queue = Vec::new();
    for one in &users {
        for _ in 0..WAITING_PER_ADDRESS_MAX {
            let mut waiting = entering(&gate, one, "a.test");
            assert!(poll(&mut waiting).is_none());
            queue.push(waiting);
        }
        assert!(is_refused(&gate, one, "a.test"));
    }
    assert_eq!(queue.len(), WAITING_MAX);
    assert!(is_refused(&gate, &user("anna"), "b.test"), "the queue is full");
}

#[test]
fn nothing_is_left_of_requests_that_are_over() {
    let gate = Arc::<Gate>::default();
    for number in 0..100 {
        enter_now(&gate, &user("anna"), &format!("{number}.test")).unwrap();
    }
    let state = gate.lock();
    assert_eq!((state.running.len(), state.waiting.len()), (0, 0));
}

fn user(name: &str) -> Requester {
    Requester { user: name.into(), address: None }
}

fn at(name: &str, host: u8) -> Requester {
    Requester { address: Some(IpAddr::from([198, 51, 100, host])), ..user(name) }
}

/// Takes every place, each at a host of its own.
fn fill(gate: &Arc<Gate>, requester: impl Fn(usize) -> Requester) -> Vec<Slot> {
    let enter = |n: usize| enter_now(gate, &requester(n), &format!("{n}.test")).unwrap();
    (0..REQUESTS_MAX).map(enter).collect()
}

fn entering<'a>(gate: &'a Arc<Gate>, requester: &'a Requester, host: &'a str) -> Entering<'a> {
    Box::pin(gate.enter(requester, host))
}

fn enter_now(gate: &Arc<Gate>, requester: &Requester, host: &str) -> Option<Slot> {
    poll(&mut entering(gate, requester, host))
}

fn poll(entering: &mut Entering<'_>) -> Option<Slot> {
    match entering.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(entered) => Some(entered.unwrap_or_else(|failure| panic!("{failure:?}"))),
        Poll::Pending => None,
    }
}

fn is_refused(gate: &Arc<Gate>, requester: &Requester, host: &str) -> bool {
    let mut waiting = entering(gate, requester, host);
    let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    matches!(polled, Poll::Ready(Err(failure)) if failure.kind == ErrorKind::RateLimited)
}

fn is_cut_off(slot: &Slot) -> bool {
    let cut_off = pin!(slot.cut_off());
    cut_off.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}
