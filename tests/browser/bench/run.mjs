import { setTimeout as pause } from 'node:timers/promises';
import { startSite } from './site.mjs';
import { carryOut } from './events.mjs';
import { gather } from './gather.mjs';
import { PROFILES } from './profiles.mjs';
import { truthMs } from './room-clock.mjs';
import { startBrowser } from './viewer.mjs';

const NAMES = ['Ada', 'Ben', 'Cleo', 'Dan'];
const GUEST_NUMBER = NAMES.length + 1;
const WATCH_EVERY_MS = 2_000;
/** Half as fast again as the film plays: hls.js would else have loaded all of it before anybody jumps. */
const STEADY_KBIT = 1_400;

/**
 * Runs a scenario once and gives its trace: everything the pages noted, the commits of the room, and the windows and
 * events to judge it by, all on the truth clock. `pages` are those of the baselines.
 */
export async function run(scenario, { links, pages, niceness }) {
  const site = await startSite({ address: links.address, pages: scenario.kind === 'baseline' ? pages : undefined });
  const party = new Party(scenario, { links, site, niceness });
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

/** What the parts of a run share. */
class Party {
  viewers = [];
  marks = [];
  visits = [];
  commands = [];
  stalls = [];
  /** What a guest who comes again remembers. */
  identity = undefined;
  invite = '';
  #browsers = new Set();
  /** What those noted who have left, by viewer. */
  #left = new Map();
  #steady = null;
  #judged = null;

  constructor(scenario, { links, site, niceness }) {
    this.scenario = scenario;
    this.links = links;
    this.site = site;
    this.niceness = niceness;
  }

  get host() {
    return this.viewers[0];
  }

  /** Viewers who haven't left. */
  get present() {
    return this.viewers.filter((viewer) => !this.#left.has(viewer));
  }

  async begin() {
    const { profile, links: special, hls, film, kind, ppm } = this.scenario;
    await this.links.shape(0, PROFILES[profile]);
    for (const [number, name] of Object.entries(special)) await this.links.shape(Number(number), PROFILES[name]);
    await this.site.probeClock();
    const browsers = await Promise.all(NAMES.map((_, index) => this.startBrowser(index + 1)));
    this.viewers = await Promise.all(
      browsers.map((browser, index) => browser.open(NAMES[index], { sampler: { ppm: ppm[index] } })),
    );
    await Promise.all(this.viewers.map((viewer) => viewer.warmUp()));
    await gather(kind, this, this.site.filmUrl(hls ? 'hls' : film));
  }

  async settle() {
    if (this.scenario.hls) this.site.origin.pace(STEADY_KBIT);
    await this.watchFor(this.scenario.settleS);
  }

  async beSteady() {
    const fromMs = truthMs();
    await this.watchFor(this.scenario.steadyS);
    const untilMs = truthMs();
    this.#steady = { fromMs, untilMs };
    this.#judged = { fromMs: Math.max(fromMs, untilMs - 1000 * this.scenario.judgedS), untilMs };
    this.site.origin.pace(0);
    // No frames are compared any more: from here on the machine is for what happens.
    await Promise.all(this.viewers.map((viewer) => viewer.closeEyes()));
    await this.site.probeClock();
  }

  async startBrowser(number) {
    const { namespaces } = this.links;
    const { origins } = this.site;
    const browser = await startBrowser({ number, namespace: namespaces[number - 1], origins, niceness: this.niceness });
    this.#browsers.add(browser);
    return browser;
  }

  /**
   * A browser that nobody has used, for somebody who comes later. The last viewer makes room for the first of them: four
   * browsers are as many as the scenario has.
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

  /** Takes in for so many seconds what the pages note, `others` included. */
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
      links: await this.links.stats(),
    };
  }

  async end() {
    await Promise.allSettled([...this.#browsers].map((browser) => browser.close()));
  }
}
