import { arriveBare } from './bare-person.mjs';
import { arrive } from './person.mjs';
import { startOrigin } from './origin.mjs';
import { startServer } from './server.mjs';

/** A server, a media origin and the people who came; `end` leaves nothing behind. */
export async function startWorld() {
  const origin = await startOrigin();
  const server = await startServer();
  const people = new Set();

  return {
    origin,
    server,
    /** Somebody comes with a browser of their own. */
    async arrive(name, options) {
      const person = await arrive(name, options);
      people.add(person);
      return person;
    },
    /** Somebody comes with a browser that can be hidden and that wants a gesture before it plays. */
    async arriveBare(name, options) {
      const person = await arriveBare(name, options);
      people.add(person);
      return person;
    },
    /** Sends everybody home, and fails for an error that a page didn't catch; the server and the origin stay. */
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
        await Promise.all([server.stop(), origin.stop()]);
      }
    },
  };
}
