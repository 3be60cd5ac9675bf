// Tests of the table of the transport's states.
import { expect, test } from 'vitest';
import { TRANSPORT_STATES, type TransportEvent, type TransportState } from '../src/session/transport-states.js';

const STATES = Object.keys(TRANSPORT_STATES) as TransportState[];

test('the transport can be stopped in every state, and has no way back', () => {
  for (const state of STATES) {
    if (state === 'closed') expect(TRANSPORT_STATES[state]).toEqual({});
    else expect(TRANSPORT_STATES[state].stop).toEqual(['closed', 'drop', 'unlisten', 'report']);
  }
});

test('the transport joins only from states that have neither a join nor a socket', () => {
  expect(statesThat('join')).toEqual(['idle: connect', 'waiting: connect']);
});

test('the transport drops the socket in every step that leaves a state with one', () => {
  for (const state of ['greeting', 'open'] as const) {
    for (const step of Object.values(TRANSPORT_STATES[state])) {
      const [next, ...effects] = step;
      expect(next === 'open' || effects.includes('drop'), `${state} → ${next}`).toBe(true);
    }
  }
});

test('the table reaches every state', () => {
  const reached = new Set<TransportState>(['idle']);
  for (const state of reached) for (const [next] of Object.values(TRANSPORT_STATES[state])) reached.add(next);
  expect([...reached].sort()).toEqual([...STATES].sort());
});

function statesThat(effect: string): string[] {
  return STATES.flatMap((state) => {
    const steps = Object.entries(TRANSPORT_STATES[state]) as [TransportEvent, readonly string[]][];
    return steps.filter(([, effects]) => effects.includes(effect)).map(([event]) => `${state}: ${event}`);
  });
}
