/** Everything that a test runs against: servers, a media origin and people. */
import { join } from 'node:path';
import { arriveBare } from './bare-person.mjs';
import { startOrigin } from './origin.mjs';
import { temporaryFolder } from './paths.mjs';
import { arrive, closeBrowser } from './person.mjs';
import { startRedis } from './redis.mjs';
import { startServer } from './server.mjs';

/** Starts a server and a media origin; `end` stops them and everyone's browser. */
export async function startWorld(settings) {
  const origin = await startOrigin();
  const server = await startServer(settings);
  return worldOf({ origin, server, stop: () => Promise.all([server.stop(), origin.stop()]) });
}

/** Starts two servers on one Redis and one SQL database, and a media origin. */
export async function startTwoNodes() {
  const origin = await startOrigin();
  const redis = await startRedis();
  const env = {
    PLAYHEAD_STORE: 'redis',
    PLAYHEAD_REDIS_URL: redis.url,
    PLAYHEAD_REDIS_APPENDFSYNC: 'always',
    PLAYHEAD_DATABASE_URL: `sqlite://${join(temporaryFolder('shared'), 'shared.db')}`,
  };
  // One after the other: the first creates the tables.
  const nodes = [await startServer({ env }), await startServer({ env })];
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all([redis.stop(), origin.stop()]);
  };
  return { ...worldOf({ origin, server: nodes[0], stop }), nodes, redis };
}

function worldOf({ origin, server, stop }) {
  const people = new Set();

  return {
    origin,
    server,
    /** Starts a browser for a person. */
    async arrive(name, options) {
      const person = await arrive(name, options);
      people.add(person);
      return person;
    },
    /** Starts a browser for a person whose page may read the pixels of files of another origin. */
    arriveReading(name) {
      return this.arrive(name, { readsFiles: true });
    },
    /** Starts a browser for a person that can be hidden and that needs a gesture before it plays. */
    async arriveBare(name, options) {
      const person = await arriveBare(name, options);
      people.add(person);
      return person;
    },
    /** Closes everyone's browser, and fails if a page had an uncaught error; the server and the origin stay. */
    async everybodyLeaves() {
      const leaving = [...people];
      people.clear();
      await Promise.allSettled(leaving.map((person) => person.go()));
      const complaints = leaving.flatMap(({ name, complaints: all = [] }) => all.map((one) => `${name}: ${one}`));
      if (complaints.length > 0) throw new Error(`a page failed:\n${complaints.join('\n')}`);
    },
    async end() {
      try {
        await this.everybodyLeaves();
      } finally {
        await Promise.all([closeBrowser(), stop()]);
      }
    },
  };
}
