/** The film with three renditions, two subtitles and the burnt-in counter. */
export const FILM = 'hls/master.m3u8';
/** How long the film is. */
export const FILM_MS = 120_000;

/** A host who has chosen what to watch and copied the invite. */
export async function hostParty(world, { link = world.origin.url(FILM), name = 'Ada', ...options } = {}) {
  const host = await world.arrive(name, options);
  await host.createRoom(world.server.pageUrl);
  await host.paste(link);
  await host.hasLoaded();
  return { host, invite: await host.copyInvite() };
}

/** A guest who followed the invite. */
export async function guestOf(world, invite, name, options) {
  const guest = await world.arrive(name, options);
  await guest.join(invite);
  return guest;
}
