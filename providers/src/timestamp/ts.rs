//! MPEG transport streams: packets of 188 bytes, whose PES headers carry timestamps of 33 bits.

use super::Stamp;

const PACKET_BYTES: usize = 188;
const SYNC: u8 = 0x47;
/// Units of a timestamp per second.
const TIMESCALE: u32 = 90_000;
/// Players look for the first packet this far into a piece.
const LEAD_IN_MAX: usize = 1_000;

/// Whether `head` begins with packets, as far as it goes.
pub(super) fn is_packets(head: &[u8]) -> bool {
    first_packet(head).is_some()
}

/// The timestamp of the first picture in `head`, else of the first sound.
pub(super) fn first(head: &[u8]) -> Option<Stamp> {
    let packets = &head[first_packet(head)?..];
    let mut sound = None;
    for packet in packets.chunks_exact(PACKET_BYTES) {
        match pes(packet) {
            Some((0xE0..=0xEF, value)) => return Some(stamp(value)),
            Some((0xC0..=0xDF | 0xBD, value)) => sound = sound.or(Some(value)),
            _ => {}
        }
    }
    sound.map(stamp)
}

fn stamp(value: i64) -> Stamp {
    Stamp { value, timescale: TIMESCALE }
}

/// The offset of the first of two packets in a row.
fn first_packet(head: &[u8]) -> Option<usize> {
    let is_sync = |at: usize| head.get(at) == Some(&SYNC);
    (0..head.len().min(LEAD_IN_MAX)).find(|at| is_sync(*at) && is_sync(at + PACKET_BYTES))
}

/// The stream id and the presentation timestamp of the PES header that begins in a packet.
fn pes(packet: &[u8]) -> Option<(u8, i64)> {
    let begins_unit = packet[1] & 0x40 != 0;
    let is_clear = packet[3] & 0xC0 == 0;
    let has_payload = packet[3] & 0x10 != 0;
    if packet[0] != SYNC || !begins_unit || !is_clear || !has_payload {
        return None;
    }
    let has_adaptation = packet[3] & 0x20 != 0;
    let at = if has_adaptation { 5 + usize::from(packet[4]) } else { 4 };
    let header = packet.get(at..)?;
    let [0, 0, 1, stream_id, _, _, marker, flags, _, pts @ ..] = header else { return None };
    let [a, b, c, d, e, ..] = *pts else { return None };
    if marker & 0xC0 != 0x80 || flags & 0x80 == 0 {
        return None;
    }
    let bits = |byte: u8, mask: u8, shift: u32| i64::from(byte & mask) << shift;
    let low = bits(b, 0xFF, 22) | bits(c, 0xFE, 14) | bits(d, 0xFF, 7) | bits(e, 0xFE, 0) >> 1;
    Some((*stream_id, bits(a, 0x0E, 29) | low))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet with a PES header of this stream and time, behind an adaptation field of `adaptation`
    /// bytes.
    fn packet(stream_id: u8, pts: i64, adaptation: Option<u8>) -> Vec<u8> {
        let mut packet = vec![SYNC, 0x41, 0x00, 0x10];
        if let Some(len) = adaptation {
            packet[3] |= 0x20;
            packet.push(len);
            packet.extend(vec![0; len.into()]);
        }
        let byte = |shift: i64, mask: i64| u8::try_from((pts >> shift) & mask).unwrap();
        packet.extend([0, 0, 1, stream_id, 0, 0, 0x80, 0x80, 5]);
        packet.extend([0x21 | byte(30, 7) << 1, byte(22, 0xFF), byte(15, 0x7F) << 1 | 1]);
        packet.extend([byte(7, 0xFF), byte(0, 0x7F) << 1 | 1]);
        packet.resize(PACKET_BYTES, 0xFF);
        packet
    }

    #[test]
    fn the_first_picture_counts_even_behind_sound() {
        let sound = packet(0xC0, 126_000, None);
        let picture = packet(0xE0, 133_500, Some(7));
        let all = [table(), sound.clone(), picture].concat();
        assert_eq!(first(&all), Some(Stamp { value: 133_500, timescale: 90_000 }));
        let all = [table(), sound].concat();
        assert_eq!(first(&all), Some(Stamp { value: 126_000, timescale: 90_000 }));
    }

    #[test]
    fn every_bit_of_a_timestamp_is_read() {
        for pts in [0, 1, 0x7F, 0x80, 0x7FFF, 0x8000, 1 << 29, 1 << 30, 1 << 32, (1 << 33) - 1] {
            let all = [packet(0xE0, pts, None), table()].concat();
            assert_eq!(first(&all).map(|stamp| stamp.value), Some(pts));
        }
    }

    #[test]
    fn a_few_stray_bytes_may_come_first() {
        let all = [vec![0; 33], packet(0xE1, 7, None), table()].concat();
        assert_eq!(first(&all).map(|stamp| stamp.value), Some(7));
    }

    #[test]
    fn nothing_is_made_up() {
        let scrambled = {
            let mut packet = packet(0xE0, 7, None);
            packet[3] |= 0x80;
            packet
        };
        let overlong = {
            let mut packet = packet(0xE0, 7, Some(1));
            packet[4] = 255;
            packet
        };
        for odd in [scrambled, overlong, table(), vec![SYNC; PACKET_BYTES], vec![]] {
            assert_eq!(first(&[odd, table()].concat()), None);
        }
    }

    fn table() -> Vec<u8> {
        let mut packet = vec![SYNC, 0x40, 0x00, 0x10, 0x00, 0x00, 0xB0, 0x0D];
        packet.resize(PACKET_BYTES, 0xFF);
        packet
    }
}
