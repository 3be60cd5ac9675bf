/** An origin of its own ways: it sends whole files whatever range is asked for, or signs addresses that lapse. */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';
import { MEDIA } from './paths.mjs';

const KINDS = { mp4: 'video/mp4', m4s: 'video/mp4', m3u8: 'application/vnd.apple.mpegurl', vtt: 'text/vtt' };

/**
 * Starts it. `plain(path)` is the link to a file that is always sent whole, as by Python's `http.server`; `link(path)`
 * one that leads to a signed address, which is good for `lapsesMs`; `signed(path)` such an address itself. A playlist
 * at a signed address names signed addresses. Each segment takes `segmentMs`, so that players don't load all of them.
 */
export async function startOddOrigin({ lapsesMs = 5_000, segmentMs = 0 } = {}) {
  const asked = [];
  let isClosed = false;
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://origin.invalid');
    const [, way, ...rest] = url.pathname.split('/');
    const path = normalize(rest.join('/'));
    const until = Number(url.searchParams.get('until') ?? Infinity);
    const isGood = until > Date.now();
    asked.push({ at: Date.now(), way, path, isGood, range: request.headers.range });
    response.on('error', () => undefined);
    response.setHeader('access-control-allow-origin', '*');
    if (isClosed || !isGood || path.startsWith('..')) return refuse(response, 403);
    if (way === 'link') return response.writeHead(302, { location: address('signed', path) }).end();
    const sends = () => send(request, response, join(MEDIA, path), way);
    return path.endsWith('.m4s') ? setTimeout(sends, segmentMs) : sends();
  });

  function address(way, path) {
    const { port } = server.address();
    const until = way === 'signed' ? `?until=${Date.now() + lapsesMs}` : '';
    return `http://127.0.0.1:${port}/${way}/${path}${until}`;
  }

  function send(request, response, file, way) {
    const size = sizeOf(file);
    if (size === null) return refuse(response, 404);
    response.setHeader('content-type', KINDS[file.split('.').at(-1)] ?? 'application/octet-stream');
    if (way === 'signed' && file.endsWith('.m3u8')) return response.end(signedPlaylist(file));
    const range = way === 'plain' ? null : /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(Number(range?.[2] || size - 1), size - 1);
    if (range) response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${size}`, 'content-length': end - start + 1 });
    else response.writeHead(200, { 'content-length': size, connection: 'close' });
    const stream = createReadStream(file, { start, end });
    response.on('close', () => stream.destroy());
    stream.pipe(response);
  }

  /** Signs what a playlist names: playlists by themselves, and what is beside them. */
  function signedPlaylist(file) {
    const folder = file.slice(MEDIA.length + 1).split('/').slice(0, -1).join('/');
    const sign = (name) => address('signed', join(folder, name));
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => (line === '' || line.startsWith('#') ? line.replace(/URI="([^"]+)"/, (_, name) => `URI="${sign(name)}"`) : sign(line)))
      .join('\n');
  }

  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    plain: (path) => address('plain', path),
    link: (path) => address('link', path),
    signed: (path) => address('signed', path),
    /** Returns the requests so far. */
    asked: () => asked,
    /** Refuses everything from now on, or no longer. */
    closes: (closed = true) => (isClosed = closed),
    stop: () => new Promise((stopped) => {
      server.closeAllConnections();
      server.close(stopped);
    }),
  };
}

const refuse = (response, status) => response.writeHead(status, { 'content-type': 'text/plain' }).end('no');

function sizeOf(file) {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : null;
}
