//! Which master serves which slots of a cluster, as one of its servers says. A single Redis serves them all.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::client::{Address, Reply, slot_of};
use super::codec::{number_of, text_of};
use super::keys;

/// The highest slot.
const SLOT_MAX: u16 = 16_383;
/// How many tags are tried to find one of a slot that no shard has. Each has a chance of one in 16,384.
const TAGS_MAX: u32 = 1_000_000;

/// A master and its slots.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Part {
    /// Where the master listens.
    pub(super) address: Address,
    /// Its slots, the lowest first.
    slots: Vec<RangeInclusive<u16>>,
}

impl Part {
    /// The one master of all slots.
    pub(super) fn whole(address: Address) -> Self {
        Self { address, slots: vec![0..=SLOT_MAX] }
    }

    /// Whether the master serves a slot.
    pub(super) fn has(&self, slot: u16) -> bool {
        self.slots.iter().any(|slots| slots.contains(&slot))
    }

    /// Returns the hash tag of the keys that are about the master itself: `nodes`, or else that of its
    /// first shard. It stays the same while the slots do, whichever server serves them.
    pub(super) fn home(&self) -> Option<String> {
        let shards = (0..keys::SHARDS).map(keys::tag);
        let others = (0..TAGS_MAX).map(|n| format!("m{n}"));
        let mut tags = std::iter::once(keys::NODES.to_owned()).chain(shards).chain(others);
        tags.find(|tag| self.has(slot_of(tag)))
    }

    fn first_slot(&self) -> u16 {
        self.slots.first().map_or(SLOT_MAX, |slots| *slots.start())
    }
}

/// Decodes the answer to `CLUSTER SLOTS` of the server at `asked`: the masters, that of the tag `nodes` first,
/// then by their first slot. `None` if no master has a slot.
pub(super) fn decode_slots(reply: &Reply, asked: &Address) -> Option<Vec<Part>> {
    let Reply::List(entries) = reply else { return None };
    let mut masters: BTreeMap<Address, Vec<RangeInclusive<u16>>> = BTreeMap::new();
    for entry in entries {
        let Reply::List(entry) = entry else { return None };
        let [first, last, Reply::List(master), ..] = entry.as_slice() else { return None };
        let slot = |reply| u16::try_from(number_of(reply)?).ok().filter(|slot| *slot <= SLOT_MAX);
        let slots = slot(first)?..=slot(last)?;
        let [host, port, ..] = master.as_slice() else { return None };
        let port = u16::try_from(number_of(port)?).ok()?;
        let host = match text_of(host) {
            // A server that doesn't know its own address is where it was asked.
            None => asked.host.clone(),
            Some(host) if host.is_empty() => asked.host.clone(),
            // One of which the server asked knows no address can't be reached.
            Some(host) if host == "?" => continue,
            Some(host) => host,
        };
        masters.entry(Address { host, port }).or_default().push(slots);
    }
    let part = |(address, mut slots): (Address, Vec<RangeInclusive<u16>>)| {
        slots.sort_unstable_by_key(|slots| *slots.start());
        Part { address, slots }
    };
    let mut parts: Vec<Part> = masters.into_iter().map(part).collect();
    let nodes = slot_of(keys::NODES);
    parts.sort_by_key(|part| (!part.has(nodes), part.first_slot()));
    (!parts.is_empty()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_masters_of_a_cluster_are_those_that_a_server_names() {
        let asked = address("10.0.0.9", 7000);
        let reply = Reply::List(vec![
            entry(10_923, 16_383, Reply::Bytes("10.0.0.3".into())),
            // In two pieces, of a server that doesn't know its own address.
            entry(5_000, 5_460, Reply::Nil),
            entry(0, 4_000, Reply::Bytes("".into())),
            entry(5_461, 10_922, Reply::Bytes("10.0.0.2".into())),
            entry(4_001, 4_999, Reply::Bytes("?".into())),
        ]);
        let parts = decode_slots(&reply, &asked).expect("masters");
        let hosts: Vec<&str> = parts.iter().map(|part| part.address.host.as_str()).collect();
        // `nodes` is in slot 9,928.
        assert_eq!(hosts, ["10.0.0.2", "10.0.0.9", "10.0.0.3"]);
        assert!(parts[1].has(4_000) && parts[1].has(5_000) && !parts[1].has(4_001));
        assert_eq!(parts[0].home().as_deref(), Some("nodes"));
        for part in &parts {
            let home = part.home().expect("a tag");
            assert!(part.has(slot_of(&format!("ph:{{{home}}}:alive"))), "{home}");
        }
        assert_ne!(parts[1].home(), parts[2].home());
    }

    #[test]
    fn a_master_of_a_single_slot_has_a_tag_and_nonsense_names_no_master() {
        let only = Part { address: address("a", 1), slots: vec![16_000..=16_000] };
        assert!(only.has(slot_of(&only.home().expect("a tag"))));
        assert_eq!(Part::whole(address("a", 1)).home().as_deref(), Some("nodes"));
        let asked = address("a", 1);
        for reply in [Reply::Nil, Reply::List(vec![]), Reply::List(vec![Reply::Int(1)])] {
            assert_eq!(decode_slots(&reply, &asked), None);
        }
        let beyond = Reply::List(vec![entry(0, 70_000, Reply::Nil)]);
        assert_eq!(decode_slots(&beyond, &asked), None);
    }

    fn address(host: &str, port: u16) -> Address {
        Address { host: host.to_owned(), port }
    }

    fn entry(first: i64, last: i64, host: Reply) -> Reply {
        let id = Reply::Bytes("07c37dfeb235213a872192d90877d0cd55635b91".into());
        let master = Reply::List(vec![host, Reply::Int(7000), id]);
        Reply::List(vec![Reply::Int(first), Reply::Int(last), master])
    }
}
