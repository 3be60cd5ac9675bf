use super::*;
use crate::store::laws;

const ORDERS: [PublicOrder; 3] = [PublicOrder::Viewers, PublicOrder::Newest, PublicOrder::Name];

#[test]
fn pages_of_any_size_repeat_and_skip_nothing_though_many_rooms_are_equal() {
    // Each name, age and number of viewers is that of many rooms.
    let rooms = (0..300_u64).map(|n| (room(n, &format!("Party {}", n % 7), n % 5), n % 3));
    let list = PublicList::new(rooms.collect(), &PublicList::default());
    for order in ORDERS {
        for filter in [PublicFilter::default(), words("party 3")] {
            let whole = ids(&list.page(order, &filter, None, 1_000, |_| true).0);
            for size in [1, 7, 299] {
                assert_eq!(read(&list, order, &filter, size), whole, "{order:?} {size}");
            }
        }
    }
    let by_name = ids(&list.page(PublicOrder::Name, &PublicFilter::default(), None, 1, |_| true).0);
    assert_eq!(by_name, ["r_0000"], "of equal ones by id");
}

#[test]
fn pages_skip_nothing_among_names_that_differ_only_far_behind() {
    let long = "Party ".repeat(50);
    let rooms = (0..9_u64).map(|n| (room(n, &format!("{long}{}", 9 - n), n), n));
    let list = PublicList::new(rooms.collect(), &PublicList::default());
    let by_name = read(&list, PublicOrder::Name, &PublicFilter::default(), 2);
    assert_eq!(by_name, (0..9).map(|n| format!("r_{n:04}")).collect::<Vec<_>>(), "by their ids");
    assert_eq!(found(&list, "1"), ["r_0008"], "they are searched to the end");
}

#[test]
fn the_page_after_one_is_right_though_rooms_have_changed_meanwhile() {
    let rooms = |gone: u64| {
        (0..9_u64).filter(|n| *n != gone).map(|n| (room(n, &format!("Party {n}"), n), n)).collect()
    };
    let before = PublicList::new(rooms(99), &PublicList::default());
    for (order, gone, next) in [
        (PublicOrder::Viewers, 7, ["r_0006", "r_0005"]),
        (PublicOrder::Newest, 7, ["r_0006", "r_0005"]),
        (PublicOrder::Name, 1, ["r_0002", "r_0003"]),
    ] {
        let (_, cursor) = before.page(order, &PublicFilter::default(), None, 2, |_| true);
        let after = PublicList::new(rooms(gone), &before);
        let page = after.page(order, &PublicFilter::default(), cursor.as_ref(), 2, |_| true).0;
        assert_eq!(ids(&page), next, "{order:?}, though the last room of the page before is gone");
    }
}

#[test]
fn a_room_is_found_by_its_newest_name_and_what_did_not_change_is_not_folded_again() {
    let (same, old) = (room(1, "Élan", 1), room(2, "Before", 2));
    let first = PublicList::new(vec![(same.clone(), 0), (old.clone(), 0)], &PublicList::default());
    assert_eq!(found(&first, "before"), ["r_0002"]);
    let mut renamed = Room::clone(&old);
    renamed.profile.name = "After".to_owned();
    renamed.version += 1;
    let entries = vec![(Arc::new(renamed), 0), (same, 0), (room(0, "New", 3), 0)];
    let second = PublicList::new(entries, &first);
    assert_eq!(found(&second, "before"), [""; 0]);
    assert_eq!(found(&second, "after"), ["r_0002"]);
    assert_eq!(found(&second, "new"), ["r_0000"]);
    assert!(Arc::ptr_eq(&second.entries[1].text, &first.entries[0].text), "it is shared");
    assert!(!Arc::ptr_eq(&second.entries[2].text, &first.entries[1].text));
}

fn read(list: &PublicList, order: PublicOrder, filter: &PublicFilter, size: usize) -> Vec<String> {
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = list.page(order, filter, after.as_ref(), size, |_| true);
        assert!(page.len() == size || next.is_none());
        read.extend(ids(&page));
        after = next;
        if after.is_none() {
            return read;
        }
    }
}

fn found(list: &PublicList, text: &str) -> Vec<String> {
    ids(&list.page(PublicOrder::Name, &words(text), None, 10, |_| true).0)
}

fn words(text: &str) -> PublicFilter {
    let words = text.split(' ').map(str::to_owned).collect();
    PublicFilter { words, ..PublicFilter::default() }
}

fn ids(page: &[RoomSummary]) -> Vec<String> {
    page.iter().map(|room| room.room_id.clone()).collect()
}

fn room(number: u64, name: &str, created: u64) -> Arc<Room> {
    let created = Timestamp::from_millis(1_000 + created);
    let mut room = laws::room_at(&format!("{number:04}"), created);
    room.profile.name = name.to_owned();
    Arc::new(room)
}
