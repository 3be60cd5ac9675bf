/** A Redis server that tests can kill and restart. */
import { readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startChild } from './child.mjs';
import { freePort } from './free-port.mjs';
import { temporaryFolder } from './paths.mjs';
import { until } from './poll.mjs';

const ANSWER_MS = 1_000;

/** Starts a real Redis that persists every command before it answers; its files survive `kill` and `start`. */
export async function startRedis() {
  const folder = temporaryFolder('redis');
  const port = await freePort();
  let child = null;

  async function start() {
    const kept = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
    child = startChild('redis-server', ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, ...kept], {
      label: 'redis-server',
    });
    await until('Redis to answer', async () => {
      if (child.over()) throw new Error(`Redis ended: ${child.printed()}`);
      return (await answerTo(port, 'PING')).startsWith('+PONG');
    });
  }

  /** Kills it without a chance to write anything. */
  async function kill() {
    await child.stop('SIGKILL');
  }

  /** Deletes its files. It must not be running. */
  function empty() {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  }

  await start();
  return { url: `redis://127.0.0.1:${port}`, start, kill, empty, stop: () => child.stop() };
}

/** Returns the first bytes of the answer; empty if there is none. */
function answerTo(port, command) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.once('data', (bytes) => {
      resolve(String(bytes));
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(''));
  });
}
