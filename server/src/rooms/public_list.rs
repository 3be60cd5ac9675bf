//! An immutable list of the public rooms at one moment, in every order that it may be asked for.

use std::cmp::{Ordering, Reverse};
use std::sync::{Arc, OnceLock};

use contracts::RoomSummary;
use engine::{Room, Timestamp};
use serde::{Deserialize, Serialize};

use crate::name;
use crate::wire;

/// How much of a name rooms are sorted by, in bytes. Behind that, they are sorted by their ids.
pub const SORTED_BYTES_MAX: usize = 256;

/// What public rooms are sorted by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PublicOrder {
    /// The most watched first.
    #[default]
    Viewers,
    /// The newest first.
    Newest,
    /// By name.
    Name,
}

/// Which public rooms are wanted. What is absent doesn't matter.
#[derive(Clone, Debug, Default)]
pub struct PublicFilter {
    /// The provider of the room's media.
    pub provider: Option<String>,
    /// A language in canonical form. `pt` includes `pt-BR`.
    pub language: Option<String>,
    /// A normalized tag.
    pub tag: Option<String>,
    /// Folded words, each of which has to occur in the room's name, the title of its media, or its tags.
    pub words: Vec<String>,
}

/// Where a page of public rooms ends: what its last room is sorted by, and its id.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicRoomCursor {
    /// Sorted by viewers.
    Viewers(u64, String),
    /// Sorted by age.
    Newest(Timestamp, String),
    /// Sorted by name.
    Name(String, String),
}

/// The list.
#[derive(Debug, Default)]
pub(super) struct PublicList {
    /// By id.
    entries: Vec<Entry>,
    /// The places of the entries in each other order, once it was asked for.
    by_viewers: OnceLock<Vec<u32>>,
    by_age: OnceLock<Vec<u32>>,
    by_name: OnceLock<Vec<u32>>,
}

#[derive(Debug)]
struct Entry {
    room: Arc<Room>,
    viewers: u64,
    /// What is searched, once it was. Shared with later lists until the room changes.
    text: Arc<OnceLock<Text>>,
}

/// The words of a room without what people don't search for: case, accents, ways to write the same letter.
#[derive(Debug)]
struct Text {
    /// The room's name.
    name: String,
    /// Everything else, each after a line break.
    rest: String,
}

impl PublicRoomCursor {
    /// The order that it belongs to.
    pub fn order(&self) -> PublicOrder {
        match self {
            Self::Viewers(..) => PublicOrder::Viewers,
            Self::Newest(..) => PublicOrder::Newest,
            Self::Name(..) => PublicOrder::Name,
        }
    }

    /// Compares a room with the cursor's, in the cursor's order.
    fn compare(&self, entry: &Entry) -> Ordering {
        let id = entry.room.room_id.as_str();
        match self {
            Self::Viewers(viewers, last) => {
                (Reverse(entry.viewers), id).cmp(&(Reverse(*viewers), last))
            }
            Self::Newest(created, last) => {
                (Reverse(entry.room.created), id).cmp(&(Reverse(*created), last))
            }
            Self::Name(name, last) => (entry.name(), id).cmp(&(name, last)),
        }
    }
}

impl PublicFilter {
    /// Whether every room passes.
    pub(super) fn is_empty(&self) -> bool {
        let Self { provider, language, tag, words } = self;
        provider.is_none() && language.is_none() && tag.is_none() && words.is_empty()
    }

    fn includes(&self, entry: &Entry) -> bool {
        let profile = &entry.room.profile;
        let media = entry.room.media.as_ref();
        let of_provider =
            |wanted: &String| media.is_some_and(|media| media.source.provider == *wanted);
        let spoken =
            |wanted: &String| profile.language.as_ref().is_some_and(|one| speaks(one, wanted));
        self.provider.as_ref().is_none_or(of_provider)
            && self.language.as_ref().is_none_or(spoken)
            && self.tag.as_ref().is_none_or(|tag| profile.tags.contains(tag))
            && (self.words.is_empty() || entry.text().has_all(&self.words))
    }
}

/// Whether a language is another one or a variety of it (RFC 4647, basic filtering).
fn speaks(language: &str, wanted: &str) -> bool {
    language.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

impl Entry {
    fn text(&self) -> &Text {
        self.text.get_or_init(|| Text::of(&self.room))
    }

    /// What it is sorted by: the beginning of its name, so that no cursor is endless.
    fn name(&self) -> &str {
        let name = &self.text().name;
        &name[..name.floor_char_boundary(SORTED_BYTES_MAX)]
    }
}

impl Text {
    fn of(room: &Room) -> Self {
        let title = room.media.iter().map(|media| &media.source.title);
        let mut rest = String::new();
        for text in title.chain(&room.profile.tags) {
            rest.push('\n');
            rest.push_str(&name::fold(text));
        }
        Self { name: name::fold(&room.profile.name), rest }
    }

    fn has_all(&self, words: &[String]) -> bool {
        words.iter().all(|word| self.name.contains(word) || self.rest.contains(word))
    }
}

impl PublicList {
    /// Makes a list of rooms and their viewers. What was folded for `last` is used again.
    pub(super) fn new(mut rooms: Vec<(Arc<Room>, u64)>, last: &Self) -> Self {
        rooms.sort_unstable_by(|(one, _), (other, _)| one.room_id.cmp(&other.room_id));
        let mut old = last.entries.iter().peekable();
        let entries = rooms.into_iter().map(|(room, viewers)| {
            while old.next_if(|entry| entry.room.room_id < room.room_id).is_some() {}
            let same = old.peek().filter(|entry| {
                entry.room.room_id == room.room_id && entry.room.place() == room.place()
            });
            let text = same.map_or_else(Arc::default, |entry| entry.text.clone());
            Entry { room, viewers, text }
        });
        Self { entries: entries.collect(), ..Self::default() }
    }

    /// The number of rooms.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns up to `take` rooms of the page behind a cursor, and where it ends if there are more.
    /// `is_shown` is called for rooms that pass the filter, until the page is full.
    pub(super) fn page(
        &self,
        order: PublicOrder,
        filter: &PublicFilter,
        after: Option<&PublicRoomCursor>,
        take: usize,
        is_shown: impl Fn(&Room) -> bool,
    ) -> (Vec<RoomSummary>, Option<PublicRoomCursor>) {
        let places = self.places(order);
        let from = after.map_or(0, |cursor| {
            places.partition_point(|place| cursor.compare(self.entry(*place)).is_le())
        });
        let rest = places[from..].iter().map(|place| self.entry(*place));
        let mut found = rest.filter(|entry| filter.includes(entry) && is_shown(&entry.room));
        let page: Vec<&Entry> = found.by_ref().take(take).collect();
        let last = page.last().filter(|_| found.next().is_some());
        let next = last.map(|entry| cursor(order, entry));
        let summaries = page.iter().map(|entry| wire::room_summary(&entry.room, entry.viewers));
        (summaries.collect(), next)
    }

    /// Whether a page in this order needs no sorting first.
    pub(super) fn is_sorted(&self, order: PublicOrder) -> bool {
        match order {
            PublicOrder::Viewers => self.by_viewers.get().is_some(),
            PublicOrder::Newest => self.by_age.get().is_some(),
            PublicOrder::Name => self.by_name.get().is_some(),
        }
    }

    /// Sorts the rooms now rather than when a page is asked for.
    pub(super) fn sort(&self, order: PublicOrder) {
        self.places(order);
    }

    fn entry(&self, place: u32) -> &Entry {
        &self.entries[place as usize]
    }

    /// Sorts the entries. Those that are equal stay in the order of their ids.
    fn places(&self, order: PublicOrder) -> &[u32] {
        match order {
            PublicOrder::Viewers => self.sorted(&self.by_viewers, |entry| Reverse(entry.viewers)),
            PublicOrder::Newest => self.sorted(&self.by_age, |entry| Reverse(entry.room.created)),
            PublicOrder::Name => self.sorted(&self.by_name, Entry::name),
        }
    }

    fn sorted<'a, K: Ord>(
        &'a self,
        kept: &'a OnceLock<Vec<u32>>,
        key: impl Fn(&'a Entry) -> K,
    ) -> &'a [u32] {
        kept.get_or_init(|| {
            let count = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
            let mut places: Vec<u32> = (0..count).collect();
            places.sort_by_key(|place| key(self.entry(*place)));
            places
        })
    }
}

/// The cursor of a page that ends with a room.
fn cursor(order: PublicOrder, entry: &Entry) -> PublicRoomCursor {
    let id = entry.room.room_id.to_string();
    match order {
        PublicOrder::Viewers => PublicRoomCursor::Viewers(entry.viewers, id),
        PublicOrder::Newest => PublicRoomCursor::Newest(entry.room.created, id),
        PublicOrder::Name => PublicRoomCursor::Name(entry.name().to_owned(), id),
    }
}

#[cfg(test)]
mod tests;
