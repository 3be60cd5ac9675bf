/** The usual start of a test: a host with a film, and guests. */

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
