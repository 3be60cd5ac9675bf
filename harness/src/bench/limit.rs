//! The limit of this machine at this moment: a bare loop that writes the same bytes to as many
//! sockets, for the same reader, and does nothing else that a server must do.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};

use crate::bench::Load;
use crate::bench::load::{Arrival, histogram, playback_version};
use crate::frame::{self, opcode};
use crate::reader::{Incoming, Reader};
use crate::{DEADLINE, Error, Result};

/// Large enough that the number of digits, and so the length of a frame, stays the same.
const FIRST_VERSION: u64 = 100_000;

/// About the number of bytes that a journal appends per commit.
const SYNCED_BYTES: usize = 4096;

/// The measurements of the loop.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    /// The time from just before the first write to each arrival, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
    /// The processor time of the writing thread.
    pub(crate) writer_time: Duration,
    /// The number of frames written.
    pub(crate) deliveries: usize,
}

/// The start of each round, and the processor time of the thread.
type Written = std::io::Result<(Vec<Instant>, Duration)>;

/// Writes the frames of `load`, each with a payload of `frame_bytes` bytes.
pub(crate) fn run(load: Load, frame_bytes: usize) -> Result<Limit> {
    let connections = load.viewers * load.rooms;
    let rounds = load.warm_up + load.commands;
    let deliveries = rounds * connections;
    let mut reader = Reader::new()?;
    let writer = spawn_writer(&mut reader, connections, rounds, load.interval, frame_bytes)?;

    let mut arrivals: Vec<Arrival> = Vec::with_capacity(deliveries);
    let deadline = Instant::now() + load.interval * rounds as u32 + DEADLINE;
    while arrivals.len() < deliveries && Instant::now() < deadline {
        reader.poll(Duration::from_millis(20), |number, at, incoming| {
            let Incoming::Text(text) = incoming else { return };
            if let Some(version) = playback_version(text) {
                arrivals.push(Arrival { connection: number as u32, version, at });
            }
        })?;
    }
    let written = writer.join().map_err(|_| Error::new("the writing thread panicked"))?;
    let (began, writer_time) = written.map_err(Error::doing("write to the raw sockets"))?;
    let mut latency = histogram()?;
    for arrival in &arrivals {
        let round = (arrival.version - FIRST_VERSION) as usize;
        if round >= load.warm_up {
            let passed = arrival.at.saturating_duration_since(began[round]);
            latency.saturating_record(passed.as_nanos() as u64);
        }
    }
    if arrivals.len() != deliveries {
        let got = arrivals.len();
        return Err(Error::new(format!("the raw loop delivered {got} of {deliveries} frames")));
    }
    Ok(Limit { latency, writer_time, deliveries })
}

/// The time that syncing a file to disk takes, in nanoseconds: every commit waits for one sync.
pub(crate) fn sync_times(load: Load) -> Result<Histogram<u64>> {
    let failed = || Error::doing::<std::io::Error>("sync a file");
    let mut file = tempfile::tempfile().map_err(failed())?;
    let mut times = histogram()?;
    for _ in 0..load.commands {
        std::thread::sleep(load.interval);
        file.write_all(&[0; SYNCED_BYTES]).map_err(failed())?;
        let began = Instant::now();
        file.sync_data().map_err(failed())?;
        times.saturating_record(began.elapsed().as_nanos() as u64);
    }
    Ok(times)
}

fn spawn_writer(
    reader: &mut Reader,
    connections: usize,
    rounds: usize,
    interval: Duration,
    frame_bytes: usize,
) -> Result<JoinHandle<Written>> {
    let failed = || Error::doing::<std::io::Error>("open the raw sockets");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed())?;
    let address = listener.local_addr().map_err(failed())?;
    let mut sockets = Vec::with_capacity(connections);
    for _ in 0..connections {
        let client = TcpStream::connect(address).map_err(failed())?;
        reader.add(client, Vec::new())?;
        let (socket, _) = listener.accept().map_err(failed())?;
        socket.set_nodelay(true).map_err(failed())?;
        sockets.push(socket);
    }
    Ok(std::thread::spawn(move || write_rounds(&mut sockets, rounds, interval, frame_bytes)))
}

fn write_rounds(
    sockets: &mut [TcpStream],
    rounds: usize,
    interval: Duration,
    frame_bytes: usize,
) -> Written {
    let started = Instant::now();
    let mut began = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let due = started + interval * round as u32;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let frame = make_frame(FIRST_VERSION + round as u64, frame_bytes);
        began.push(Instant::now());
        for socket in &mut *sockets {
            socket.write_all(&frame)?;
        }
    }
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Ok((began, Duration::new(used.tv_sec as u64, used.tv_nsec as u32)))
}

/// A frame of a server whose payload has `length` bytes, or more if the version needs them.
fn make_frame(version: u64, length: usize) -> Vec<u8> {
    let start = format!(r#"{{"type":"playback_changed","epoch":1,"version":{version},"pad":""#);
    let pad = "x".repeat(length.saturating_sub(start.len() + 2));
    let payload = format!(r#"{start}{pad}"}}"#);
    frame::encode_server(opcode::TEXT, payload.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_raw_loop_sends_every_frame_to_every_socket() {
        let interval = Duration::from_millis(1);
        let load = Load { rooms: 1, viewers: 5, commands: 8, warm_up: 2, interval };
        let limit = run(load, 400).unwrap();
        assert_eq!((limit.deliveries, limit.latency.len()), (50, 40));
        assert_eq!(make_frame(FIRST_VERSION, 400).len(), 404);
    }
}
