// Tests of when pings are sent.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pinger } from '../src/clock/pinger.js';

let sentAtMs: number[];
let pinger: Pinger;
let startMs: number;
let connected: boolean;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  sentAtMs = [];
  connected = true;
  startMs = performance.now();
  pinger = new Pinger((frame) => {
    if (connected) sentAtMs.push(performance.now() - startMs);
    expect(frame).toEqual({ type: 'ping', data: { t0: performance.now() } });
    return connected;
  });
});

afterEach(() => {
  pinger.stop();
  vi.useRealTimers();
});

test('twelve pings 15 ms apart, then two a second for a minute, then one', () => {
  pinger.start();
  vi.advanceTimersByTime(12 * 15 - 1);
  expect(sentAtMs).toEqual(Array.from({ length: 12 }, (_, index) => index * 15));
  vi.advanceTimersByTime(60_000 - 12 * 15 + 1);
  expect(between(10_000, 60_000)).toHaveLength(100);
  vi.advanceTimersByTime(60_000);
  expect(between(61_000, 120_000).length).toBeGreaterThanOrEqual(59);
  expect(between(61_000, 120_000).length).toBeLessThanOrEqual(60);
});

test('without pongs it keeps pinging at the same pace and knows since when', () => {
  pinger.start();
  vi.advanceTimersByTime(30_000);
  expect(pinger.unansweredSince).toBe(startMs);
  expect(between(10_000, 30_000)).toHaveLength(40);
});

test('after an answer the next ping counts anew', () => {
  pinger.start();
  vi.advanceTimersByTime(5_000);
  pinger.unansweredSince = null;
  vi.advanceTimersByTime(499);
  vi.advanceTimersByTime(1);
  expect(pinger.unansweredSince).toBeGreaterThanOrEqual(startMs + 5_000);
});

test('a ping that could not be sent is not waited for', () => {
  connected = false;
  pinger.start();
  vi.advanceTimersByTime(5_000);
  expect(pinger.unansweredSince).toBeNull();
});

test('a burst is eight pings, and the next is possible 2 s later', () => {
  pinger.start();
  vi.advanceTimersByTime(90_000);
  const before = sentAtMs.length;
  for (let asked = 0; asked < 100; asked += 1) {
    pinger.burst();
    vi.advanceTimersByTime(10);
  }
  expect(sentAtMs.length - before).toBe(8);
  vi.advanceTimersByTime(2_000);
  const later = sentAtMs.length;
  pinger.burst();
  vi.advanceTimersByTime(8 * 15 - 1);
  expect(sentAtMs.length - later).toBe(8);
});

test('after a sleep eight pings are sent at once', () => {
  pinger.start();
  vi.advanceTimersByTime(90_000);
  const before = sentAtMs.length;
  sleep(10_000);
  vi.advanceTimersToNextTimer();
  vi.advanceTimersByTime(8 * 15 - 1);
  expect(sentAtMs.length - before).toBe(8);
});

test('a stopped pinger sends nothing until it is started again', () => {
  pinger.start();
  vi.advanceTimersByTime(1_000);
  pinger.stop();
  const before = sentAtMs.length;
  vi.advanceTimersByTime(60_000);
  expect(sentAtMs).toHaveLength(before);
  pinger.start();
  vi.advanceTimersByTime(12 * 15 - 1);
  expect(sentAtMs).toHaveLength(before + 12);
});

function between(fromMs: number, untilMs: number): number[] {
  return sentAtMs.filter((atMs) => atMs > fromMs && atMs <= untilMs);
}

/** The clock goes on while no timer fires, as in a suspended page. */
function sleep(forMs: number): void {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + forMs);
}
