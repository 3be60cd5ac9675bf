/** Tests of what guests can and cannot do to a party. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { guestOf, hostParty } from './harness/party.mjs';
import { clockMs } from './harness/poll.mjs';
import { framesAdvance, plays, together } from './harness/together.mjs';
import { startWorld } from './harness/world.mjs';

/** The events of an interrupted player. */
const STOPS = ['pause', 'seeking'];

let world;
before(async () => (world = await startWorld()));
afterEach(() => world.everybodyLeaves());
after(() => world?.end());

/** Starts a party with a host and a guest who are watching. */
async function loaded() {
  const { host, invite } = await hostParty(world);
  const guest = await guestOf(world, invite, 'Grace');
  await guest.hasLoaded();
  return { host, guest, invite };
}

async function watching() {
  const { host, guest, invite } = await loaded();
  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together([host, guest], { what: 'play', sinceMs });
  return { host, guest, invite };
}

const stopsOf = ({ events }, sinceMs) => events.filter(({ type, at }) => at >= sinceMs && STOPS.includes(type));

/** Joins once more beside the page, sends the frames after a hello, and returns the answer to each. */
async function sendFrames(frames) {
  const { access_token: token } = JSON.parse(localStorage.getItem('playhead.identity'));
  const { room_id: roomId } = window.playhead.session.getSnapshot().room;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(`/api/v1/rooms/${roomId}/join`, { method: 'POST', headers, body: '{}' });
  const { ws } = await answer.json();
  const socket = new WebSocket(`${ws.url}?ticket=${encodeURIComponent(ws.ticket)}`, ws.protocol);
  const answers = [];
  const hello = { type: 'hello', id: 'hello', data: { client: { name: 'forger', version: '1' }, capabilities: [] } };
  return new Promise((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify(hello));
    socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === 'welcome') for (const one of frames) socket.send(JSON.stringify(one));
      if (frame.type === 'ack' || frame.type === 'reject') answers.push(frame);
      if (answers.length < frames.length) return;
      socket.onclose = null;
      socket.close();
      resolve(answers);
    };
  });
}

/** Joins as a participant whose player never becomes ready, and stays. */
async function joinAndDoNothing({ code, name }) {
  const post = async (path, token, body) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    return (await fetch(`/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  };
  const { access_token: token } = await post('/auth/guest', null, { display_name: name });
  const { ws } = await post(`/rooms/${code}/join`, token, {});
  const socket = new WebSocket(`${ws.url}?ticket=${encodeURIComponent(ws.ticket)}`, ws.protocol);
  window.idleSocket = socket;
  const hello = { type: 'hello', id: 'hello', data: { client: { name: 'idler', version: '1' }, capabilities: ['ready'] } };
  return new Promise((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify(hello));
    socket.onclose = ({ code: closeCode }) => reject(new Error(`closed with ${closeCode}`));
    socket.onmessage = ({ data }) => JSON.parse(data).type === 'welcome' && resolve();
  });
}

async function arriveAndDoNothing(name, invite) {
  const idler = await world.arrive(name);
  await idler.page.goto(world.server.pageUrl);
  await idler.page.evaluate(joinAndDoNothing, { code: new URL(invite).pathname.split('/').pop(), name });
}

test('frames that a guest forges are rejected with not_host and change nothing', { timeout: 120_000 }, async () => {
  const { host, guest } = await watching();
  const { version, epoch } = await host.snapshot();
  const sinceMs = clockMs();

  const code = await guest.page.evaluate(() => window.playhead.session.pause().then(() => 'done', (error) => error.code));
  assert.equal(code, 'not_host');
  const film = world.origin.url('clip.mp4');
  const frames = [
    { type: 'pause', id: 'f1' },
    { type: 'seek', id: 'f2', data: { position_ms: 1_000 } },
    { type: 'set_rate', id: 'f3', data: { rate: 2 } },
    { type: 'set_media', id: 'f4', data: { link: film } },
    { type: 'pause', id: 'f5', data: { as: 'host', role: 'host', fence: 99 } },
  ];
  const answers = await guest.page.evaluate(sendFrames, frames);
  assert.deepEqual(answers.map(({ id, type, error }) => [id, type, error?.code]), frames.map(({ id }) => [id, 'reject', 'not_host']));

  await together([host, guest], { what: 'after forged frames', sinceMs: clockMs() });
  const now = await host.snapshot();
  assert.deepEqual([now.epoch, now.version], [epoch, version]);
  assert.deepEqual([...stopsOf(host, sinceMs), ...stopsOf(guest, sinceMs)], []);
});

test('a false position report changes nothing for anyone', { timeout: 120_000 }, async () => {
  const { host, guest } = await watching();
  const { version } = await host.snapshot();
  const sinceMs = clockMs();
  const frames = [
    { type: 'position', id: 'r1', data: { position_ms: 90_000 } },
    { type: 'playback_changed', id: 'r2', data: { cause: 'seek', playback: { status: 'paused', position_ms: 0 } } },
    { type: 'ended', id: 'r3', data: { media_id: (await host.snapshot()).media.media_id } },
  ];
  const answers = await guest.page.evaluate(sendFrames, frames);
  assert.deepEqual(answers.map(({ type }) => type), ['reject', 'reject', 'reject']);
  // A late or false `ready` is answered, and changes nothing.
  await guest.page.evaluate(sendFrames, [{ type: 'ready', id: 'r4', data: { version: 1 } }]);

  await together([host, guest], { what: 'after a false report', sinceMs: clockMs() });
  assert.equal((await host.snapshot()).version, version);
  assert.deepEqual(stopsOf(host, sinceMs), []);
});

test('a guest who presses a control reads who controls playback', { timeout: 120_000 }, async () => {
  const { host, guest } = await watching();
  const { version } = await host.snapshot();
  for (const testid of ['play-toggle', 'seek', 'forward', 'rate', 'quality', 'subtitle']) {
    await guest.the(testid).click({ force: true });
    await guest.reads('notice', 'Only Ada, the host, can do that.');
    await guest.the('notice').evaluate((region) => region.replaceChildren());
  }
  await guest.page.keyboard.press('k');
  await guest.reads('notice', 'Only Ada, the host, can do that.');
  await guest.picture('guest-pressed-a-control');
  assert.equal(await guest.the('link-input').isVisible(), false, 'a guest has no form for the media');
  assert.equal((await host.snapshot()).version, version);
  await guest.status('playing');
});

test('what a guest does to their own player is undone and affects nobody else', { timeout: 120_000 }, async () => {
  const { host, guest } = await watching();
  const { version } = await host.snapshot();
  const actions = {
    pause: { seenAs: 'pause', act: (video) => video.pause() },
    'seek far': { seenAs: 'seeking', act: (video) => (video.currentTime += 30) },
    'seek near': { seenAs: 'seeking', act: (video) => (video.currentTime -= 2) },
    rate: { seenAs: 'ratechange', act: (video) => (video.playbackRate = 2) },
  };
  for (const [what, { seenAs, act }] of Object.entries(actions)) {
    const startMs = clockMs();
    await guest.the('video').evaluate(act);
    const sinceMs = clockMs();
    const normal = (sample) => plays(sample) && Math.abs(sample.rate - 1) <= 0.05;
    await together([host, guest], { what: `a guest's own ${what}`, sinceMs, wanted: normal });
    assert.ok(guest.events.some(({ type, at }) => type === seenAs && at >= startMs), `${what} happened`);
    assert.deepEqual(stopsOf(host, startMs), [], what);
  }
  assert.equal((await host.snapshot()).version, version);
});

test('a hidden tab changes nothing for others and is back in sync when shown', { timeout: 120_000 }, async () => {
  const { host, guest, invite } = await watching();
  const hider = await world.arriveBare('Hedy', { switches: ['--autoplay-policy=no-user-gesture-required'] });
  let sinceMs = clockMs();
  await hider.returns(invite);
  await together([host, guest, hider], { what: 'join before hiding', sinceMs });
  const { version } = await host.snapshot();

  const turnedMs = clockMs();
  await hider.looksAway();
  sinceMs = clockMs();
  await together([host, guest], { what: 'while one is hidden', sinceMs });
  await framesAdvance([host, guest], { sinceMs });
  assert.deepEqual([...stopsOf(host, turnedMs), ...stopsOf(guest, turnedMs)], []);
  assert.equal((await host.snapshot()).version, version);
  await host.the('forward').click();
  const later = (sample) => plays(sample) && sample.version > version;
  await together([host, guest], { what: 'a seek while one is hidden', sinceMs: clockMs(), wanted: later });
  const { version: sought } = await host.snapshot();

  const backMs = clockMs();
  await hider.looksBack();
  const shownMs = clockMs();
  await together([host, guest, hider], { what: 'shown again', sinceMs: shownMs, wanted: later });
  await framesAdvance([host, guest, hider], { sinceMs: shownMs });
  assert.deepEqual([...stopsOf(host, backMs), ...stopsOf(guest, backMs)], []);
  assert.equal((await host.snapshot()).version, sought);
});

test('a participant who isn’t ready delays the start only briefly, and is named meanwhile', { timeout: 120_000 }, async () => {
  const { host, guest, invite } = await loaded();
  await arriveAndDoNothing('Idler', invite);

  await host.the('play-toggle').click();
  await Promise.all(
    [host, guest].map(async (person) => {
      await person.reads('overlay', /Waiting for everyone to load….*Starting together: .*Idler/s);
      await person.picture(`waiting-${person.name}`);
    }),
  );
  await together([host, guest], { what: 'the deadline of the barrier', sinceMs: clockMs() });

  // Nobody waits for the same participant again, nor for another newcomer.
  await host.the('play-toggle').click();
  await host.status('paused');
  await arriveAndDoNothing('Dawdler', invite);
  await host.the('seek').fill('30000');
  const sinceMs = clockMs();
  await host.the('play-toggle').click();
  await together([host, guest], { what: 'a start that waits for nobody', sinceMs, wanted: (one) => plays(one) && one.positionMs >= 30_000 });
});

test('the host starts without waiting for a participant who isn’t ready', { timeout: 120_000 }, async () => {
  const { host, guest, invite } = await loaded();
  await arriveAndDoNothing('Idler', invite);
  await host.the('play-toggle').click();
  await host.the('start').click();
  const sinceMs = clockMs();
  await together([host, guest], { what: 'start without waiting', sinceMs });
});

test('a reload returns as the same participant in the same role, and asks for nothing', { timeout: 120_000 }, async () => {
  const { host, guest } = await watching();
  for (const person of [guest, host]) {
    const before = await person.snapshot();
    await person.page.reload();
    await person.inRoom();
    const sinceMs = clockMs();
    assert.equal(await person.the('display-name').count(), 0, 'no name is asked for');
    const now = await person.snapshot();
    assert.deepEqual(now.me, before.me);
    assert.equal(now.room.host_id, before.room.host_id);
    await together([host, guest], { what: `${person.name} reloads`, sinceMs });
  }
  await host.the('play-toggle').click();
  await guest.status('paused');
});
