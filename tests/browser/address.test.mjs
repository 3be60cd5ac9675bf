/** Tests of the page at other addresses than the server's own: below a path of a proxy, and at one the server refuses. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startPathProxy } from './harness/path-proxy.mjs';
import { clockMs } from './harness/poll.mjs';
import { startServer } from './harness/server.mjs';
import { together } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

let world;
let proxy;
before(async () => (world = await startWorld({ env: { PLAYHEAD_TRUSTED_PROXIES: '127.0.0.1/32' } })));
afterEach(async () => {
  await world.everybodyLeaves();
  await proxy?.stop();
  proxy = null;
});
after(() => world?.end());

/** Whether a request goes to the proxy, but not below its path. */
function isOutside(url) {
  const { host, pathname } = new URL(url);
  return host === new URL(proxy.origin).host && !pathname.startsWith('/watch/');
}

for (const [words, headers] of [['says nothing about it', []], ['tells the server', ['X-Forwarded-Prefix /watch']]]) {
  test(`a party works below a path of a proxy that ${words}, from the home page to the invite link`, { timeout: 120_000 }, async () => {
    proxy = await startPathProxy(world.server, '/watch/', headers);
    const host = await world.arrive('Ada');
    const guest = await world.arrive('Grace');
    const outside = [];
    for (const { page } of [host, guest]) {
      page.on('request', (request) => isOutside(request.url()) && outside.push(request.url()));
      page.on('websocket', (socket) => isOutside(socket.url()) && outside.push(socket.url()));
    }
    await host.createRoom(proxy.pageUrl);
    assert.match(host.page.url(), new RegExp(`^${proxy.pageUrl}r/[^/]+$`));
    await host.the('sample-hls').click();
    await host.hasLoaded();
    const invite = await host.copyInvite();
    assert.equal(invite, host.page.url());
    await guest.join(invite);
    await guest.hasLoaded();
    const sinceMs = clockMs();
    await host.the('play-toggle').click();
    await together([host, guest], { what: 'play below a path', sinceMs });

    await guest.page.reload();
    await guest.inRoom();
    await guest.page.getByRole('link', { name: 'Playhead home' }).click();
    await guest.the('create-room').waitFor();
    assert.equal(guest.page.url(), proxy.pageUrl);
    await guest.the('join-input').fill(invite);
    await guest.the('join-submit').click();
    await guest.inRoom();
    await guest.page.goto(proxy.pageUrl);
    await guest.the('join-input').fill(`(${invite.split('/r/')[1].replace('-', '.')})`);
    await guest.the('join-submit').click();
    await guest.inRoom();
    await guest.page.goto(`${proxy.pageUrl}nowhere`);
    await guest.reads('message', 'Page not found');
    await guest.page.getByRole('button', { name: 'Go to the home page' }).click();
    await guest.the('create-room').waitFor();
    assert.equal(guest.page.url(), proxy.pageUrl);
    assert.deepEqual(outside, []);
  });
}

test('a page that is opened by the server’s own address moves below the path of the public one', { timeout: 60_000 }, async () => {
  const server = await startServer();
  await server.stop();
  await server.start({ PLAYHEAD_PUBLIC_URL: `${server.pageUrl}/watch/` });
  try {
    const host = await world.arrive('Ada');
    await host.createRoom(server.pageUrl);
    const [, code] = host.page.url().match(new RegExp(`^${server.pageUrl}/watch/r/([^/]+)$`)) ?? [];
    assert.ok(code, host.page.url());
    await host.page.goto(`${server.pageUrl}/r/${code}`);
    await host.inRoom();
    assert.equal(host.page.url(), `${server.pageUrl}/watch/r/${code}`);
  } finally {
    await world.everybodyLeaves();
    await server.stop();
  }
});

test('a page whose program can’t be loaded says so instead of staying empty, and links to the home page', { timeout: 60_000 }, async () => {
  const lost = await world.arrive('Grace');
  const blocked = '**/assets/index-*.js';
  await lost.page.route(blocked, (route) => route.abort());
  await lost.page.goto(world.server.pageUrl);
  await lost.page.getByText('This page can’t be loaded. Check its address').waitFor();
  await lost.picture('not-loaded');
  await lost.page.unroute(blocked);
  await lost.page.getByRole('link', { name: 'Go to the home page' }).click();
  await lost.the('create-room').waitFor();
});

test('a page at an address that the server refuses says which address, and who can allow it', { timeout: 60_000 }, async () => {
  const host = await world.arrive('Ada');
  const detail = 'pages of this origin may not connect';
  const problem = { code: 'origin_forbidden', status: 403, retry: 'never', outcome: 'not_applied', title: detail, detail, meta: {} };
  await host.page.route('**/join', (route) =>
    route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
  );
  await host.page.goto(world.server.pageUrl);
  await host.the('display-name').fill('Ada');
  await host.the('create-room').click();
  await host.reads('message', `You opened this page at ${world.server.pageUrl}, an address that its server doesn’t accept.`);
  await host.reads('message', 'PLAYHEAD_ALLOWED_ORIGINS');
  await host.picture('origin-refused');
});
