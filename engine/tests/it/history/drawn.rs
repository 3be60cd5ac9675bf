//! Media and settings that histories draw.

use engine::{DurationOrigin, Entry, HostLoss, Media, PlaybackControl, RoomPatch};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use crate::story::{live_media, media};

/// Media with and without duration, qualities and tracks, some in which players can't jump, and some live.
pub(super) fn any_media() -> impl Strategy<Value = Media> {
    let live = (0..4_u8, 0..60_000_u64, 0..20_000_u64)
        .prop_map(|(n, window, hold_back)| live_media(&format!("m_{n}"), window, hold_back));
    prop_oneof![3 => any_film(), 1 => live]
}

fn any_film() -> impl Strategy<Value = Media> {
    let duration = option::of(prop_oneof![Just(0), 1..100_000_u64]);
    (0..4_u8, duration, any::<[bool; 5]>(), 0..4_u8).prop_map(|(n, duration, keeps, jumps)| {
        let mut media = media(&format!("m_{n}"), duration);
        let source = &mut media.source;
        if keeps[4] {
            source.duration_origin = DurationOrigin::Playlist;
        }
        source.renditions.retain(|_| keeps[0]);
        source.text_tracks.retain(|_| keeps[1]);
        source.audio_tracks.retain(|_| keeps[2]);
        source.audio_tracks.iter_mut().for_each(|track| track.default &= keeps[3]);
        source.control.seek = jumps > 0;
        media
    })
}

pub(super) fn patches() -> impl Strategy<Value = RoomPatch> {
    let loss = select(vec![HostLoss::Promote, HostLoss::Hold, HostLoss::Pause]);
    (
        seldom(select(vec!["One", "Two"]).prop_map(str::to_owned)),
        seldom(any::<bool>()),
        described(),
        seldom(any::<bool>()),
        seldom(0..10_u64),
        seldom(loss),
        seldom(0..200_000_u64),
        seldom(any::<bool>()),
        (
            seldom(select(vec![PlaybackControl::Hosts, PlaybackControl::Everyone])),
            seldom(select(vec![Entry::Open, Entry::Knock, Entry::Invite])),
            seldom(option::of(1..9_u32)),
        ),
    )
        .prop_map(
            |(
                name,
                is_public,
                (language, tags),
                chat_enabled,
                slow_mode_ms,
                host_loss,
                grace,
                barrier,
                (playback_control, entry, capacity),
            )| {
                let (host_grace_ms, rebuffer_barrier) = (grace, barrier);
                RoomPatch {
                    name,
                    is_public,
                    language,
                    tags,
                    chat_enabled,
                    slow_mode_ms,
                    host_loss,
                    host_grace_ms,
                    rebuffer_barrier,
                    playback_control,
                    entry,
                    capacity,
                }
            },
        )
}

/// Changes of what a room says of itself to people who look for one: its language and its tags.
fn described() -> impl Strategy<Value = (Option<Option<String>>, Option<Vec<String>>)> {
    let language = seldom(option::of(select(vec!["en", "pt-BR"]).prop_map(str::to_owned)));
    let tag = select(vec!["anime", "sport"]).prop_map(str::to_owned);
    (language, seldom(proptest::collection::vec(tag, 0..3)))
}

/// A value now and then, so that many patches change one thing alone.
fn seldom<T: Clone + std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    option::weighted(0.15, value)
}
