/** A person with a browser, who uses the page by hand. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ARTIFACTS } from './paths.mjs';
import { until } from './poll.mjs';
import { DRAIN, READABLE, RECORDER } from './recorder.mjs';
import { wrongClock } from './wrong-clock.mjs';

export const CHROMIUM = process.env.PLAYHEAD_CHROMIUM ?? '/usr/bin/chromium';
/** The same browser without a window, whose drawing would take processor time that players need. */
const WINDOWLESS = '/usr/bin/chromium-headless-shell';
/** The browser of the tests: the one without a window, unless another is named. */
export const BROWSER = process.env.PLAYHEAD_CHROMIUM === undefined && existsSync(WINDOWLESS) ? WINDOWLESS : CHROMIUM;
/** The switches of every browser in the tests, so that only the page uses the network. */
export const SWITCHES = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--mute-audio',
];
export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const SAMPLES_MAX = 5_000;
const STEP_MS = 20_000;
/** The most presses of the Tab key that reach an element. */
const TABS_MAX = 20;

let shared = null;

/**
 * Returns the Chromium of this test file, started for its first person: each start costs more than a second. People
 * share its processes, but no state.
 */
function sharedBrowser() {
  shared ??= chromium.launch({
    executablePath: BROWSER,
    args: [...SWITCHES, '--autoplay-policy=no-user-gesture-required'],
  });
  return shared;
}

/** Closes the Chromium of this test file, with every page in it. */
export async function closeBrowser() {
  await (await shared)?.close();
  shared = null;
}

/**
 * Opens a browser context for a person, with state of its own; the device's date is `clockOffMs` ahead of the server's.
 * With `readsFiles`, the frame number of plain files can be read, if their origin permits it.
 */
export async function arrive(name, { screen = DESKTOP, clockOffMs = 0, readsFiles = false } = {}) {
  const browser = await sharedBrowser();
  const context = await browser.newContext({ ...screen, permissions: ['clipboard-read', 'clipboard-write'] });
  context.setDefaultTimeout(STEP_MS);
  await context.addInitScript(RECORDER);
  if (readsFiles) await context.addInitScript(READABLE);
  if (clockOffMs !== 0) await context.addInitScript(wrongClock(clockOffMs));
  const page = await context.newPage();
  return new Person(name, context, page);
}

class Person {
  samples = [];
  events = [];

  constructor(name, context, page) {
    this.name = name;
    this.context = context;
    this.page = page;
    this.complaints = [];
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  /** Returns the element with this test id. */
  the(testid) {
    return this.page.getByTestId(testid);
  }

  async createRoom(pageUrl, { roomName = 'Friday film' } = {}) {
    await this.page.goto(pageUrl);
    await this.the('display-name').fill(this.name);
    await this.the('room-name').fill(roomName);
    await this.the('create-room').click();
    await this.inRoom();
  }

  /** Follows an invite link, enters a name and joins. */
  async join(invite) {
    await this.page.goto(invite);
    await this.the('display-name').fill(this.name);
    await this.the('join-room').click();
    await this.inRoom();
  }

  /** Closes the tab; the browser keeps their identity. */
  async closesTab() {
    await this.page.close();
  }

  /** Opens the invite link in a new tab, which asks for no name. */
  async comesBack(invite) {
    this.page = await this.context.newPage();
    this.page.on('pageerror', (error) => this.complaints.push(String(error)));
    await this.page.goto(invite);
  }

  /** Sends a request for `path` under this person's room to the server, as their page would. */
  asks(method, path = '', body = undefined) {
    return this.page.evaluate(
      async ([asked, below, sent]) => {
        const { access_token: token } = JSON.parse(localStorage.getItem('playhead.identity'));
        const { room_id: roomId } = window.playhead.session.getSnapshot().room;
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
        const options = { method: asked, headers, body: sent === undefined ? undefined : JSON.stringify(sent) };
        const answer = await fetch(`/api/v1/rooms/${roomId}${below}`, options);
        const text = await answer.text();
        return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
      },
      [method, path, body],
    );
  }

  async inRoom() {
    await this.page.locator('[data-testid="connection"][data-state="open"]').waitFor();
  }

  async paste(link) {
    await this.the('link-input').fill(link);
    await this.the('link-submit').click();
  }

  async copyInvite() {
    await this.the('invite-link').click();
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** Waits until the player has loaded the chosen media and is paused. */
  async hasLoaded() {
    await until(`${this.name}'s player to have loaded`, () =>
      this.page.evaluate(() => {
        const video = document.querySelector('[data-testid="video"]');
        return window.playhead.player.getSnapshot().state === 'paused' && video.readyState >= 3;
      }),
    );
  }

  async status(status) {
    await this.page.locator(`[data-testid="play-toggle"][data-status="${status}"]`).waitFor();
  }

  snapshot() {
    return this.page.evaluate(() => window.playhead.session.getSnapshot());
  }

  /** Returns what the player says of itself. */
  playerSnapshot() {
    return this.page.evaluate(() => window.playhead.player.getSnapshot());
  }

  /** Waits for a text anywhere in the element with this test id; capitals count, as in "Not in sync" and "In sync". */
  async reads(testid, words) {
    const hasText = typeof words === 'string' ? new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : words;
    await this.the(testid).filter({ hasText }).first().waitFor();
  }

  /** Returns an attribute of the focused element: its test id, or the one that is named. */
  focused(attribute = 'data-testid') {
    return this.page.evaluate((name) => document.activeElement?.getAttribute(name) ?? null, attribute);
  }

  /** Presses Tab until the element with this test id has the focus. */
  async tabTo(testid) {
    for (let presses = 0; presses < TABS_MAX; presses += 1) {
      await this.page.keyboard.press('Tab');
      if ((await this.focused()) === testid) return;
    }
    throw new Error(`Tab never reached ${testid}`);
  }

  /** Collects what the page has recorded since the last call. */
  async watch() {
    // A page that is just loading can't answer.
    const noted = await this.page.evaluate(DRAIN).catch(() => ({ samples: [], events: [] }));
    this.samples.push(...noted.samples);
    this.events.push(...noted.events);
    this.samples.splice(0, this.samples.length - SAMPLES_MAX);
  }

  /** Saves a screenshot of the window or of the whole page. */
  async picture(name, { fullPage = false } = {}) {
    mkdirSync(ARTIFACTS, { recursive: true });
    await this.page.screenshot({ path: join(ARTIFACTS, `${name}.png`), fullPage, animations: 'disabled' });
  }

  async go() {
    await this.context.close();
  }
}
