/** The usual start of a test: a host with a film, and guests. */

import assert from 'node:assert/strict';

/** The film with three renditions, two subtitle tracks and the burnt-in frame number. */
export const FILM = 'hls/master.m3u8';
/** The film's duration. */
export const FILM_MS = 120_000;

/** Starts a party whose host has loaded a film and copied the invite link. */
export async function hostParty(world, { link = world.origin.url(FILM), name = 'Ada', ...options } = {}) {
  const host = await world.arrive(name, options);
  await host.createRoom(world.server.pageUrl);
  await host.paste(link);
  await host.hasLoaded();
  return { host, invite: await host.copyInvite() };
}

/** Lets a guest follow the invite link and join. */
export async function guestOf(world, invite, name, options) {
  const guest = await world.arrive(name, options);
  await guest.join(invite);
  return guest;
}

/** Creates public parties, one after the other, of a host who hasn't come yet. */
export async function createPublicParties(world, names) {
  const host = await send(world, 'auth/guest', { display_name: 'Linus' });
  const about = { is_public: true, language: 'pt-BR', tags: ['classics'] };
  for (const name of names) await send(world, 'rooms', { name, ...about }, host.access_token);
}

async function send(world, path, body, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${world.server.pageUrl}/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}
