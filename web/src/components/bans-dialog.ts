/** The dialog that lists who is banned, and lifts bans. */
import type { Ban, SessionSnapshot } from 'playhead-sdk';
import type { App } from '../app.js';
import { showListing } from './list-dialog.js';

export async function showBans(app: App, { room, presence }: SessionSnapshot): Promise<void> {
  const people = () => app.client.people(room.room_id);
  await showListing<Ban>(
    {
      id: 'bans',
      title: 'Banned people',
      empty: 'Nobody is banned.',
      verb: 'Unban',
      labelOf: (name) => `Unban ${name}`,
      aboutOf: ({ reason }) => reason ?? '',
      load: async (query) => (await people()).bans(query),
      takeBack: async ({ participant_id: id }) => (await people()).liftBan(id),
    },
    presence,
  );
}
