/** The truth clock of the bench, and the room clock measured by it. */
import { once } from 'node:events';
import { connect } from 'node:net';

const PROBES = 300;

/** Returns the time of the truth clock, which all processes of this machine share, in milliseconds. */
export function truthMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Measures the room clock against the truth clock by asking the server many times over loopback and taking the fastest
 * answer. Returns `{ atMs, offsetMs, errorMs }`: room clock = truth + `offsetMs`, wrong by at most `errorMs`.
 */
export async function probeRoomClock({ address, port }) {
  const socket = connect(port, address);
  socket.setNoDelay(true);
  await once(socket, 'connect');
  let best = null;
  try {
    for (let probe = 0; probe < PROBES; probe += 1) {
      const sentMs = truthMs();
      socket.write(`GET /api/v1/time HTTP/1.1\r\nHost: ${address}:${port}\r\n\r\n`);
      const [answer] = await once(socket, 'data');
      const gotMs = truthMs();
      const nowUs = Number(/"now_us":(\d+)/.exec(answer.toString())?.[1] ?? Number.NaN);
      if (Number.isNaN(nowUs)) throw new Error(`the answer has no time: ${answer}`);
      const errorMs = (gotMs - sentMs) / 2;
      const atMs = sentMs + errorMs;
      if (best === null || errorMs < best.errorMs) best = { atMs, offsetMs: nowUs / 1000 - atMs, errorMs };
    }
  } finally {
    socket.destroy();
  }
  return best;
}

/** Returns the room clock as a function of the truth clock, interpolated between the first and last measurement. */
export function roomClockOf(measurements) {
  const first = measurements[0];
  const last = measurements.at(-1);
  const slope = last.atMs > first.atMs ? (last.offsetMs - first.offsetMs) / (last.atMs - first.atMs) : 0;
  return {
    roomAt: (instant) => instant + first.offsetMs + slope * (instant - first.atMs),
    truthAt: (roomMs) => (roomMs - first.offsetMs + slope * first.atMs) / (1 + slope),
  };
}
