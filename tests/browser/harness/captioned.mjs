/** Makes a film whose picture carries captions (CEA-608, channel CC1), which ffmpeg alone can't. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FPS = 30;
/** Each caption is written this often, in frames. */
const EVERY = 2 * FPS;
const FFMPEG = ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y'];
const ROLL_UP = [0x14, 0x25];
const NEW_LINE = [0x14, 0x2d];
const LAST_ROW = [0x14, 0x70];
const NOTHING = [0, 0];

/** Writes `i.m3u8` and its segments into `folder`: caption `cc n` begins at 2n seconds and is shown until the next. */
export function makeCaptionedFilm(folder, seconds) {
  const plain = join(folder, 'plain.h264');
  const picture = `testsrc=size=192x108:rate=${FPS}:duration=${seconds}`;
  const x264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '0', '-g', String(EVERY)];
  execFileSync('ffmpeg', [...FFMPEG, '-f', 'lavfi', '-i', picture, ...x264, '-sc_threshold', '0', '-f', 'h264', plain]);
  const captioned = join(folder, 'captioned.h264');
  writeFileSync(captioned, withCaptions(readFileSync(plain)));
  const sound = ['-f', 'lavfi', '-i', `sine=frequency=330:sample_rate=48000:duration=${seconds}`, '-c:a', 'aac'];
  const hls = ['-f', 'hls', '-hls_time', '2', '-hls_playlist_type', 'vod', join(folder, 'i.m3u8')];
  execFileSync('ffmpeg', [...FFMPEG, '-framerate', String(FPS), '-f', 'h264', '-i', captioned, ...sound, '-c:v', 'copy', ...hls]);
}

/** Puts two characters in front of each picture. */
function withCaptions(stream) {
  const parts = [];
  let picture = 0;
  for (const unit of units(stream)) {
    const type = unit[0] & 0x1f;
    if (type === 1 || type === 5) parts.push(START, supplement(charactersAt(picture++)));
    parts.push(START, unit);
  }
  return Buffer.concat(parts);
}

const START = Buffer.from([0, 0, 0, 1]);

/** The units of an H.264 stream, without their start codes. */
function units(stream) {
  const found = [];
  let from = -1;
  for (let at = 0; at + 2 < stream.length; at += 1) {
    if (stream[at] !== 0 || stream[at + 1] !== 0 || stream[at + 2] !== 1) continue;
    if (from >= 0) found.push(stream.subarray(from, stream[at - 1] === 0 ? at - 1 : at));
    from = at + 3;
  }
  found.push(stream.subarray(from));
  return found;
}

function charactersAt(picture) {
  const text = [...`cc ${Math.floor(picture / EVERY)}`].map((char) => char.charCodeAt(0));
  if (text.length % 2 === 1) text.push(0);
  const pairs = [ROLL_UP, NEW_LINE, LAST_ROW, ...text.flatMap((_, at) => (at % 2 === 0 ? [text.slice(at, at + 2)] : []))];
  return pairs[picture % EVERY] ?? NOTHING;
}

/** A unit of supplemental information that holds a pair of characters of the first field. */
function supplement(pair) {
  const payload = [0xb5, 0x00, 0x31, 0x47, 0x41, 0x39, 0x34, 0x03, 0x41, 0xff, 0xfc, ...pair.map(withParity), 0xff];
  return Buffer.from([0x06, 0x04, payload.length, ...payload, 0x80]);
}

/** The byte with its highest bit set so that the number of ones is odd. */
function withParity(byte) {
  const ones = byte.toString(2).replaceAll('0', '').length;
  return ones % 2 === 1 ? byte : byte | 0x80;
}
