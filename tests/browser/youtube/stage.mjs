/** Sets up the pages and the player API for the YouTube tests. */
import { readFileSync } from 'node:fs';
import { until } from '../harness/poll.mjs';
import { bundle } from './bundle.mjs';
import { startSite } from './site.mjs';
import { watching } from './watch.mjs';

const isEmbed = (frame) => frame.url().includes('/embed/');
const text = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** Starts two more origins: one for the pages, and one for the player API, which plays the media at `mediaUrl`. */
export async function startStage(mediaUrl) {
  const embed = text('embed.html').replace('@MEDIA@', mediaUrl);
  const youtube = await startSite({
    '/iframe_api': text('iframe-api.js'),
    '/embed/clip.mp4': embed,
    '/embed.js': text('embed.js'),
  });
  const pages = await startSite({ '/': text('page.html'), '/page.js': bundle(text('page.js')) });
  return {
    pages: pages.origin,
    youtube: youtube.origin,
    stop: () => Promise.all([pages.stop(), youtube.stop()]),
  };
}

/** Returns the address of a page in the room with `code`, or in a new one; with `youtube` it uses the iframe. */
export function pageOf(stage, { server, name, code, youtube = false }) {
  const asked = new URLSearchParams({ server: server.pageUrl, name });
  if (code !== undefined) asked.set('code', code);
  if (youtube) asked.set('youtube', stage.youtube);
  return `${stage.pages}/?${asked}`;
}

/** Opens the page in a person's browser; returns the room's code. */
export async function opens({ name, page }, stage, options) {
  await page.goto(pageOf(stage, { name, ...options }));
  await page.waitForFunction(() => window.playhead !== undefined);
  return page.evaluate(() => window.playhead.code);
}

/** Watches a person whose video is in the iframe. */
export const inFrame = (person) => watching(person, isEmbed);

/** Waits until a person's player has loaded. */
export function isReady({ name, page }) {
  return until(`${name}'s player to be ready`, () =>
    page.evaluate(() => window.playhead.player.getSnapshot().state === 'paused'),
  );
}

/** Changes the video in the iframe behind the API's back. */
export function meddles({ page }, change) {
  return page.frames().find(isEmbed).evaluate(change);
}

/** Returns how often the page has called each function of the API. */
export const callsOf = ({ page }) => page.evaluate(() => ({ ...window.YT.calls }));
