// How vitest runs the tests of the SDK.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    environment: 'node',
    // Simulated minutes take seconds on a busy machine.
    testTimeout: 30_000,
  },
});
