// Tests of how qualities and tracks of hls.js are found.
import { describe, expect, test } from 'vitest';
import { chooseLevels, indexOfTrack, numberNames, showCaptions, shownText } from '../src/adapters/hls-tracks.js';
import type { AudioTrack, Media, Rendition, TextTrack } from '../src/index.js';

const audio = (id: string, language: string | null, entries: [string, number][], more: Partial<AudioTrack> = {}) =>
  ({ id, label: 'English', language, default: false, entries: entries.map(([group, index]) => ({ group, index })), ...more }) as AudioTrack;
const text = (id: string, more: Partial<TextTrack>) =>
  ({ id, label: 'English', language: 'en', kind: 'subtitles', ...more }) as TextTrack;
const rendition = (id: string, height: number | null, bitrate_bps: number | null) =>
  ({ id, width: null, height, bitrate_bps, codecs: null }) as Rendition;

describe('a track of hls.js', () => {
  const tracks = [
    { name: 'English', lang: 'en', groupId: 'a' },
    { name: 'Fran\ufffdais', lang: 'fr', groupId: 'a' },
    { name: 'English', lang: 'en', groupId: 'a' },
    { name: 'English', lang: 'en', groupId: 'b' },
  ];

  test.each([
    ['the first of two with one name', [['a', 0]], 0],
    ['the second of two with one name', [['a', 2]], 2],
    ['one whose name hls.js reads otherwise', [['a', 1]], 1],
    ['one in another group', [['c', 0], ['b', 0]], 3],
    ['by its name, if its place is unknown', [], 0],
  ] as [string, [string, number][], number][])('is found by its place in the playlist: %s', (_, entries, index) => {
    expect(indexOfTrack(tracks, audio('x', 'en', entries))).toBe(index);
  });

  test('isn’t one of another language', () => {
    expect(indexOfTrack(tracks, audio('x', 'de', [['c', 0]]))).toBe(-1);
    expect(indexOfTrack(tracks, undefined)).toBe(-1);
  });
});

test('tracks of one name and group get a number, because hls.js goes by names', () => {
  const track = (groupId: string, name: string, lang: string) => ({ groupId, name, lang });
  const tracks = [track('a', 'English', 'en'), track('a', 'English', 'en'), track('b', 'English', 'en'), track('a', 'English', 'fr')];
  numberNames(tracks);
  expect(tracks.map(({ name }) => name)).toEqual(['English', 'English (2)', 'English', 'English']);
});

describe('the text that is shown', () => {
  const media = {
    text_tracks: [
      text('en', {}),
      text('de-forced', { language: 'de', kind: 'forced' }),
      text('en-forced', { language: 'en-GB', kind: 'forced' }),
    ],
    audio_tracks: [audio('en', 'en', [['a', 0]]), audio('de', 'de', [['a', 1]], { default: true }), audio('und', null, [])],
  } as unknown as Media;

  test.each([
    [null, null, 'de-forced'],
    [null, 'en', 'en-forced'],
    [null, 'und', undefined],
    ['en', 'de', 'en'],
  ])('with %s selected and audio %s is %s', (textTrack, audioTrack, id) => {
    expect(shownText(media, { rendition: 'auto', textTrack, audioTrack })?.id).toBe(id);
  });

  test('is none without a film', () => {
    expect(shownText(null, { rendition: 'auto', textTrack: null, audioTrack: null })).toBeUndefined();
  });
});

describe('the level that is played', () => {
  const levels = [
    { height: 108, bitrate: 200_000, audioGroups: ['lo'] },
    { height: 180, bitrate: 400_000, audioGroups: ['lo', 'x'] },
    { height: 360, bitrate: 900_000, audioGroups: ['hi', 'x'] },
  ];
  const both = audio('en', 'en', [['lo', 0], ['hi', 0]]);
  const low = audio('de', 'de', [['lo', 1]]);
  const high = audio('fr', 'fr', [['hi', 1]]);
  const middle = audio('it', 'it', [['x', 0]]);

  test.each([
    ['any', undefined, both, { pinned: -1, cap: -1 }],
    ['any, without a choice of audio', undefined, undefined, { pinned: -1, cap: -1 }],
    ['the selected one', rendition('180p', 180, 400_000), both, { pinned: 1, cap: -1 }],
    ['none that isn’t there', rendition('720p', 720, 400_000), both, { pinned: -1, cap: -1 }],
    ['any of the low ones that have the language', undefined, low, { pinned: -1, cap: 1 }],
    ['the best of those that have the language and fit', undefined, middle, { pinned: 1, cap: -1 }],
    ['the only one that has the language', undefined, high, { pinned: 2, cap: -1 }],
    ['the nearest that has the language', rendition('360p', 360, 900_000), low, { pinned: 1, cap: -1 }],
    ['the selected one, if it has the language', rendition('108p', 108, 200_000), low, { pinned: 0, cap: -1 }],
  ])('is %s', (_, wanted, track, choice) => {
    expect(chooseLevels(levels, wanted, track, 500_000)).toEqual(choice);
  });

  test('is any if the playlist names no groups', () => {
    expect(chooseLevels([{ height: 108 }, { height: 180 }], undefined, low, 0)).toEqual({ pinned: -1, cap: -1 });
  });
});

test('captions in the picture are shown by their channel, and subtitles are left alone', () => {
  const track = (label: string, kind: string) => ({ label, kind, mode: 'hidden' });
  const [one, three, own] = [track('English', 'captions'), track('Español', 'captions'), track('English', 'captions')];
  const video = { textTracks: [own, one, three, track('x', 'metadata')] } as unknown as HTMLMediaElement;
  const subtitles = [{ trackNode: { track: own as unknown as globalThis.TextTrack } }];
  const captions = [{ name: 'English', instreamId: 'CC1' }, { name: 'Español', instreamId: 'CC3' }];
  const modes = () => [own, one, three].map(({ mode }) => mode);
  showCaptions(video, subtitles, captions, text('en', { channel: 'CC1' }));
  expect(modes()).toEqual(['hidden', 'showing', 'hidden']);
  showCaptions(video, subtitles, captions, text('es', { channel: 'CC3' }));
  expect(modes()).toEqual(['hidden', 'hidden', 'showing']);
  showCaptions(video, subtitles, captions, text('en', {}));
  expect(modes()).toEqual(['hidden', 'hidden', 'hidden']);
});

test.each(['CC1', 'SERVICE1'])('captions listed under both numbers of a channel are shown, whichever is chosen: %s', (channel) => {
  const track = (label: string) => ({ label, kind: 'captions', mode: 'hidden' });
  // What hls.js makes of it: the last name of the first channel, and that of the second.
  const [first, second] = [track('English CC'), track('English')];
  const video = { textTracks: [second, first] } as unknown as HTMLMediaElement;
  const captions = [
    { name: 'English', instreamId: 'CC1' },
    { name: 'English CC', instreamId: 'SERVICE1' },
    { name: 'English', instreamId: 'CC2' },
  ];
  showCaptions(video, [], captions, text('en', { channel }));
  expect([first.mode, second.mode]).toEqual(['showing', 'hidden']);
});
