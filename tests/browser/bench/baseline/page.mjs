/**
 * The page of the baselines: the room and its clock without the SDK's player. Commands of the host are carried out at
 * once, and one of the baselines keeps the element in sync between them.
 */
import { createClient } from 'playhead-sdk';
import { mediaSync } from './mediasync.mjs';
import { nudge } from './nudge.mjs';
import { seekOnly } from './seek.mjs';

const BASELINES = { seek: seekOnly, nudge, mediasync: mediaSync };

const query = new URLSearchParams(location.search);
const video = document.querySelector('video');
const client = createClient({ baseUrl: query.get('server') });
await client.guest(query.get('name'));
const code = query.get('code') || (await client.rooms.create({ name: 'Baseline', is_public: false })).code;
const session = await client.join(code, { ready: false });
const isPlaying = () => session.getSnapshot().playback.status === 'playing';
const expectedS = () => session.expected() / 1000;

let carriedOut = '';
function carryOut() {
  const { media, playback } = session.getSnapshot();
  const url = media?.delivery[0].url;
  if (url !== undefined && video.src !== url) video.src = url;
  const { status, position_ms: positionMs, anchor_at_ms: anchorAtMs } = playback;
  const asked = [status, positionMs, anchorAtMs].join();
  if (asked === carriedOut || url === undefined) return;
  carriedOut = asked;
  video.currentTime = expectedS();
  if (isPlaying()) void video.play();
  else video.pause();
}
session.subscribe(carryOut);
carryOut();
BASELINES[query.get('way')]({ video, expectedS, isPlaying });

const snapshot = { state: 'playing', driftMs: null, degraded: false, uncertaintyMs: null };
window.playhead = { session, player: { getSnapshot: () => snapshot } };
