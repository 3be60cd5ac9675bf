import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChromium } from './cdp.mjs';
import { ARTIFACTS } from './paths.mjs';
import { until } from './poll.mjs';
import { DRAIN, RECORDER } from './recorder.mjs';

/**
 * Somebody in a browser that the test library doesn't touch: its tabs can be hidden, and what the test asks of the
 * page counts as no gesture.
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

  /** Asks the page, without a gesture. */
  async evaluate(expression) {
    const request = { expression, returnByValue: true, awaitPromise: true, userGesture: false };
    const { result, exceptionDetails } = await this.tab.send('Runtime.evaluate', request);
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
  }

  async waitsFor(expression, what = expression) {
    // An answer may be lost to a page that is just being loaded.
    await until(`${this.name}: ${what}`, () => this.evaluate(expression).catch(() => false));
  }

  /** Joins as somebody who has been here before, so that no name is asked and nothing is pressed. */
  async returns(invite) {
    await this.tab.send('Page.navigate', { url: new URL('/', invite).href });
    await this.waitsFor('document.querySelector(\'[data-testid="display-name"]\') !== null');
    await this.evaluate(`localStorage.setItem('playhead.name', ${JSON.stringify(this.name)})`);
    await this.tab.send('Page.navigate', { url: invite });
    await this.waitsFor("window.playhead?.session.getSnapshot().connection === 'open'");
  }

  /** A real press of the mouse in the middle of the element with this hook. */
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

  /** Opens another tab in front of the party, and waits until the page knows that it is hidden. */
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
