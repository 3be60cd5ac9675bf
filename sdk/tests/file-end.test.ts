// Tests of files that end elsewhere than they state.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { html5Adapter } from '../src/adapters/html5.js';
import type { PlayerAdapter } from '../src/index.js';
import { EndingVideo, FILM, loadFilm, told } from './ending-video.js';

let video: EndingVideo;
let player: PlayerAdapter;
let codes: string[];

beforeEach(() => {
  // What is known of the browser is kept as long as the page.
  vi.resetModules();
  video = new EndingVideo();
  player = html5Adapter(video as unknown as HTMLVideoElement);
  codes = [];
  player.onEvent((event) => event.type === 'error' && codes.push(event.code));
});

afterEach(() => {
  player.destroy();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test.each([
  ['that is known', 'media', 20_000, 19_999.1],
  ['that has been measured', 'measured', 20_500, 19_999.1],
  ['that is estimated', 'header', 20_000, 19_999.1],
  ['that is estimated too low', 'header', 20_500, 20_500],
])('a seek to an end %s leads to the last picture, and one beyond it only where there may be more', async (_, origin, toMs, atMs) => {
  await loadFilm(player, video, told(20_000, origin));
  video.duration = 21;
  player.seek(toMs);
  expect(video.currentTime * 1_000).toBeCloseTo(atMs, 3);
});

test('where playback has ended, the last picture is shown', async () => {
  await loadFilm(player, video, told(20_000, 'media'));
  video.endsAt(20);
  video.become(4, 'ended');
  expect(player.position()).toBeCloseTo(19_999.1, 3);
  const { seeks } = video;
  video.lands({ ended: true });
  video.become(4, 'ended');
  expect(video.seeks).toBe(seeks);
});

test('an element that believes in a slightly earlier end is left there', async () => {
  await loadFilm(player, video, told(20_000, 'media'));
  player.seek(10_000);
  video.lands({});
  Object.assign(video, { clamps: true, duration: 19.977 });
  video.endsAt(19.977);
  const { seeks } = video;
  for (let times = 0; times < 3; times += 1) {
    video.become(4, 'ended');
    video.lands({ ended: true });
  }
  expect([video.seeks, player.position()]).toEqual([seeks, 19_977]);
});

test('an element that ends again where its last picture should be is put there once, until it has played or was sought', async () => {
  await loadFilm(player, video, told(20_000, 'media'));
  const endsAgain = () => {
    video.lands({});
    video.endsAt(20);
    video.become(4, 'ended');
  };
  const { seeks } = video;
  for (let times = 0; times < 3; times += 1) endsAgain();
  expect(video.seeks - seeks).toBe(1);
  player.seek(10_000);
  endsAgain();
  expect(video.seeks - seeks).toBe(3);
});

test('an element on its last picture has ended, until it is sought elsewhere or plays', async () => {
  await loadFilm(player, video, told(20_000, 'media'));
  video.endsAt(20);
  video.become(4, 'ended');
  expect([video.ended, player.ended()]).toEqual([false, true]);
  video.lands({});
  const { seeks } = video;
  player.seek(20_000);
  expect([video.seeks, player.ended()]).toEqual([seeks, true]);
  video.paused = false;
  expect(player.ended()).toBe(false);
  video.paused = true;
  player.seek(19_000);
  video.lands({});
  expect(player.ended()).toBe(false);
});

test('where playback has ended, the last picture is shown once somebody has measured it', async () => {
  await loadFilm(player, video, FILM);
  video.endsAt(20);
  video.become(4, 'ended');
  expect([player.position(), player.measured?.()]).toEqual([20_000, { durationMs: 20_000 }]);
  player.learn?.(told(20_000, 'measured'));
  expect(player.position()).toBeCloseTo(19_999.1, 3);
});

test.each([
  ['shows no picture', 20_000, undefined, 20],
  ['shows the last picture that there is', 15_000, 9.97, 15],
  ['goes to the end that it tells', 15_000, undefined, 20],
])('where a file of unknown length has nothing more and the element %s, a part is missing', async (_, soughtMs, shownS, endsAtS) => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  await loadFilm(player, video, FILM);
  tellsOfPictures();
  player.seek(soughtMs);
  // The end is told later than that of the seek.
  video.lands({ shownS });
  await looks();
  video.endsAt(endsAtS);
  await looks();
  vi.advanceTimersByTime(250);
  await looks();
  expect([player.ready(), codes, player.measured?.()]).toEqual([false, ['part_unreachable'], {}]);
  expect(player.duration(), 'it ends there at the latest').toBe(soughtMs);
  player.seek(5_000);
  video.lands({ shownS: 5 });
  expect([player.ready(), player.duration()]).toEqual([true, NaN]);
});

test.each([
  ['in a browser that tells of no pictures', () => Object.assign(video, { requestVideoFrameCallback: undefined }), undefined],
  ['in a browser that tells of none while paused', () => undefined, undefined],
  ['whose last picture stands for long', () => tellsOfPictures(), 9.97],
])('the end of a file of unknown length is one %s', async (_, given, shownS) => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  await loadFilm(player, video, FILM);
  given();
  player.seek(20_000);
  video.lands({ ended: true, shownS });
  await looks();
  vi.advanceTimersByTime(250);
  await looks();
  expect([player.ready(), codes, player.measured?.()]).toEqual([true, [], { durationMs: 20_000 }]);
});

test('the end of a file that shows its last picture is one', async () => {
  await loadFilm(player, video, FILM);
  player.seek(20_000);
  video.lands({ ended: true, shownS: 19.97 });
  expect([player.ready(), codes, player.measured?.()]).toEqual([true, [], { durationMs: 20_000 }]);
});

test('an element that has ended isn’t sought to where it is', async () => {
  await loadFilm(player, video, FILM);
  player.seek(20_000);
  video.lands({ ended: true, shownS: 19.97 });
  const { seeks } = video;
  player.seek(20_000);
  expect([video.seeks, player.ready(), codes]).toEqual([seeks, true, []]);
  player.seek(19_900);
  expect(video.seeks).toBe(seeks + 1);
});

test('a file of unknown length that has played to its end in a page that nobody sees is as long as that', async () => {
  await loadFilm(player, video, FILM);
  player.seek(18_000);
  video.lands({ shownS: 18 });
  await plays(19.5);
  video.endsAt(20);
  player.position();
  expect([player.ready(), player.measured?.()]).toEqual([true, { durationMs: 20_000 }]);
});

test('sound that ends before it tells isn’t measured where it was sought', async () => {
  await loadFilm(player, video, FILM);
  video.videoWidth = 0;
  player.seek(20_000);
  video.lands({ ended: true });
  expect([player.ready(), codes, player.measured?.()]).toEqual([true, [], {}]);
});

test.each([
  ['unknown', FILM, 20, 9_980],
  ['estimated', told(20_000, 'header'), 20, 9_980],
  ['unknown', FILM, 1_000, 10_920],
])('a file of %s length whose playback ends before the end that is told, and there again, is as long as that', async (_, media, laterMs, endMs) => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  await loadFilm(player, video, media);
  await endsEarly(laterMs);
  expect([video.loads, video.currentTime, player.measured?.()]).toEqual([1, expect.closeTo((endMs - 1_000) / 1_000, 3), {}]);
  video.lands({});
  await endsEarly(laterMs);
  expect([video.loads, player.duration()]).toEqual([1, expect.closeTo(endMs, 0)]);
  expect(player.measured?.()).toEqual({ durationMs: player.duration() });
  await plays(endMs / 1_000 + 0.15);
  expect(player.duration(), 'there is more').toBeNaN();
});

test.each([
  ['nothing', 11_000, undefined],
  ['its last picture', 10_500, 9.97],
])('a file that shows %s after where its playback ended early is as long as it has played', async (_, soughtMs, shownS) => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  await loadFilm(player, video, FILM);
  await endsEarly();
  player.seek(soughtMs);
  video.lands({ ended: true, shownS });
  player.position();
  expect([player.ready(), player.duration(), player.measured?.()]).toEqual([true, 9_980, { durationMs: 9_980 }]);
});

test('an end that was found is told in whole milliseconds, as the room will tell it', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  await loadFilm(player, video, FILM);
  await endsEarly(20, 9.9796);
  player.seek(11_000);
  video.lands({ ended: true });
  player.position();
  expect([player.duration(), player.measured?.()]).toEqual([9_980, { durationMs: 9_980 }]);
});

test('a connection that breaks off like a file, once, ends no film', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  await loadFilm(player, video, FILM);
  await endsEarly();
  player.seek(11_000);
  video.lands({ shownS: 11 });
  await plays(19.9);
  video.endsAt(20);
  player.position();
  expect([video.loads, player.ready(), player.measured?.()]).toEqual([1, true, { durationMs: 20_000 }]);
});

test('a file that ends where its length is estimated has ended there', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  await loadFilm(player, video, told(10_010, 'header'));
  await endsEarly();
  expect([video.loads, player.duration(), player.measured?.()]).toEqual([0, 10_010, { durationMs: 10_010 }]);
});

test('what has played on while the clock of the page stood still hasn’t ended early', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  await loadFilm(player, video, FILM);
  await plays(9.98);
  vi.setSystemTime(Date.now() + 10_000);
  video.endsAt(20);
  player.position();
  expect([video.loads, player.measured?.()]).toEqual([0, { durationMs: 20_000 }]);
});

test('a file with nothing after what can’t be decoded ends a little before that', async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1);
  await loadFilm(player, video, FILM, () => 11_000);
  await plays(9.78);
  video.error = { code: 3 };
  video.become(4, 'error');
  expect(player.ready()).toBe(false);
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(1_200);
  expect([codes, video.loads, video.currentTime]).toEqual([['decode_failed'], 1, 11]);
  video.error = null;
  video.lands({ ended: true });
  player.position();
  expect([player.ready(), player.duration(), player.measured?.()]).toEqual([true, 9_280, { durationMs: 9_280 }]);
});

test('a file that goes on after what can’t be decoded doesn’t end there', async () => {
  await loadFilm(player, video, FILM);
  tellsOfPictures();
  await breaks();
  player.seek(11_000);
  video.lands({ shownS: 11 });
  await plays(12);
  video.paused = true;
  player.seek(20_000);
  video.lands({ ended: true });
  player.position();
  expect([player.ready(), player.measured?.()]).toEqual([false, {}]);
});

test('a stated end without a picture ends a file at its undecodable part only after two failures there', async () => {
  await loadFilm(player, video, FILM);
  tellsOfPictures();
  for (const durations of [{}, { durationMs: 9_280 }]) {
    await breaks();
    video.paused = true;
    player.seek(20_000);
    video.lands({ ended: true });
    player.position();
    expect(player.measured?.()).toEqual(durations);
  }
});

test('a film that goes on for the room far past where this file has ended misses a part here', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  let roomMs = 10_000;
  await loadFilm(player, video, FILM, () => roomMs);
  await endsEarly();
  video.lands({});
  await endsEarly();
  await looks();
  expect([player.ready(), player.duration(), codes]).toEqual([true, expect.closeTo(9_980, 0), []]);
  roomMs = 16_000;
  await looks();
  await looks();
  expect([player.ready(), codes]).toEqual([false, ['part_unreachable']]);
  roomMs = 5_000;
  player.seek(5_000);
  video.lands({ shownS: 5 });
  expect(player.ready()).toBe(true);
});

test('somebody who has watched to a stated end sees the same picture as those who come later', async () => {
  await loadFilm(player, video, told(20_000, 'header'));
  video.endsAt(20.15);
  video.become(4, 'ended');
  video.lands({});
  expect([player.position(), player.ended()]).toEqual([expect.closeTo(19_999.1, 3), true]);
});

/** Shows that the browser tells of pictures while paused. */
function tellsOfPictures(): void {
  player.seek(1_000);
  video.lands({ shownS: 1 });
}

/** Looks at the element, as a player does again and again. */
async function looks(): Promise<void> {
  player.position();
  await Promise.resolve();
}

/** Plays, as the player sees when it looks. */
async function plays(atS: number): Promise<void> {
  Object.assign(video, { currentTime: atS, seeking: false, ended: false, paused: false });
  player.position();
}

/** Plays, and ends before the end that it tells, as the player sees so much later. */
async function endsEarly(laterMs = 20, atS = 9.98): Promise<void> {
  await plays(atS);
  vi.advanceTimersByTime(laterMs);
  video.endsAt(20);
  player.position();
}

/** Fails to decode what comes next. */
async function breaks(): Promise<void> {
  await plays(9.78);
  video.error = { code: 3 };
  video.become(4, 'error');
  video.error = null;
}
