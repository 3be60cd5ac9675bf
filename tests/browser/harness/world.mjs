import { arriveBare } from './bare-person.mjs';
import { arrive } from './person.mjs';
import { startOrigin } from './origin.mjs';
import { startServer } from './server.mjs';

/** A server, a media origin and the people who came; `end` leaves nothing behind. */
export async function startWorld() {
  const origin = await startOrigin();
  const server = await startServer();
  const ends = new Set();

  return {
    origin,
    server,
    /** Somebody comes with a browser of their own. */
    async arrive(name, options) {
      const person = await arrive(name, options);
      ends.add(() => person.go());
      return person;
    },
    /** Somebody comes with a browser that can be hidden and that wants a gesture before it plays. */
    async arriveBare(name, options) {
      const person = await arriveBare(name, options);
      ends.add(() => person.go());
      return person;
    },
    /** Sends everybody home; the server and the origin stay. */
    async everybodyLeaves() {
      const running = [...ends];
      ends.clear();
      await Promise.allSettled(running.map((run) => run()));
    },
    async end() {
      await this.everybodyLeaves();
      await Promise.all([server.stop(), origin.stop()]);
    },
  };
}
