/** The dialog with a party's link, and with the invite links that let people into a party that isn't open to everybody. */
import type { Entry, Invite, Role, Room, RoomSession } from 'playhead-sdk';
import { roomPath } from '../address.js';
import type { App } from '../app.js';
import { copy } from '../clipboard.js';
import { element, setShown, setText } from '../dom.js';
import { counted } from '../format.js';
import { sentenceOf } from '../words.js';
import { whileBusy } from './field.js';
import { createInviteForm, type WantedInvite } from './invite-form.js';

/** What the party's own link is good for. */
const PLAIN: Readonly<Record<Entry, string>> = {
  open: 'Anyone with the party’s link can join.',
  password: 'With the party’s link, people also need the password.',
  knock: 'With the party’s link, people ask to join, and you let them in.',
  invite: 'The party’s link only works for people who were here before.',
};

const ROLE_NAMES: Readonly<Partial<Record<Role, string>>> = { moderator: 'Moderator', co_host: 'Co-host' };

/** Returns a party's link, with an invite if there is one. */
export function linkOf({ code }: Pick<Room, 'code'>, invite?: string): string {
  const link = `${location.origin}${roomPath(code)}`;
  return invite === undefined ? link : `${link}#invite=${invite}`;
}

export async function showInvites(app: App, session: RoomSession): Promise<void> {
  const { room, me } = session.getSnapshot();
  const status = element('p', { class: 'quiet small', role: 'status' });
  const say = (text: string): void => setText(status, text);
  const links = element('ul', { class: 'people', 'data-testid': 'invites' });
  const working = element(
    'section',
    { class: 'invites-part', 'aria-labelledby': 'working-title', hidden: true },
    element('h3', { id: 'working-title' }, 'Invite links that still work'),
    links,
  );
  const dialog = element(
    'dialog',
    { class: 'dialog dialog-wide', 'aria-labelledby': 'invites-title', 'data-testid': 'invites-dialog' },
    element('h2', { id: 'invites-title' }, 'Invite people'),
    element('p', {}, PLAIN[room.settings.entry] ?? ''),
    createLink('Party link', linkOf(room), 'plain-link', say),
    createInviteForm(me.role, room.settings.entry, make),
    working,
    status,
    element(
      'form',
      { method: 'dialog', class: 'dialog-actions' },
      element('button', { type: 'submit', class: 'button' }, 'Close'),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();

  /** Makes an invite and shows its link, which nobody will see again. */
  async function make({ role, uses, lastsMs }: WantedInvite, into: HTMLElement): Promise<void> {
    say('');
    try {
      const people = await app.client.people(room.room_id);
      const expiresAtMs = lastsMs === undefined ? undefined : Math.round(session.now() + lastsMs);
      const { invite } = await people.createInvite({ role, uses, expiresAtMs });
      const made = createLink('Your invite link', linkOf(room, invite), 'invite-made', say);
      into.replaceChildren(made);
      made.querySelector('button')?.focus();
      say('The invite link is ready. Copy it now: it’s shown only once.');
      await refresh();
    } catch (error) {
      say(sentenceOf(error));
    }
  }

  async function refresh(): Promise<void> {
    const people = await app.client.people(room.room_id);
    const all: Invite[] = [];
    let next: string | undefined;
    do {
      const page: { items: Invite[]; next_page_token?: string } = await people.invites({ page_token: next });
      all.push(...page.items);
      next = page.next_page_token;
    } while (next !== undefined && dialog.open);
    links.replaceChildren(...all.map((invite) => createRow(invite, () => people.revokeInvite(invite.invite_id))));
    setShown(working, all.length > 0);
  }

  function createRow(invite: Invite, revoke: () => Promise<void>): HTMLElement {
    const [title, about] = describe(invite);
    const button = element(
      'button',
      { type: 'button', class: 'button button-quiet small', 'aria-label': `Revoke the link for ${title}, ${about}` },
      'Revoke',
    );
    const row = element(
      'li',
      { class: 'person' },
      element('span', { class: 'person-name' }, title, element('span', { class: 'quiet small invite-about' }, about)),
      button,
    );
    async function drop(): Promise<void> {
      try {
        await revoke();
        row.remove();
        setShown(working, links.children.length > 0);
        say('That link no longer works.');
        dialog.querySelector<HTMLElement>('.dialog-actions button')?.focus();
      } catch (error) {
        say(sentenceOf(error));
      }
    }
    button.addEventListener('click', () => whileBusy(button, drop));
    return row;
  }

  await refresh().catch((error: unknown) => say(sentenceOf(error)));
}

/** A link that can be read and copied. */
function createLink(label: string, link: string, testid: string, say: (text: string) => void): HTMLElement {
  const input = element('input', { class: 'input', readonly: true, value: link, 'aria-label': label, 'data-testid': testid });
  const button = element('button', { type: 'button', class: 'button', 'aria-label': `Copy: ${label}`, 'data-testid': `copy-${testid}` }, 'Copy');
  input.addEventListener('focus', () => input.select());
  button.addEventListener('click', () => {
    void copy(link).then((done) => say(done ? 'Link copied.' : 'Your browser blocked copying. Select the link and copy it yourself.'));
  });
  return element('div', { class: 'field-row invite-link-row' }, input, button);
}

function describe({ role, uses, used, expires_at_ms: endsAtMs, created_at_ms: madeAtMs }: Invite): [title: string, about: string] {
  const who = uses === undefined ? 'Anyone' : uses === 1 ? 'One person' : `Up to ${uses} people`;
  const as = role === undefined ? undefined : ROLE_NAMES[role];
  const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  const about = [`made ${when.format(madeAtMs)}`];
  if (endsAtMs !== undefined) about.push(`ends ${when.format(endsAtMs)}`);
  if (used > 0) about.push(`used ${counted(used, 'time')}`);
  return [as === undefined ? who : `${who}, as ${as.toLowerCase()}`, about.join(' · ')];
}
