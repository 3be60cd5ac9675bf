/** Tests of audio, subtitle and caption tracks: each choice plays that very track for everyone. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { makeCaptionedFilm } from './harness/captioned.mjs';
import { guestOf, hostParty } from './harness/party.mjs';
import { temporaryFolder } from './harness/paths.mjs';
import { clockMs, until } from './harness/poll.mjs';
import { plays, together } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

const TONES = { low: 400, high: 1_600 };
const FFMPEG = ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y'];

let world;
let files;
before(async () => {
  world = await startWorld();
  files = await serveFilms(world.origin);
});
afterEach(() => world.everybodyLeaves());
after(async () => {
  await files?.stop();
  await world?.end();
});

test('two tracks of one name each play that very track', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world, { link: files.url('twins.m3u8') });
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  const people = [host, guest];
  const labels = await host.the('audio').locator('option').allInnerTexts();
  assert.deepEqual(labels, ['English', 'English (2)']);
  const texts = await host.the('subtitle').locator('option').allInnerTexts();
  assert.deepEqual(texts, ['Off', 'English', 'English (2)']);

  let sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together(people, { what: 'play', sinceMs });
  // Forced subtitles of the language are shown unasked.
  await everyoneSees(people, /^señal \d+$/);
  await everyoneHears(people, TONES.low);

  for (const [audio, tone] of [['en-2', TONES.high], ['en', TONES.low], ['en-2', TONES.high]]) {
    sinceMs = clockMs();
    await host.the('audio').selectOption(audio);
    await everyoneHears(people, tone);
    await together(people, { what: audio, sinceMs });
  }
  for (const [subtitle, words] of [['en', /^en \d+$/], ['en-2', /^fr \d+$/], ['', /^señal \d+$/]]) {
    sinceMs = clockMs();
    await host.the('subtitle').selectOption(subtitle);
    await together(people, { what: `subtitle ${subtitle}`, sinceMs, wanted: (one) => plays(one) && words.test(one.cue) });
  }
});

test('captions in the picture are listed and shown when they are chosen', { timeout: 120_000 }, async () => {
  const { host, invite } = await hostParty(world, { link: files.url('captioned.m3u8') });
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  const people = [host, guest];
  const texts = await host.the('subtitle').locator('option').allInnerTexts();
  assert.deepEqual(texts, ['Off', 'English (captions)']);
  let sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together(people, { what: 'play', sinceMs, wanted: (one) => plays(one) && one.cue === null });
  sinceMs = clockMs();
  await host.the('subtitle').selectOption('en');
  await together(people, { what: 'captions', sinceMs, wanted: (one) => plays(one) && /^cc \d+$/.test(one.cue) });
  sinceMs = clockMs();
  await host.the('subtitle').selectOption('');
  await together(people, { what: 'no captions', sinceMs, wanted: (one) => plays(one) && one.cue === null });
});

test('a playlist that players refuse is refused with its reason', { timeout: 60_000 }, async () => {
  const host = await world.arrive('Ada');
  await host.createRoom(world.server.pageUrl);
  await host.paste(files.url('no-target.m3u8'));
  await host.page.locator('.media-form .field-error').filter({ hasText: 'target duration' }).waitFor();
});

/** Waits until a cue of these words is on each screen. */
async function everyoneSees(people, words) {
  await together(people, { what: String(words), sinceMs: clockMs(), wanted: (one) => plays(one) && words.test(one.cue) });
}

/** Waits until the loudest tone of each page is this one, in hertz. */
async function everyoneHears(people, tone) {
  for (const person of people) {
    await until(`${person.name} to hear ${tone} Hz`, async () => Math.abs((await loudest(person)) - tone) < 100);
  }
}

function loudest(person) {
  return person.page.evaluate(async () => {
    const video = document.querySelector('[data-testid="video"]');
    const context = (window.ear ??= new AudioContext());
    await context.resume();
    const analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
    const source = context.createMediaStreamSource(video.captureStream());
    source.connect(analyser);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    source.disconnect();
    const loudestBin = bins.indexOf(Math.max(...bins));
    return (loudestBin * context.sampleRate) / analyser.fftSize;
  });
}

/** Makes the films of these tests and serves them to any page. */
async function serveFilms(origin) {
  const folder = temporaryFolder('tracks');
  for (const [name, frequency] of Object.entries(TONES)) makeTone(join(folder, name), frequency);
  makeSigns(folder);
  const media = (type, rest) => `#EXT-X-MEDIA:TYPE=${type},NAME="English",LANGUAGE="en",${rest}`;
  const twins = [
    '#EXTM3U',
    media('AUDIO', 'GROUP-ID="a",DEFAULT=YES,AUTOSELECT=YES,URI="low/i.m3u8"'),
    media('AUDIO', 'GROUP-ID="a",AUTOSELECT=YES,URI="high/i.m3u8"'),
    media('SUBTITLES', 'GROUP-ID="s",FORCED=YES,AUTOSELECT=YES,URI="signs.m3u8"'),
    media('SUBTITLES', `GROUP-ID="s",URI="${origin.url('hls/subs/en.m3u8')}"`),
    media('SUBTITLES', `GROUP-ID="s",URI="${origin.url('hls/subs/fr.m3u8')}"`),
    '#EXT-X-STREAM-INF:BANDWIDTH=280000,RESOLUTION=256x144,CODECS="avc1.4d400d,mp4a.40.2",AUDIO="a",SUBTITLES="s"',
    origin.url('hls/144.m3u8'),
  ];
  writeFileSync(join(folder, 'twins.m3u8'), twins.join('\n'));
  mkdirSync(join(folder, 'captioned'));
  makeCaptionedFilm(join(folder, 'captioned'), 60);
  const captioned = [
    '#EXTM3U',
    media('CLOSED-CAPTIONS', 'GROUP-ID="cc",INSTREAM-ID="CC1"'),
    '#EXT-X-STREAM-INF:BANDWIDTH=280000,RESOLUTION=192x108,CLOSED-CAPTIONS="cc"',
    'captioned/i.m3u8',
  ];
  writeFileSync(join(folder, 'captioned.m3u8'), captioned.join('\n'));
  writeFileSync(join(folder, 'no-target.m3u8'), '#EXTM3U\n#EXTINF:2,\nlow/i0.m4s\n#EXT-X-ENDLIST\n');
  const server = createServer((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    try {
      response.end(readFileSync(join(folder, new URL(request.url, 'http://localhost').pathname)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: (path) => `http://127.0.0.1:${server.address().port}/${path}`,
    stop: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

function makeTone(folder, frequency) {
  mkdirSync(folder);
  const tone = `sine=frequency=${frequency}:sample_rate=48000:duration=120`;
  const hls = ['-f', 'hls', '-hls_time', '2', '-hls_playlist_type', 'vod', '-hls_segment_type', 'fmp4'];
  const names = ['-hls_fmp4_init_filename', 'init.mp4', '-hls_segment_filename', join(folder, 'i%d.m4s')];
  const args = ['-f', 'lavfi', '-i', tone, '-ac', '2', '-c:a', 'aac', '-b:a', '64k', ...hls, ...names];
  execFileSync('ffmpeg', [...FFMPEG, ...args, join(folder, 'i.m3u8')]);
}

/** A sign every two seconds, in a file that isn't UTF-8. */
function makeSigns(folder) {
  const clock = (s) => `00:${String(Math.floor(s / 60)).padStart(2, '0')}:${String(s % 60).padStart(2, '0')}.000`;
  const cues = Array.from({ length: 60 }, (_, n) => `${clock(2 * n)} --> ${clock(2 * n + 2)}\nseñal ${n}\n`);
  const head = 'WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n';
  writeFileSync(join(folder, 'signs.vtt'), head + cues.join('\n'), 'latin1');
  const list = '#EXTM3U\n#EXT-X-TARGETDURATION:120\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:120,\nsigns.vtt\n#EXT-X-ENDLIST\n';
  writeFileSync(join(folder, 'signs.m3u8'), list);
}
