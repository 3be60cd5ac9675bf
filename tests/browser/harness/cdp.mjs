/** Starts Chromium and talks to it by the Chrome DevTools Protocol. */
import { startChild } from './child.mjs';
import { CHROMIUM, SWITCHES } from './person.mjs';
import { temporaryFolder } from './paths.mjs';

const ANSWER_MS = 20_000;

/** Starts a browser without the test library, for what the library would hide. */
export async function startChromium(switches = []) {
  const profile = temporaryFolder('profile');
  const child = startChild(
    CHROMIUM,
    ['--headless', '--no-sandbox', '--remote-debugging-pipe', `--user-data-dir=${profile}`, ...SWITCHES, ...switches],
    { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], label: 'chromium' },
  );
  const [, , , commands, answers] = child.process.stdio;
  const pending = new Map();
  let count = 0;
  let unread = '';
  commands.on('error', () => undefined);
  answers.setEncoding('utf8').on('data', (text) => {
    const messages = (unread + text).split('\0');
    unread = messages.pop();
    for (const message of messages.map((one) => JSON.parse(one))) {
      pending.get(message.id)?.(message);
      pending.delete(message.id);
    }
  });

  /** Sends a command to the browser, or to the tab of `sessionId`, and resolves to its result. */
  function send(method, params = {}, sessionId = undefined) {
    count += 1;
    const id = count;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${method}: no answer; ${child.printed()}`)), ANSWER_MS);
      pending.set(id, ({ result, error }) => {
        clearTimeout(late);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result);
      });
      commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  async function openTab(url = 'about:blank') {
    const { targetId } = await send('Target.createTarget', { url });
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
    return {
      send: (method, params) => send(method, params, sessionId),
      bringToFront: () => send('Target.activateTarget', { targetId }),
    };
  }

  await send('Browser.getVersion');
  return { openTab, stop: () => child.stop('SIGKILL') };
}
