/** A live stream of the film, made by ffmpeg at its natural speed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { startChild } from './child.mjs';
import { MEDIA, temporaryFolder } from './paths.mjs';
import { until } from './poll.mjs';

/** The frames of a segment: one second of the film. */
const SEGMENT_FRAMES = 30;

/**
 * Starts a stream that lists its last `segments`, with or without their dates, perhaps encrypted; `path` is its
 * playlist's on the origin, and `firstDateMs` tells from which date on a dated one can be played now.
 */
export async function startLiveStream({ dated, segments, encrypted = false }) {
  const folder = temporaryFolder('live', MEDIA);
  const playlist = join(folder, 'live.m3u8');
  const paced = (file) => ['-re', '-i', join(MEDIA, file)];
  const flags = ['delete_segments', ...(dated ? ['program_date_time'] : [])].join('+');
  const child = startChild('ffmpeg', [
    ...['-hide_banner', '-loglevel', 'error', '-nostdin'],
    ...paced('hls/144.m3u8'),
    ...paced('hls/audio.m3u8'),
    ...['-map', '0:v', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', String(SEGMENT_FRAMES), '-sc_threshold', '0'],
    ...['-map', '1:a', '-c:a', 'copy', '-f', 'hls', '-hls_time', '1'],
    ...['-hls_list_size', String(segments), '-hls_flags', flags],
    ...(encrypted ? ['-hls_key_info_file', keyIn(folder)] : []),
    ...['-hls_segment_filename', join(folder, '%d.ts'), playlist],
  ]);
  await until('the live stream to have begun', () => {
    if (child.over()) throw new Error(`ffmpeg ended: ${child.printed()}`);
    return listed(playlist) >= segments;
  });
  return {
    path: `${basename(folder)}/live.m3u8`,
    firstDateMs: () => Date.parse(readFileSync(playlist, 'utf8').match(/PROGRAM-DATE-TIME:(.*)/)?.[1]),
    stop: () => child.stop('SIGKILL'),
  };
}

/** Writes a key into `folder`; returns the file that names it to ffmpeg. */
function keyIn(folder) {
  const [key, info] = ['live.key', 'key.info'].map((name) => join(folder, name));
  writeFileSync(key, 'a key of 16 byte');
  writeFileSync(info, `live.key\n${key}\n`);
  return info;
}

function listed(playlist) {
  try {
    return readFileSync(playlist, 'utf8').split('#EXTINF').length - 1;
  } catch {
    return 0;
  }
}

/**
 * Serves a live stream of transport streams that are there already: the film of `inexact/`, dated, its last `pieces` in
 * the playlist. Its pictures aren't in the order in which they are shown. `pieceUrl` returns the address of a file.
 */
export async function startDatedStream(pieceUrl, pieces) {
  const pieceMs = 3_400;
  const beganMs = Date.now() - 2 * pieces * pieceMs;
  const server = createServer((_, response) => {
    const out = Math.floor((Date.now() - beganMs) / pieceMs);
    const lines = ['#EXTM3U', '#EXT-X-VERSION:6', '#EXT-X-TARGETDURATION:4', `#EXT-X-MEDIA-SEQUENCE:${out - pieces}`];
    for (let piece = out - pieces; piece < out; piece += 1) {
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(beganMs + piece * pieceMs).toISOString()}`);
      lines.push('#EXTINF:3.400,', pieceUrl(`inexact/ts-${String(piece).padStart(2, '0')}.ts`));
    }
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('cache-control', 'no-store');
    response.setHeader('content-type', 'application/vnd.apple.mpegurl').end(`${lines.join('\n')}\n`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)));
  return { link: `http://127.0.0.1:${server.address().port}/live.m3u8`, stop };
}
