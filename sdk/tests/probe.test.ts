// Tests of how a source that can't be loaded is explained.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { explainPlain, probeSource } from '../src/adapters/probe.js';

let server: Server;
let origin: string;

beforeEach(async () => {
  server = createServer((request, response) => {
    const [, access, status] = (request.url ?? '').split('/');
    response.writeHead(Number(status), access === 'open' ? { 'access-control-allow-origin': '*' } : {}).end('bytes');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubGlobal('fetch', pageFetch(globalThis.fetch));
});

afterEach(async () => {
  vi.unstubAllGlobals();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test.each([
  ['open/200', 'readable', 'format_unsupported'],
  ['open/404', 'source_unreachable', 'source_unreachable'],
  ['closed/200', 'cors_missing', 'format_unsupported'],
])('%s is %s; to a plain element %s', async (path, found, plain) => {
  expect(await probeSource(`${origin}/${path}`)).toBe(found);
  expect(await explainPlain(`${origin}/${path}`)).toBe(plain);
});

test('a server that is down is unreachable to both', async () => {
  expect(await probeSource('http://127.0.0.1:1/film.mp4')).toBe('source_unreachable');
  expect(await explainPlain('http://127.0.0.1:1/film.mp4')).toBe('source_unreachable');
});

/** Node's fetch with the one rule that pages add: what CORS doesn't allow can't be read. */
function pageFetch(fetchAll: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await fetchAll(input, init);
    const granted = response.headers.get('access-control-allow-origin') === '*';
    if (init?.mode === 'cors' && !granted) throw new TypeError('Failed to fetch');
    return response;
  };
}
