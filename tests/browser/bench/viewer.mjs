/** The browsers of the bench and their tabs. */
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { until } from '../harness/poll.mjs';
import { BROWSER, SWITCHES } from '../harness/person.mjs';
import { FILM } from './origin.mjs';
import { truthMs } from './room-clock.mjs';
import { samplerOf } from './sampler.mjs';

const LAUNCHER = fileURLToPath(new URL('browser.sh', import.meta.url));
const STEP_MS = 40_000;
/** How many times a page's clock is compared with ours. */
const COMPARISONS = 30;
/**
 * As wide as the film, so that its frames aren't scaled. On two processors, four browsers that scale in software drop
 * frames, and after each dropped frame Chromium presents all later ones one display interval later, up to three: that
 * would measure the machine.
 */
const WINDOW = { viewport: { width: FILM.width, height: 720 } };
const NOTHING = { samples: [], frames: [], events: [], readings: [], commits: [], counted: [] };

/**
 * Starts a browser. `number` is that of its line; `origins` are treated as secure, as they would be behind TLS; a
 * `niceness` below 0 gives it priority over other programs.
 */
export async function startBrowser({ number, namespace = '', origins, niceness }) {
  const browser = await chromium.launch({
    executablePath: LAUNCHER,
    env: { ...process.env, BENCH_NAMESPACE: namespace, BENCH_BROWSER: BROWSER, BENCH_NICENESS: String(niceness) },
    args: [
      ...SWITCHES,
      '--autoplay-policy=no-user-gesture-required',
      `--unsafely-treat-insecure-origin-as-secure=${origins.join(',')}`,
    ],
  });
  const engine = `AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browser.version()} Safari/537.36`;
  const userAgent = `Mozilla/5.0 (X11; Linux x86_64) ${engine} viewer-${number}`;
  const opened = {
    /** Opens a tab with an empty cache; `storage` is its stored state, `sampler` the settings of the sampler. */
    async open(name, { sampler = {}, storage } = {}) {
      const context = await browser.newContext({ ...WINDOW, userAgent, storageState: storage });
      context.setDefaultTimeout(STEP_MS);
      await context.addInitScript(samplerOf(sampler));
      return new Viewer({ name, agent: `viewer-${number}`, browser: opened, context, page: await context.newPage() });
    },
    close: () => browser.close(),
  };
  return opened;
}

/** An open tab, and everything that it has recorded, on the truth clock. */
class Viewer {
  complaints = [];
  #baseMs = null;
  #timeOrigin = null;
  #kept = structuredClone(NOTHING);

  constructor({ name, agent, browser, context, page }) {
    this.name = name;
    this.browser = browser;
    /** How the media origin identifies this browser. */
    this.agent = agent;
    this.context = context;
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  the(testid) {
    return this.page.getByTestId(testid);
  }

  async createRoom(pageUrl) {
    await this.page.goto(pageUrl);
    await this.the('display-name').fill(this.name);
    await this.the('create-room').click();
    await this.inRoom();
    return this.page.url();
  }

  /** Follows an invite link, enters a name and joins. */
  async join(invite) {
    await this.page.goto(invite);
    await this.the('display-name').fill(this.name);
    await this.the('join-room').click();
    await this.inRoom();
  }

  /** Follows an invite link as a returning guest, without waiting for anything. */
  async returns(invite) {
    await this.page.goto(invite, { waitUntil: 'commit' });
  }

  async inRoom() {
    await this.page.waitForFunction(() => window.playhead?.session.getSnapshot().connection === 'open');
  }

  async paste(link) {
    await this.the('link-input').fill(link);
    await this.the('link-submit').click();
  }

  /** Calls a method of the session, such as `seek`; resolves to its result. */
  command(name, ...values) {
    return this.page.evaluate(([method, given]) => window.playhead.session[method](...given), [name, values]);
  }

  snapshot() {
    return this.page.evaluate(() => window.playhead.session.getSnapshot());
  }

  async hasLoaded() {
    await until(
      `${this.name}'s film to be loaded`,
      () =>
        this.page.evaluate(() => {
          const video = document.querySelector('video');
          return video !== null && video.readyState >= 3 && !video.seeking;
        }),
      STEP_MS,
    );
  }

  buffered(positionMs) {
    return this.page.evaluate((at) => window.bench.buffered(at), positionMs);
  }

  /** Makes a sound, so that the browser's audio service is running, as in one that has been in use. */
  async warmUp() {
    await this.page.evaluate(async () => {
      const context = new AudioContext();
      const tone = new OscillatorNode(context);
      tone.connect(context.destination);
      tone.start();
      await new Promise((resolve) => setTimeout(resolve, 300));
      await context.close();
    });
  }

  /** Stops recording frames. */
  stopFrames() {
    return this.page.evaluate(() => window.bench.stopFrames());
  }

  /** Returns the stored identity and name, and nothing else that the browser has stored. */
  async identity() {
    const { origins } = await this.context.storageState();
    const kept = origins.map(({ origin, localStorage }) => ({
      origin,
      localStorage: localStorage.filter(({ name }) => ['playhead.identity', 'playhead.name'].includes(name)),
    }));
    return { cookies: [], origins: kept };
  }

  /** Collects what the page has recorded since the last call. */
  async watch() {
    // A page that is just loading can't answer.
    const noted = await this.page.evaluate(() => window.bench?.drain() ?? null).catch(() => null);
    if (noted === null) return;
    const { timeOrigin, ...rows } = noted;
    // A new document has a new time origin, and the records of the old one are void.
    if (timeOrigin !== this.#timeOrigin) this.#kept = structuredClone(NOTHING);
    this.#timeOrigin = timeOrigin;
    for (const [name, more] of Object.entries(rows)) this.#kept[name].push(...more);
  }

  /**
   * Determines the time origin of this document on the truth clock. Returns `[lowMs, highMs]`, the bounds within which
   * the two clocks were seen to differ; they must contain 0.
   */
  async compareClocks() {
    const protocol = await this.context.newCDPSession(this.page);
    await protocol.send('Performance.enable');
    const { metrics } = await protocol.send('Performance.getMetrics');
    await protocol.detach();
    this.#baseMs = metrics.find(({ name }) => name === 'NavigationStart').value * 1000;
    const bounds = [-Infinity, Infinity];
    for (let count = 0; count < COMPARISONS; count += 1) {
      const before = truthMs();
      const there = this.#baseMs + (await this.page.evaluate(() => window.bench.now()));
      bounds[0] = Math.max(bounds[0], before - there);
      bounds[1] = Math.min(bounds[1], truthMs() - there);
    }
    return bounds;
  }

  /** Returns everything that the open document has recorded, on the truth clock. */
  async trace() {
    await this.watch();
    const boundsMs = await this.compareClocks();
    const shift = (rows, column) =>
      rows.map((row) => row.map((value, index) => (index === column ? value + this.#baseMs : value)));
    const { samples, frames, events, readings, commits, counted } = this.#kept;
    return {
      name: this.name,
      navigationMs: this.#baseMs,
      boundsMs,
      samples: shift(samples, 0),
      frames: shift(frames, 0),
      events: shift(events, 1),
      readings: shift(readings, 0),
      commits,
      counted,
      complaints: this.complaints,
    };
  }

  async close() {
    await this.context.close();
  }
}
