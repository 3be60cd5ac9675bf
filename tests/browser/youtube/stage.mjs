import { readFileSync } from 'node:fs';
import { until } from '../harness/poll.mjs';
import { bundle } from './bundle.mjs';
import { startSite } from './site.mjs';
import { watching } from './watch.mjs';

const isEmbed = (frame) => frame.url().includes('/embed/');
const text = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** Two origins beside the server's: the pages, and the player API over the media of `mediaUrl`. */
export async function startStage(mediaUrl) {
  const embed = text('embed.html').replace('@MEDIA@', mediaUrl);
  const youtube = await startSite({
    '/iframe_api': text('iframe-api.js'),
    '/embed/clip.mp4': embed,
    '/embed.js': text('embed.js'),
  });
  const pages = await startSite({ '/': text('page.html'), '/page.js': await bundle(text('page.js')) });
  return {
    pages: pages.origin,
    youtube: youtube.origin,
    stop: () => Promise.all([pages.stop(), youtube.stop()]),
  };
}

/** The address of a page in the room of `code`, or in a new one; with `youtube` the video plays in the iframe. */
export function pageOf(stage, { server, name, code, youtube = false }) {
  const asked = new URLSearchParams({ server: server.pageUrl, name });
  if (code !== undefined) asked.set('code', code);
  if (youtube) asked.set('youtube', stage.youtube);
  return `${stage.pages}/?${asked}`;
}

/** Opens a page for somebody who came; gives the room's code. */
export async function opens({ name, page }, stage, options) {
  await page.goto(pageOf(stage, { name, ...options }));
  await page.waitForFunction(() => window.playhead !== undefined);
  return page.evaluate(() => window.playhead.code);
}

/** Somebody whose video is in the iframe. */
export const inFrame = (person) => watching(person, isEmbed);

/** Waits until the player of somebody stands ready. */
export function standsReady({ name, page }) {
  return until(`${name}'s player to stand ready`, () =>
    page.evaluate(() => window.playhead.player.getSnapshot().state === 'paused'),
  );
}

/** Does something to the video behind the API's back. */
export function meddles({ page }, change) {
  return page.frames().find(isEmbed).evaluate(change);
}

/** How often the page has called each function of the API. */
export const callsOf = ({ page }) => page.evaluate(() => ({ ...window.YT.calls }));
