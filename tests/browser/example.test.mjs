/** Tests of the SDK's examples, and of the README that quotes them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startOrigin } from './harness/origin.mjs';
import { ROOT } from './harness/paths.mjs';
import { clockMs, until } from './harness/poll.mjs';
import { arrive, closeBrowser } from './harness/person.mjs';
import { startServer } from './harness/server.mjs';
import { together } from './harness/together.mjs';
import { bundle } from './youtube/bundle.mjs';
import { startSite } from './youtube/site.mjs';
import { watching } from './youtube/watch.mjs';

const EXAMPLE = readFileSync(join(ROOT, 'sdk/examples/party.html'), 'utf8');
const REACT_EXAMPLE = readFileSync(join(ROOT, 'sdk/examples/party.tsx'), 'utf8');
const README = readFileSync(join(ROOT, 'sdk/README.md'), 'utf8');
const LINES_MAX = 29;
const MODULE = /(?<=<script type="module">)[^]*(?=<\/script>)/;

let origin;
let site;
let server;
const people = [];
before(async () => {
  origin = await startOrigin();
  // The unchanged example with its imports bundled, as any bundler would serve it.
  const script = bundle(MODULE.exec(EXAMPLE)[0]);
  site = await startSite({ '/': EXAMPLE.replace(MODULE, () => script) });
  server = await startServer({ env: { PLAYHEAD_ALLOWED_ORIGINS: site.origin } });
});
after(async () => {
  await Promise.all(people.map((person) => person.go()));
  await Promise.all([closeBrowser(), server?.stop(), site?.stop(), origin?.stop()]);
});

test('the examples are short, and the README quotes them unchanged', () => {
  for (const [kind, text] of [['html', EXAMPLE], ['tsx', REACT_EXAMPLE]]) {
    assert.ok(text.trimEnd().split('\n').length <= LINES_MAX, `the ${kind} example has more than ${LINES_MAX} lines`);
    assert.ok(README.includes(`\`\`\`${kind}\n${text}\`\`\``), `sdk/README.md doesn't hold the ${kind} example`);
  }
});

test('two browsers that run nothing but the example play in sync', { timeout: 120_000 }, async () => {
  people.push(await arrive('Ada'), await arrive('Grace'));
  const [host, guest] = people;
  await host.page.goto(`${site.origin}/?server=${server.pageUrl}`);
  await host.page.waitForURL(/#./);
  await reads(host, 'idle');
  await host.page.locator('input').fill(origin.url('clip.mp4'));
  await host.page.locator('input').blur();
  await guest.page.goto(host.page.url());
  await Promise.all([reads(host, 'paused'), reads(guest, 'paused')]);

  const pages = people.map((person) => watching(person));
  const press = () => host.page.locator('button').click();
  let sinceMs = clockMs();
  await press();
  await together(pages, { what: 'play', sinceMs, wanted: ({ paused, ready }) => !paused && ready });
  await Promise.all(people.map((person) => reads(person, /^-?[\d.]+ ms off the room, known to ±[\d.]+ ms$/)));

  await guest.page.locator('button').click();
  await guest.page.getByRole('alert').filter({ hasText: 'host' }).waitFor();

  sinceMs = clockMs();
  await press();
  await together(pages, { what: 'pause', sinceMs, wanted: ({ paused, positionMs }) => paused && positionMs > 0 });
  assert.deepEqual(people.flatMap(({ complaints }) => complaints), []);
});

/** Waits until the page's output is this text, or matches it. */
async function reads({ name, page }, words) {
  await until(`${name} to read ${words}`, async () => {
    const said = await page.locator('output').textContent();
    return typeof words === 'string' ? said === words : words.test(said);
  });
}
