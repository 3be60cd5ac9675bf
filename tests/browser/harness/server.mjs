/** The server under test. */
import { join } from 'node:path';
import { startChild } from './child.mjs';
import { ROOT, temporaryFolder } from './paths.mjs';
import { until } from './poll.mjs';

const BINARY = process.env.PLAYHEAD_SERVER_BIN ?? join(ROOT, 'target/debug/playhead-server');
const READY = /playhead: page (http:\/\/127\.0\.0\.1:(\d+))\//;

/**
 * Starts the real server on its own data directory, which survives `kill` and `start`; `env` adds settings, and `binary`
 * selects another build.
 */
export async function startServer({ env = {}, binary = BINARY } = {}) {
  const dataDir = temporaryFolder('data');
  let child = null;
  let port = 0;
  const server = { pageUrl: '', start, kill, stop, printed: () => child?.printed() ?? '' };

  async function start(more = {}) {
    child = startChild(binary, [], {
      label: 'playhead-server',
      env: {
        PLAYHEAD_DATA_DIR: dataDir,
        // After a restart the pages find it at the same address.
        PLAYHEAD_LISTEN: `127.0.0.1:${port}`,
        PLAYHEAD_ADMIN_LISTEN: '127.0.0.1:0',
        PLAYHEAD_LIMIT_PER_ADDRESS: '0',
        PLAYHEAD_EGRESS_ALLOW: '127.0.0.0/8',
        ...env,
        ...more,
      },
    });
    const ready = await until('the server to print its address', () => {
      const found = READY.exec(child.printed());
      if (!found && child.over()) throw new Error(`the server ended: ${child.printed()}`);
      return found;
    });
    server.pageUrl = ready[1];
    port = Number(ready[2]);
  }

  /** Kills it without a chance to send or write anything. */
  async function kill() {
    await child.stop('SIGKILL');
  }

  /** Asks it to stop, and waits until it has exited. */
  async function stop() {
    await child?.stop();
  }

  await start();
  return server;
}
