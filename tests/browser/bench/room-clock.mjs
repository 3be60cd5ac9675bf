import { once } from 'node:events';
import { connect } from 'node:net';

const PROBES = 300;

/** The clock that all processes of this machine share, in milliseconds: the truth of the bench. */
export function truthMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Measures the room clock against the truth by asking the server often over loopback and believing the quickest answer:
 * `{ atMs, offsetMs, errorMs }`, where room clock = truth + `offsetMs`, wrong by at most `errorMs`.
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
      if (Number.isNaN(nowUs)) throw new Error(`the server doesn't tell its clock: ${answer}`);
      const errorMs = (gotMs - sentMs) / 2;
      const atMs = sentMs + errorMs;
      if (best === null || errorMs < best.errorMs) best = { atMs, offsetMs: nowUs / 1000 - atMs, errorMs };
    }
  } finally {
    socket.destroy();
  }
  return best;
}

/** The room clock as a function of the truth: a straight line between the first and the last measurement. */
export function roomClockOf(measurements) {
  const first = measurements[0];
  const last = measurements.at(-1);
  const slope = last.atMs > first.atMs ? (last.offsetMs - first.offsetMs) / (last.atMs - first.atMs) : 0;
  return {
    roomAt: (instant) => instant + first.offsetMs + slope * (instant - first.atMs),
    truthAt: (roomMs) => (roomMs - first.offsetMs + slope * first.atMs) / (1 + slope),
  };
}
