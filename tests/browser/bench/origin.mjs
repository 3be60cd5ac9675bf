/** The media origin of the bench: serves the clips, and can pace or withhold them. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ROOT } from '../harness/paths.mjs';

/** The clips that `tests/media/bench.sh` makes, and their properties. */
export const FILM = {
  framesPerSecond: 30,
  width: 640,
  durationMs: 600_000,
  paths: { film: 'film.mp4', hls: 'hls/film.m3u8', long: 'long.mp4', inexact: 'inexact/film.m3u8' },
};
/** The long film repeats the other one; its frame numbers start over each time. */
const LONG_TIMES = 7;
const MEDIA = join(ROOT, 'target/bench-media');
const TYPES = {
  '.mp4': 'video/mp4',
  '.m4s': 'video/mp4',
  '.ts': 'video/mp2t',
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};
const CHUNK_BYTES = 64 * 1024;

/** Makes the missing clips, which takes a minute or two. */
export function makeClips({ long = false } = {}) {
  const stdio = ['ignore', 'ignore', 'inherit'];
  execFileSync(join(ROOT, 'tests/media/bench.sh'), [MEDIA], { stdio });
  const path = join(MEDIA, FILM.paths.long);
  if (!long || existsSync(path)) return;
  const source = ['-stream_loop', String(LONG_TIMES - 1), '-i', join(MEDIA, FILM.paths.film)];
  const made = ['-c', 'copy', '-movflags', '+faststart', '-f', 'mp4', `${path}.new`];
  execFileSync('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...source, ...made], { stdio });
  renameSync(`${path}.new`, path);
}

/**
 * Serves the clips, with byte ranges, and `pages` (path → text). It can pace or withhold bytes by browser; browsers are
 * identified by the last word of their `User-Agent`.
 */
export async function startMediaOrigin({ address, pages = {} }) {
  const held = new Map();
  const freeAtMs = new Map();
  let paceKbit = 0;
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });

  async function serve(request, response) {
    const path = decodeURIComponent(new URL(request.url, 'http://origin').pathname).slice(1);
    const who = request.headers['user-agent']?.split(' ').at(-1);
    const wait = async (bytes = 0) => {
      await held.get(who)?.promise;
      if (paceKbit === 0) return;
      const freeMs = Math.max(performance.now(), freeAtMs.get(who) ?? 0) + (bytes * 8) / paceKbit;
      freeAtMs.set(who, freeMs);
      await pause(freeMs - performance.now());
    };
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
    if (pages[path] !== undefined) return response.end(pages[path]);
    await wait();
    const file = await open(join(MEDIA, normalize(`/${path}`))).catch(() => null);
    if (file === null) return response.writeHead(404).end();
    try {
      await sendRange({ file, request, response, wait });
    } finally {
      await file.close();
    }
  }

  server.listen(0, address);
  await once(server, 'listening');
  const url = `http://${address}:${server.address().port}`;
  return {
    url,
    /** Withholds all bytes from this browser until it is released. */
    hold(who) {
      if (!held.has(who)) held.set(who, deferred());
    },
    release(who) {
      held.get(who)?.resolve();
      held.delete(who);
    },
    /** Limits what each browser gets, in kbit/s; 0 lifts the limit. */
    pace(kbit) {
      paceKbit = kbit;
    },
    async stop() {
      held.forEach(({ resolve }) => resolve());
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function sendRange({ file, request, response, wait }) {
  const { size } = await file.stat();
  const [, from = '0', until = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(from);
  const end = Math.min(until === '' ? size - 1 : Number(until), size - 1);
  if (start > end) return response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
  response.setHeader('accept-ranges', 'bytes');
  response.setHeader('content-length', end - start + 1);
  if (request.headers.range) response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${size}` });
  const gone = new Promise((resolve) => response.once('close', resolve));
  for (let at = start; at <= end && !response.destroyed; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(CHUNK_BYTES, end - at + 1)), { position: at });
    if (bytesRead === 0) break;
    at += bytesRead;
    await Promise.race([wait(bytesRead), gone]);
    if (!response.destroyed && !response.write(buffer)) await Promise.race([drained(response), gone]);
  }
  response.end();
}

function drained(response) {
  return new Promise((resolve) => response.once('drain', resolve));
}

function deferred() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}
