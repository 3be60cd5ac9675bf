/** The server and the media origin of a run. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../harness/free-port.mjs';
import { ROOT, temporaryFolder } from '../harness/paths.mjs';
import { startServer } from '../harness/server.mjs';
import { FILM, startMediaOrigin } from './origin.mjs';
import { probeRoomClock, roomClockOf } from './room-clock.mjs';

const BINARY = process.env.PLAYHEAD_SERVER_BIN ?? join(ROOT, 'target/release/playhead-server');
/** Data is kept in memory: the disk isn't measured here, and other programs may slow it down. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : undefined;
/** The addresses of the emulator and of this machine. */
const MEDIA_NETWORKS = '10.77.0.0/16,127.0.0.0/8';

/** Starts the release server on fresh data, and a media origin. `pages` are served by the origin and may join rooms. */
export async function startSite({ address, pages }) {
  const origin = await startMediaOrigin({ address, pages });
  const port = await freePort();
  const pageUrl = `http://${address}:${port}`;
  // The harness waits for the loopback address that the server prints, which 0.0.0.0 includes.
  const host = address === '127.0.0.1' ? address : '0.0.0.0';
  const env = {
    PLAYHEAD_LISTEN: `${host}:${port}`,
    PLAYHEAD_EGRESS_ALLOW: MEDIA_NETWORKS,
    PLAYHEAD_DATA_DIR: temporaryFolder('bench', MEMORY),
    PLAYHEAD_LOG: 'warn',
  };
  if (pages !== undefined) env.PLAYHEAD_ALLOWED_ORIGINS = `${pageUrl},${origin.url}`;
  const server = await startServer({ binary: BINARY, env }).catch(async (error) => {
    await origin.stop();
    throw error;
  });
  const measurements = [];
  return {
    pageUrl,
    origin,
    origins: [pageUrl, origin.url],
    filmUrl: (form) => `${origin.url}/${FILM.paths[form]}`,
    async probeClock() {
      measurements.push(await probeRoomClock({ address, port }));
      return roomClockOf(measurements);
    },
    measurements,
    async stop() {
      await Promise.all([server.stop(), origin.stop()]);
    },
  };
}
