/** A person in a browser without the test library. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChromium } from './cdp.mjs';
import { ARTIFACTS } from './paths.mjs';
import { until } from './poll.mjs';
import { DRAIN, RECORDER } from './recorder.mjs';

/**
 * Starts a browser that is driven by its own protocol instead of the test library: its tabs can be hidden, and what the
 * test evaluates in the page doesn't count as a user gesture.
 */
export async function arriveBare(name, { switches = [], viewport = { width: 1280, height: 800 } } = {}) {
  const browser = await startChromium(switches);
  const tab = await browser.openTab();
  await tab.send('Page.enable');
  await tab.send('Page.addScriptToEvaluateOnNewDocument', { source: RECORDER });
  await tab.send('Emulation.setDeviceMetricsOverride', { ...viewport, deviceScaleFactor: 1, mobile: false });
  return new BarePerson(name, browser, tab);
}

class BarePerson {
  samples = [];
  events = [];

  constructor(name, browser, tab) {
    this.name = name;
    this.browser = browser;
    this.tab = tab;
  }

  /** Evaluates an expression in the page, without a user gesture. */
  async evaluate(expression) {
    const request = { expression, returnByValue: true, awaitPromise: true, userGesture: false };
    const { result, exceptionDetails } = await this.tab.send('Runtime.evaluate', request);
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
  }

  async waitsFor(expression, what = expression) {
    // A page that is just loading may not answer.
    await until(`${this.name}: ${what}`, () => this.evaluate(expression).catch(() => false));
  }

  /** Joins as a returning guest, so that the page asks for no name and nothing has to be pressed. */
  async returns(invite) {
    await this.tab.send('Page.navigate', { url: new URL('/', invite).href });
    await this.waitsFor('document.querySelector(\'[data-testid="display-name"]\') !== null');
    await this.evaluate(`localStorage.setItem('playhead.name', ${JSON.stringify(this.name)})`);
    await this.tab.send('Page.navigate', { url: invite });
    await this.waitsFor("window.playhead?.session.getSnapshot().connection === 'open'");
  }

  /** Presses the mouse in the middle of the element with this test id. */
  async presses(testid) {
    const found = await this.evaluate(`(() => {
      const element = document.querySelector('[data-testid="${testid}"]');
      element.scrollIntoView({ block: 'center' });
      const { x, y, width, height } = element.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    })()`);
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.tab.send('Input.dispatchMouseEvent', { type, ...found, button: 'left', clickCount: 1 });
    }
  }

  /** Opens another tab in front of the party, and waits until the page is hidden. */
  async looksAway() {
    const other = await this.browser.openTab();
    await other.bringToFront();
    await this.waitsFor('document.hidden');
  }

  async looksBack() {
    await this.tab.bringToFront();
    await this.waitsFor('!document.hidden');
  }

  async watch() {
    const noted = await this.evaluate(DRAIN).catch(() => ({ samples: [], events: [] }));
    this.samples.push(...noted.samples);
    this.events.push(...noted.events);
  }

  async picture(name) {
    mkdirSync(ARTIFACTS, { recursive: true });
    const { data } = await this.tab.send('Page.captureScreenshot', { format: 'png' });
    writeFileSync(join(ARTIFACTS, `${name}.png`), Buffer.from(data, 'base64'));
  }

  async go() {
    await this.browser.stop();
  }
}
