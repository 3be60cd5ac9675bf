import { connect } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Every client of the emulator reaches this address of the server's namespace. */
const SERVER_ADDRESS = '10.77.0.1';

/**
 * The emulated links that `playhead-harness links` runs this program behind: `namespaces` has the name of each client's
 * network namespace, `address` is where all clients reach what listens here.
 */
export async function openLinks(env = process.env) {
  const path = env.PLAYHEAD_LINKS_SOCKET;
  if (!path) throw new Error('no emulated links: start with `playhead-harness links`, or with --loopback');
  const socket = connect(path);
  await once(socket, 'connect');
  const answers = createInterface({ input: socket })[Symbol.asyncIterator]();

  async function ask(request) {
    socket.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await answers.next();
    const answer = done ? {} : JSON.parse(value);
    if (done || answer.error) throw new Error(`the link emulator: ${answer.error ?? 'ended'}`);
    return answer;
  }

  return {
    emulated: true,
    address: SERVER_ADDRESS,
    namespaces: env.PLAYHEAD_LINKS_NAMESPACES.split(','),
    /** Makes a link (counted from 1; 0 means all) such as `{ up, down }` of the profiles. */
    shape: (link, profile) => ask({ link, ...profile }),
    stats: () => ask({ stats: true }),
    close: () => socket.destroy(),
  };
}

/** What stands in for the links where namespaces are refused: one loopback for all, without delay or loss. */
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
