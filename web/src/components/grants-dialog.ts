/** The dialog that lists who was let into a party that isn't open to everybody, and takes their access back. */
import type { Grant, SessionSnapshot } from 'playhead-sdk';
import type { App } from '../app.js';
import { showListing } from './list-dialog.js';

/** By what people got in. */
const VIA: Readonly<Record<Grant['via'], string>> = {
  invite: 'by an invite link',
  password: 'with the password',
  knock: 'asked to join',
  given: 'was given access',
};

export async function showGrants(app: App, { room, presence }: SessionSnapshot): Promise<void> {
  const people = () => app.client.people(room.room_id);
  await showListing<Grant>(
    {
      id: 'grants',
      title: 'Admitted people',
      empty: 'Nobody has been admitted.',
      verb: 'End access',
      labelOf: (name) => `End the access of ${name}`,
      aboutOf: describe,
      load: async (query) => (await people()).grants(query),
      takeBack: async ({ grant_id: id }) => (await people()).revokeGrant(id),
    },
    presence,
  );
}

function describe({ via, expires_at_ms: endsAtMs }: Grant): string {
  const how = VIA[via] ?? '';
  if (endsAtMs === undefined) return how;
  const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  return `${how} · until ${when.format(endsAtMs)}`;
}
