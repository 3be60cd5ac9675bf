//! Sends seeks at fixed times, independent of any answer, and records their arrival at every viewer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use memchr::memmem;
use serde_json::{Value, json};

use crate::bench::Load;
use crate::bench::party::Party;
use crate::process;
use crate::reader::Incoming;
use crate::{DEADLINE, Error, Result};

/// How long the load listens for unexpected frames at its end.
const AFTERMATH: Duration = Duration::from_millis(300);
/// The longest recorded latency; longer ones count as this.
const LATENCY_NS_MAX: u64 = 60_000_000_000;
/// The seeks alternate between these positions, so that each changes something.
const POSITIONS_MS: [u64; 2] = [400, 800];

/// The measurements of a load.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// The time from just before the host's write to the arrival at a viewer, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
    /// The time from just before the host's write to the ack, in nanoseconds.
    pub(crate) ack: Histogram<u64>,
    /// The longest time from when a command was due to its write.
    pub(crate) late: Duration,
    /// The number of frames that reached viewers.
    pub(crate) deliveries: usize,
    /// The size of a frame's payload in bytes.
    pub(crate) frame_bytes: usize,
    /// The processor time of the server.
    pub(crate) server_time: Duration,
    /// The share of one core that this process used.
    pub(crate) client_share: f64,
    /// Why the measurements aren't valid, if they aren't.
    pub(crate) flaw: Option<String>,
}

/// The arrival of a frame at a viewer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) connection: u32,
    pub(crate) version: u64,
    pub(crate) at: Instant,
}

/// Everything recorded during a load, evaluated at its end.
#[derive(Debug, Default)]
struct Record {
    /// How many commands each host had sent before.
    before: usize,
    /// When each command was sent, by room.
    sent: Vec<Vec<Instant>>,
    /// By room and acked version, the command and when its ack arrived.
    acked: Vec<BTreeMap<u64, (usize, Instant)>>,
    arrivals: Vec<Arrival>,
    frame_bytes: usize,
    rejected: Vec<String>,
}

/// Runs a load.
pub(crate) fn run(party: &mut Party, load: Load) -> Result<Measured> {
    let pid = party.server.pid()?;
    let (server_before, client_before) =
        (process::processor_time(pid)?, process::processor_time(std::process::id())?);
    let started = Instant::now();
    let (record, late) = send_and_record(party, load)?;
    party.commands += load.warm_up + load.commands;
    let server_time = process::processor_time(pid)?.saturating_sub(server_before);
    let client_time = process::processor_time(std::process::id())?.saturating_sub(client_before);
    let client_share = client_time.as_secs_f64() / started.elapsed().as_secs_f64();
    party.drain(AFTERMATH)?;
    evaluate(
        party,
        load,
        &record,
        Measured {
            latency: histogram()?,
            ack: histogram()?,
            late,
            deliveries: record.arrivals.len(),
            frame_bytes: record.frame_bytes,
            server_time,
            client_share,
            flaw: None,
        },
    )
}

/// The version of a `playback_changed`; `None` for any other frame.
pub(crate) fn playback_version(text: &[u8]) -> Option<u64> {
    const VERSION: &[u8] = br#""version":"#;
    memmem::find(text, br#""type":"playback_changed""#)?;
    let digits = &text[memmem::find(text, VERSION)? + VERSION.len()..];
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |version, digit| version * 10 + u64::from(digit - b'0')))
}

/// A histogram of nanoseconds with three significant figures. Its range is fixed, since saturating
/// records don't extend a growing one.
pub(crate) fn histogram() -> Result<Histogram<u64>> {
    Histogram::new_with_max(LATENCY_NS_MAX, 3).map_err(Error::doing("make a histogram"))
}

fn send_and_record(party: &mut Party, load: Load) -> Result<(Record, Duration)> {
    let rooms = party.rooms.len();
    let per_room = load.warm_up + load.commands;
    let expected = rooms * per_room * load.viewers;
    let mut record = Record {
        before: party.commands,
        sent: vec![Vec::with_capacity(per_room); rooms],
        acked: vec![BTreeMap::new(); rooms],
        arrivals: Vec::with_capacity(expected),
        ..Record::default()
    };
    let started = Instant::now() + Duration::from_millis(50);
    let mut late = Duration::ZERO;
    let mut sent = 0;
    let mut deadline = None;
    let mut quiet_since = None;
    loop {
        // The rooms take turns, evenly spread over the interval.
        while sent < rooms * per_room {
            let due = started + load.interval.mul_f64(sent as f64 / rooms as f64);
            let now = Instant::now();
            if now < due {
                break;
            }
            late = late.max(now - due);
            send_seek(party, &mut record, sent % rooms)?;
            sent += 1;
        }
        let now = Instant::now();
        let timeout = if sent < rooms * per_room {
            let due = started + load.interval.mul_f64(sent as f64 / rooms as f64);
            due.saturating_duration_since(now)
        } else {
            let acked: usize = record.acked.iter().map(BTreeMap::len).sum();
            let complete =
                record.arrivals.len() >= expected && acked + record.rejected.len() >= sent;
            // Waits for unexpected frames, too.
            let quiet = *quiet_since.get_or_insert(now);
            let over = complete && now - quiet >= AFTERMATH;
            if over || now > *deadline.get_or_insert(now + DEADLINE) || !party.ended.is_empty() {
                return Ok((record, late));
            }
            Duration::from_millis(20)
        };
        receive(party, &mut record, timeout)?;
    }
}

fn send_seek(party: &mut Party, record: &mut Record, room: usize) -> Result<()> {
    let number = record.before + record.sent[room].len();
    let position_ms = POSITIONS_MS[number % POSITIONS_MS.len()];
    let seek = json!({
        "type": "seek", "id": format!("s{number}"), "data": {"position_ms": position_ms},
    });
    let seek = seek.to_string();
    record.sent[room].push(Instant::now());
    party.reader.send_text(party.rooms[room].host, seek.as_bytes())
}

fn receive(party: &mut Party, record: &mut Record, timeout: Duration) -> Result<()> {
    let Party { reader, rooms, room_of, ended, .. } = party;
    reader.poll(timeout, |number, at, incoming| {
        let text = match incoming {
            Incoming::Text(text) => text,
            Incoming::Closed(why) => return ended.push(why.to_owned()),
        };
        let room = room_of[number];
        if rooms[room].host == number {
            record.note_answer(room, at, text);
        } else if let Some(version) = playback_version(text) {
            record.frame_bytes = text.len();
            record.arrivals.push(Arrival { connection: number as u32, version, at });
        }
    })
}

impl Record {
    /// Records a frame of a host. These are few, so parsing them costs little.
    fn note_answer(&mut self, room: usize, at: Instant, text: &[u8]) {
        let frame: Value = serde_json::from_slice(text).unwrap_or_default();
        let number =
            frame["id"].as_str().and_then(|id| id.strip_prefix('s')?.parse::<usize>().ok());
        let command = number.and_then(|number| number.checked_sub(self.before));
        match (frame["type"].as_str(), command, frame["version"].as_u64()) {
            (Some("ack"), Some(command), Some(version)) => {
                self.acked[room].insert(version, (command, at));
            }
            (Some("reject"), ..) => self.rejected.push(frame["error"].to_string()),
            _ => {}
        }
    }
}

/// Computes the latencies, and finds the commands that weren't delivered exactly once.
fn evaluate(
    party: &Party,
    load: Load,
    record: &Record,
    mut measured: Measured,
) -> Result<Measured> {
    let per_room = load.warm_up + load.commands;
    let mut seen = vec![0u8; party.room_of.len() * per_room];
    let (mut twice, mut strange) = (0, 0);
    for arrival in &record.arrivals {
        let connection = arrival.connection as usize;
        let room = party.room_of[connection];
        let Some((command, _)) = record.acked[room].get(&arrival.version) else {
            strange += 1;
            continue;
        };
        let times = &mut seen[connection * per_room + command];
        *times = times.saturating_add(1);
        twice += usize::from(*times > 1);
        if *command >= load.warm_up {
            let latency = arrival.at.saturating_duration_since(record.sent[room][*command]);
            measured.latency.saturating_record(latency.as_nanos() as u64);
        }
    }
    for (sent, acked) in record.sent.iter().zip(&record.acked) {
        for (command, at) in acked.values().filter(|(command, _)| *command >= load.warm_up) {
            let latency = at.saturating_duration_since(sent[*command]);
            measured.ack.saturating_record(latency.as_nanos() as u64);
        }
    }
    let expected = party.rooms.len() * load.viewers * per_room;
    let once = seen.iter().filter(|times| **times > 0).count();
    let unacked =
        party.rooms.len() * per_room - record.acked.iter().map(BTreeMap::len).sum::<usize>();
    let flaws = [
        (expected - once, "deliveries are missing", None),
        (twice, "deliveries came twice", None),
        (strange, "deliveries belong to no command", None),
        (unacked, "commands got no ack", record.rejected.first()),
        (party.ended.len(), "connections were ended by the server", party.ended.first()),
    ];
    let flaws: Vec<String> = flaws
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, what, example)| match example {
            Some(example) => format!("{count} {what} ({example})"),
            None => format!("{count} {what}"),
        })
        .collect();
    measured.flaw = (!flaws.is_empty()).then(|| flaws.join("; "));
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_recorded_and_clipped_only_at_the_limit() {
        let mut latency = histogram().unwrap();
        latency.saturating_record(7_000_000);
        assert!(latency.value_at_quantile(0.5).abs_diff(7_000_000) < 10_000);
        latency.saturating_record(u64::MAX);
        assert!(latency.max() >= LATENCY_NS_MAX);
    }

    #[test]
    fn the_version_is_found_only_in_playback_frames() {
        let frame = br#"{"type":"playback_changed","epoch":1,"version":417,"at_ms":5,"data":{"since_version":3}}"#;
        assert_eq!(playback_version(frame), Some(417));
        assert_eq!(playback_version(br#"{"type":"ack","version":417}"#), None);
    }
}
