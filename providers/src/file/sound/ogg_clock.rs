//! How the streams in Ogg files tell the time, and how long their packets last.

use super::super::bytes::{be, le};
use super::super::contents::Kind;

/// Opus always counts in 48 kHz.
const OPUS_RATE: u64 = 48_000;

/// How a stream tells the time on its pages.
#[derive(Clone, Copy, Debug)]
pub(super) enum Clock {
    /// By samples of sound.
    Sound {
        /// Samples per second.
        rate: u64,
        /// Samples that are decoded before the first that is heard.
        skipped: u64,
        /// How long its packets last.
        packets: Packets,
    },
    /// By pictures.
    Pictures {
        /// Pictures in so many seconds …
        count: u64,
        /// … as this.
        seconds: u64,
        /// The bits behind the number of the last key frame, where those after it are counted.
        shift: u32,
        /// How many more there are than counted.
        more: u64,
        /// Whether the number in front of these bits counts them all.
        alone: bool,
    },
}

/// How long the packets of a stream last.
#[derive(Clone, Copy, Debug)]
pub(super) enum Packets {
    /// As each one's first byte says.
    Opus,
    /// As the sizes of two kinds of block say, the kind being in each one's first byte.
    Vorbis([u64; 2]),
    /// So many samples, as every block of a FLAC that states one size.
    Even(u64),
    /// Nobody knows.
    Other,
}

impl Clock {
    /// What the first packet of a stream says: what it is, its codec, and how it tells the time.
    pub(super) fn describe(packet: &[u8]) -> (Kind, &'static str, Option<Self>) {
        let number = |at: usize, len: usize| packet.get(at..at + len).map(le);
        let sound = |rate, skipped, packets| Self::Sound { rate, skipped, packets };
        if packet.starts_with(b"OpusHead") {
            let clock = number(10, 2).map(|skipped| sound(OPUS_RATE, skipped, Packets::Opus));
            (Kind::Sound, "opus", clock)
        } else if packet.starts_with(b"\x01vorbis") {
            let sizes =
                number(28, 1).map_or([0; 2], |sizes| [1 << (sizes & 15), 1 << (sizes >> 4)]);
            let clock = number(12, 4).map(|rate| sound(rate, 0, Packets::Vorbis(sizes)));
            (Kind::Sound, "vorbis", clock)
        } else if packet.starts_with(b"\x7fFLAC") {
            // Behind the version, the marker and the head of the block, as in a plain file.
            let rate = packet.get(27..35).map(|stream| be(stream) >> 44);
            let sizes = [17, 19].map(|at| packet.get(at..at + 2).map_or(0, be));
            let packets = match sizes {
                [least, most] if least == most && most > 0 => Packets::Even(most),
                _ => Packets::Other,
            };
            (Kind::Sound, "flac", rate.map(|rate| sound(rate, 0, packets)))
        } else if packet.starts_with(b"Speex   ") {
            let rate = number(36, 4);
            (Kind::Sound, "speex", rate.map(|rate| sound(rate, 0, Packets::Other)))
        } else if packet.starts_with(b"\x80theora") {
            (Kind::Picture, "theora", theora(packet))
        } else if packet.starts_with(b"OVP80") {
            (Kind::Picture, "vp8", vp8(packet))
        } else {
            (Kind::Other, "", None)
        }
    }

    /// Units of time per second, for sound.
    pub(super) fn per_second(self) -> u64 {
        match self {
            Self::Sound { rate, .. } => rate,
            Self::Pictures { count, .. } => count,
        }
    }

    /// So many samples or pictures, in milliseconds.
    pub(super) fn ms(self, units: u64) -> u64 {
        let (per_second, seconds) = match self {
            Self::Sound { rate, .. } => (rate, 1),
            Self::Pictures { count, seconds, .. } => (count, seconds),
        };
        let ms = u128::from(units) * 1000 * u128::from(seconds);
        let per_second = u128::from(per_second.max(1));
        u64::try_from((ms + per_second / 2) / per_second).unwrap_or(u64::MAX)
    }

    /// When a page ends, in milliseconds, by the number on it.
    pub(super) fn end_ms(self, granule: u64) -> u64 {
        match self {
            Self::Sound { skipped, .. } => self.ms(granule.saturating_sub(skipped)),
            Self::Pictures { shift, more, alone, .. } => {
                let since = if alone { 0 } else { granule & ((1 << shift) - 1) };
                self.ms((granule >> shift).saturating_add(since).saturating_add(more))
            }
        }
    }

    /// The samples that so many packets last if they are as long as most are.
    pub(super) fn usual(self, packets: u64) -> u64 {
        match self {
            Self::Sound { packets: Packets::Opus, .. } => packets * OPUS_RATE / 50,
            Self::Sound { packets: Packets::Vorbis(sizes), .. } => packets * sizes[1] / 2,
            Self::Sound { packets: Packets::Even(samples), .. } => packets * samples,
            _ => u64::MAX,
        }
    }

    /// The samples that these packets last, the first of a stream.
    pub(super) fn samples<'a>(self, packets: impl Iterator<Item = &'a [u8]>) -> u64 {
        let Self::Sound { packets: kind, .. } = self else { return 0 };
        let packets = packets.filter(|packet| !packet.is_empty());
        match kind {
            Packets::Opus => packets.map(opus_samples).sum(),
            Packets::Vorbis(sizes) => {
                let sizes = packets.map(|packet| sizes[usize::from(packet[0] >> 1 & 1)]);
                // Of each block a part is heard with the one before.
                let heard = |(before, sum): (Option<u64>, u64), size: u64| {
                    (Some(size), sum + before.map_or(0, |before| (before + size) / 4))
                };
                sizes.fold((None, 0), heard).1
            }
            Packets::Even(samples) => packets.count() as u64 * samples,
            Packets::Other => 0,
        }
    }
}

/// The samples of a packet of Opus.
fn opus_samples(packet: &[u8]) -> u64 {
    let (form, frames) = (packet[0] >> 3, packet[0] & 3);
    let in_frame = match form {
        0..=11 => [480, 960, 1920, 2880][usize::from(form & 3)],
        12..=15 => [480, 960][usize::from(form & 1)],
        _ => [120, 240, 480, 960][usize::from(form & 3)],
    };
    let frames = match frames {
        0 => 1,
        1 | 2 => 2,
        _ => packet.get(1).map_or(0, |count| u64::from(count & 0x3f)),
    };
    in_frame * frames
}

fn theora(packet: &[u8]) -> Option<Clock> {
    let version = be(packet.get(7..10)?);
    let (count, seconds) = (be(packet.get(22..26)?), be(packet.get(26..30)?));
    let shift = be(packet.get(40..42)?) >> 5 & 0x1f;
    // Since version 3.2.1 the number counts the picture itself, too.
    let more = u64::from(version < 0x03_0201);
    Some(Clock::Pictures { count, seconds, shift: shift as u32, more, alone: false })
}

fn vp8(packet: &[u8]) -> Option<Clock> {
    let (count, seconds) = (be(packet.get(18..22)?), be(packet.get(22..26)?));
    Some(Clock::Pictures { count, seconds, shift: 32, more: 0, alone: true })
}
