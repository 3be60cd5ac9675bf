/** Runs one scenario with real browsers. */
import { setTimeout as pause } from 'node:timers/promises';
import { startSite } from './site.mjs';
import { carryOut } from './events.mjs';
import { comeLate, gather } from './gather.mjs';
import { PROFILES } from './profiles.mjs';
import { truthMs } from './room-clock.mjs';
import { startBrowser } from './viewer.mjs';

const NAMES = ['Ada', 'Ben', 'Cleo', 'Dan'];
const GUEST_NUMBER = NAMES.length + 1;
const WATCH_EVERY_MS = 2_000;
/** One and a half times the film's bitrate: hls.js would otherwise have loaded all of it before the first seek. */
const STEADY_KBIT = 1_400;

/**
 * Runs a scenario once and returns its trace: everything the pages recorded, the room's commits, and the windows and
 * events to judge it by, all on the truth clock. `pages` are those of the baselines.
 */
export async function run(scenario, { lines, pages, niceness }) {
  const site = await startSite({ address: lines.address, pages: scenario.kind === 'baseline' ? pages : undefined });
  const party = new Party(scenario, { lines, site, niceness });
  try {
    await party.begin();
    await party.settle();
    await party.beSteady();
    for (const event of scenario.events) await carryOut(event, party);
    return await party.trace();
  } finally {
    await party.end();
    await site.stop();
  }
}

/** A party of viewers in one run, and what is recorded about it. */
class Party {
  viewers = [];
  marks = [];
  visits = [];
  commands = [];
  stalls = [];
  /** What the browser of a returning guest has stored. */
  identity = undefined;
  invite = '';
  #browsers = new Set();
  /** The traces of viewers who have left. */
  #left = new Map();
  #steady = null;
  #judged = null;

  constructor(scenario, { lines, site, niceness }) {
    this.scenario = scenario;
    this.lines = lines;
    this.site = site;
    this.niceness = niceness;
  }

  get host() {
    return this.viewers[0];
  }

  /** The viewers who haven't left. */
  get present() {
    return this.viewers.filter((viewer) => !this.#left.has(viewer));
  }

  async begin() {
    const { profile, lineProfiles, hls, film, kind, ppm, readsCounter } = this.scenario;
    await this.lines.shape(0, PROFILES[profile]);
    for (const [number, name] of Object.entries(lineProfiles)) await this.lines.shape(Number(number), PROFILES[name]);
    await this.site.probeClock();
    const browsers = await Promise.all(NAMES.map((_, index) => this.startBrowser(index + 1)));
    this.viewers = await Promise.all(
      browsers.map((browser, index) => browser.open(NAMES[index], { sampler: { ppm: ppm[index], readsCounter } })),
    );
    await Promise.all(this.viewers.map((viewer) => viewer.warmUp()));
    await gather(kind, this, this.site.filmUrl(hls ? 'hls' : film));
  }

  async settle() {
    if (this.scenario.hls) this.site.origin.pace(STEADY_KBIT);
    if (this.scenario.comeLate) await comeLate(this);
    await this.watchFor(this.scenario.settleS);
  }

  async beSteady() {
    const fromMs = truthMs();
    await this.watchFor(this.scenario.steadyS);
    const untilMs = truthMs();
    this.#steady = { fromMs, untilMs };
    this.#judged = { fromMs: Math.max(fromMs, untilMs - 1000 * this.scenario.judgedS), untilMs };
    this.site.origin.pace(0);
    // Frames are no longer compared, which leaves the machine to the events.
    await Promise.all(this.viewers.map((viewer) => viewer.stopFrames()));
    await this.site.probeClock();
  }

  async startBrowser(number) {
    const { namespaces } = this.lines;
    const { origins } = this.site;
    const browser = await startBrowser({ number, namespace: namespaces[number - 1], origins, niceness: this.niceness });
    this.#browsers.add(browser);
    return browser;
  }

  /**
   * Starts a fresh browser for a guest. The last viewer leaves before the first guest comes, since the scenario has
   * never more than four browsers.
   */
  async startGuestBrowser() {
    const last = this.viewers.at(-1);
    if (!this.#left.has(last)) {
      this.#left.set(last, await last.trace());
      await this.endBrowser(last.browser);
    }
    return this.startBrowser(GUEST_NUMBER);
  }

  async endBrowser(browser) {
    this.#browsers.delete(browser);
    await browser.close();
  }

  mark(name) {
    const atMs = truthMs();
    this.marks.push({ name, atMs });
    return atMs;
  }

  /** Collects for a number of seconds what the pages record, those of `others` included. */
  async watchFor(seconds, others = []) {
    const endMs = truthMs() + seconds * 1000;
    for (;;) {
      for (const viewer of [...this.present, ...others]) await viewer.watch();
      const leftMs = endMs - truthMs();
      if (leftMs <= 0) return;
      await pause(Math.min(WATCH_EVERY_MS, leftMs));
    }
  }

  async trace() {
    const room = await this.site.probeClock();
    const traces = [];
    for (const viewer of this.viewers) traces.push(this.#left.get(viewer) ?? (await viewer.trace()));
    const onTruth = ({ anchorAtMs, ...rest }) => ({ ...rest, anchorMs: room.truthAt(anchorAtMs) });
    return {
      scenario: this.scenario,
      room: this.site.measurements,
      viewers: traces,
      commits: traces[0].commits.map(onTruth),
      steady: this.#steady,
      judged: this.#judged,
      marks: this.marks,
      commands: this.commands,
      stalls: this.stalls,
      visits: this.visits,
      lines: await this.lines.stats(),
    };
  }

  async end() {
    await Promise.allSettled([...this.#browsers].map((browser) => browser.close()));
  }
}
