// How vitest runs the tests of the SDK: those that compute, or set the clock themselves, and those that wait for real
// sockets and timers, which a starved machine would fail.
import { defineConfig } from 'vitest/config';

const waiting = ['alarm', 'authority', 'client', 'file-end', 'following', 'forward', 'golden', 'html5', 'identity', 'knock', 'player', 'react', 'reconnect', 'session'];
const files = waiting.map((name) => `tests/${name}.test.ts`);

export default defineConfig({
  test: {
    environment: 'node',
    projects: [
      // Simulated minutes take seconds, and many times as long where others come first; so may the start of a worker,
      // and without isolation there is one for many files.
      { extends: true, test: { name: 'computing', include: ['tests/**/*.test.ts'], exclude: files, testTimeout: 120_000, isolate: false } },
      { extends: true, test: { name: 'waiting', include: files, testTimeout: 30_000 } },
    ],
  },
});
