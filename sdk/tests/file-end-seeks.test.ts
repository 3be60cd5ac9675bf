// Tests of seeks to where an element believes that its file has nothing more.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { html5Adapter } from '../src/adapters/html5.js';
import type { PlayerAdapter } from '../src/index.js';
import { EndingVideo, FILM, loadFilm, NONE, told } from './ending-video.js';

let video: EndingVideo;
let player: PlayerAdapter;

beforeEach(() => {
  // What is known of the browser is kept as long as the page.
  vi.resetModules();
  video = new EndingVideo();
  player = html5Adapter(video as unknown as HTMLVideoElement);
});

afterEach(() => {
  player.destroy();
  vi.restoreAllMocks();
});

test('a seek goes on as far as the element has read, to a target that it believes to lie beyond the end', async () => {
  await loadFilm(player, video, FILM);
  Object.assign(video, { clamps: true, duration: 5 });
  player.seek(12_000);
  expect([video.currentTime, player.position(), player.ready()]).toEqual([5, 12_000, false]);
  for (const durationS of [7.3, 9.7, 12.1]) {
    video.lands({ shownS: video.currentTime });
    expect(player.ready()).toBe(false);
    video.duration = durationS;
    video.become(4, 'durationchange');
    expect([player.position(), video.currentTime]).toEqual([12_000, Math.min(12, durationS)]);
  }
  video.lands({ shownS: 12 });
  expect([player.position(), player.ready()]).toEqual([12_000, true]);
  player.seek(14_000);
  video.lands({ ended: true, shownS: 12.1 });
  expect([player.position(), player.ready()]).toEqual([12_100, true]);
});

test('a seek has ended where the element tells only later that it has read all', async () => {
  await loadFilm(player, video, FILM);
  Object.assign(video, { clamps: true, duration: 5 });
  player.seek(12_000);
  video.lands({});
  expect(player.ready()).toBe(false);
  video.endsAt(5);
  video.become(4, 'ended');
  expect([player.position(), player.ready()]).toEqual([5_000, true]);
});

test('a seek beyond an end that somebody measures meanwhile leads there', async () => {
  await loadFilm(player, video, FILM);
  video.clamps = true;
  player.seek(25_000);
  video.lands({});
  expect([player.position(), player.ready()]).toEqual([25_000, false]);
  player.learn?.(told(20_000, 'measured'));
  expect([player.position(), player.ready()]).toEqual([20_000, true]);
});

test('an element that believes less of a length that is known seeks on, too', async () => {
  await loadFilm(player, video, told(20_000, 'media'));
  Object.assign(video, { clamps: true, duration: 5 });
  player.seek(12_000);
  video.lands({});
  expect([player.position(), player.ready(), player.duration()]).toEqual([12_000, false, 20_000]);
  video.duration = 12.1;
  video.become(4, 'durationchange');
  video.lands({});
  expect([video.currentTime, player.ready(), player.duration()]).toEqual([12, true, 20_000]);
  video.duration = 19.977;
  player.seek(20_000);
  video.lands({});
  expect([player.position(), player.ready()], 'the end is nearly where it is known to be').toEqual([19_977, true]);
});

test.each([
  ['at', 20, false],
  ['without', Infinity, true],
])('a seek that an element ends elsewhere %s the end that it tells isn’t repeated without end', async (_, durationS, isReady) => {
  await loadFilm(player, video, FILM);
  Object.assign(video, { clamps: true, duration: durationS, seekableS: 5 });
  player.seek(25_000);
  const { seeks } = video;
  for (let times = 0; times < 3; times += 1) video.lands({ shownS: 5 });
  expect([video.seeks, player.ready()]).toEqual([seeks, isReady]);
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 3_100);
  expect([player.position(), player.ready(), video.seeks], 'it stands where it stands').toEqual([5_000, true, seeks]);
});

test('a seek made before the end is watched is repeated if the element fell short of its target', async () => {
  Object.assign(video, { clamps: true });
  const loaded = player.load(FILM, NONE, () => 0);
  Object.assign(video, { duration: 5, seekable: { length: 1, start: () => 0, end: () => 5 } });
  video.become(4, 'loadedmetadata');
  await loaded;
  player.seek(12_000);
  expect(player.position()).toBe(5_000);
  await vi.dynamicImportSettled();
  video.lands({ shownS: 5 });
  expect([player.position(), player.ready()]).toEqual([12_000, false]);
  video.duration = 12.1;
  video.become(4, 'durationchange');
  video.lands({});
  expect([video.currentTime, player.ready()]).toEqual([12, true]);
});
