// Tests of how a seek of YouTube's player is found to have arrived.
import { expect, test } from 'vitest';
import { YOUTUBE_STATES } from '../src/adapters/youtube-api.js';
import { Landing } from '../src/adapters/youtube-landing.js';

const { PLAYING, PAUSED, BUFFERING, ENDED, CUED } = YOUTUBE_STATES;
/** The instant, state and reported position at each check, and its result. */
type Look = [nowMs: number, state: number, reportedMs: number, found: 'going' | 'again' | 'there'];

const STORIES: [name: string, looks: Look[], stands?: boolean][] = [
  [
    'data that is there already needs no loading',
    [[50, PAUSED, 1_000, 'going'], [200, PAUSED, 9_990, 'going'], [250, PAUSED, 9_990, 'there']],
  ],
  [
    'a player that loads has arrived when it has loaded',
    [[30, PAUSED, 10_000, 'going'], [60, BUFFERING, 10_000, 'going'], [900, BUFFERING, 10_000, 'going'], [950, PAUSED, 10_000, 'there']],
  ],
  [
    'a keyframe before the target is left by a second try, which is exact',
    [[60, BUFFERING, 1_000, 'going'], [500, PAUSED, 8_000, 'again'], [550, PAUSED, 8_000, 'going'], [800, PAUSED, 10_010, 'there']],
  ],
  [
    'a second try that leads to the same keyframe is the last',
    [[60, BUFFERING, 1_000, 'going'], [500, PAUSED, 8_000, 'again'], [900, PAUSED, 8_000, 'going'], [2_000, PAUSED, 8_000, 'there']],
  ],
  [
    'a position from before the seek is no arrival',
    [[450, PAUSED, 1_000, 'going'], [1_400, PAUSED, 1_000, 'going'], [1_450, PAUSED, 9_980, 'there']],
  ],
  [
    'a player that should stand has not arrived while it plays',
    [[60, BUFFERING, 1_000, 'going'], [400, PLAYING, 10_000, 'going'], [450, PAUSED, 10_050, 'there']],
  ],
  ['the end is a place, too', [[60, BUFFERING, 1_000, 'going'], [300, ENDED, 10_000, 'there']]],
  ['a player without a video never arrives', [[5_000, CUED, 10_000, 'going']]],
  [
    'a player that plays on is not sent again, for the target has moved on',
    [[60, BUFFERING, 1_000, 'going'], [500, PLAYING, 8_200, 'there']],
    false,
  ],
];

test.each(STORIES)('%s', (_, looks, stands = true) => {
  const landing = new Landing();
  landing.begin(10_000, { nowMs: 0, reportedMs: 1_000 });
  for (const [nowMs, state, reportedMs, found] of looks) {
    expect([nowMs, landing.look({ nowMs, state, reportedMs, stands })]).toEqual([nowMs, found]);
    expect(landing.targetMs).toBe(found === 'there' ? null : 10_000);
  }
});

test('a newer seek is followed instead', () => {
  const landing = new Landing();
  landing.begin(10_000, { nowMs: 0, reportedMs: 1_000 });
  landing.begin(20_000, { nowMs: 100, reportedMs: 1_000 });
  expect(landing.look({ nowMs: 600, state: PAUSED, reportedMs: 10_000, stands: true })).toBe('again');
  expect(landing.targetMs).toBe(20_000);
});
