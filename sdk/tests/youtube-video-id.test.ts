// Tests of how a video's id is found.
import { expect, test } from 'vitest';
import { youtubeVideoId } from '../src/adapters/youtube.js';
import type { Media } from '../src/index.js';

const ID = 'a1_B2-c3D4e';

test.each([
  ['https://www.youtube.com/embed/a1_B2-c3D4e'],
  ['https://www.youtube-nocookie.com/embed/a1_B2-c3D4e?rel=0'],
  ['https://www.youtube.com/watch?list=x&v=a1_B2-c3D4e&t=4'],
  ['https://youtu.be/a1_B2-c3D4e'],
  ['https://www.youtube.com/shorts/a1_B2-c3D4e'],
  ['https://www.youtube.com/live/a1_B2-c3D4e?feature=share'],
])('the id is found in %s', (url) => {
  expect(youtubeVideoId(media({ stream_id: 'another name', url }))).toBe(ID);
});

test('an id that the provider gave is used as it is', () => {
  expect(youtubeVideoId(media({ stream_id: ID, url: 'https://www.youtube.com/embed/zzzzzzzzzzz' }))).toBe(ID);
});

test.each([
  ['another provider', { provider: 'file' }],
  ['another delivery', { type: 'hls' }],
  ['a link to a list', { url: 'https://www.youtube.com/embed/videoseries?list=PL123' }],
  ['a link to a channel', { url: 'https://www.youtube.com/embed/live_stream?channel=UC123' }],
  ['a name that is too long', { url: 'https://www.youtube.com/embed/a1_B2-c3D4e5' }],
])('%s is not a YouTube video', (_, part) => {
  expect(youtubeVideoId(media(part))).toBeNull();
});

function media({ provider = 'youtube', stream_id = 'x', type = 'embed', url = 'https://example.org' }): Media {
  return { provider, stream_id, delivery: [{ type, url, cors: 'not_needed' }] } as unknown as Media;
}
