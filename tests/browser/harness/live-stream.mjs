/** A live stream of the film, made by ffmpeg at its natural speed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { startChild } from './child.mjs';
import { MEDIA, temporaryFolder } from './paths.mjs';
import { until } from './poll.mjs';

/** The frames of a segment: one second of the film. */
const SEGMENT_FRAMES = 30;

/**
 * Starts a stream that lists its last `segments`, with or without their dates, perhaps encrypted; `path` is its
 * playlist's on the origin.
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
  return { path: `${basename(folder)}/live.m3u8`, stop: () => child.stop('SIGKILL') };
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
