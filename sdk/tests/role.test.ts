// Tests of what roles may do.
import { expect, test } from 'vitest';
import { commandsPlayback } from '../src/index.js';

test('the host and co-hosts command playback, and nobody else', () => {
  const roles = ['host', 'co_host', 'moderator', 'member', 'guest', 'viewer', 'a role of a newer server'];
  expect(roles.filter((role) => commandsPlayback(role as never))).toEqual(['host', 'co_host']);
});
