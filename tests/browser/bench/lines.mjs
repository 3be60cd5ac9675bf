/** Connects the bench to the emulated lines between its browsers and the server. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** The address of the server's namespace, at which every client reaches it. */
const SERVER_ADDRESS = '10.77.0.1';

/**
 * Opens the emulated lines of the `playhead-harness lines` that runs this program: `namespaces` names each client's
 * network namespace; `address` is where all clients reach what listens here.
 */
export async function openLines(env = process.env) {
  const path = env.PLAYHEAD_LINKS_SOCKET;
  if (!path) throw new Error('no emulated lines: start with `playhead-harness lines`, or with --loopback');
  const socket = connect(path);
  await once(socket, 'connect');
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();

  async function ask(request) {
    socket.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await answers.next();
    const answer = done ? {} : JSON.parse(value);
    if (done || answer.error) throw new Error(`the line emulator: ${answer.error ?? 'ended'}`);
    return answer;
  }

  return {
    emulated: true,
    address: SERVER_ADDRESS,
    namespaces: env.PLAYHEAD_LINKS_NAMESPACES.split(','),
    /** Gives a line (counted from 1; 0 means all) a profile `{ up, down }`. The control socket calls a line `link`. */
    shape: (line, profile) => ask({ link: line, ...profile }),
    stats: () => ask({ stats: true }),
    close: () => socket.destroy(),
  };
}

/** Stands in for the lines where namespaces are refused: loopback for everyone, without delay or loss. */
export function loopback() {
  return {
    emulated: false,
    address: '127.0.0.1',
    namespaces: [],
    shape: () => Promise.resolve(),
    stats: () => Promise.resolve(null),
    close: () => undefined,
  };
}
