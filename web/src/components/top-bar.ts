import type { SessionSnapshot } from 'playhead-sdk';
import { element, setAttribute, setText } from '../dom.js';
import { counted } from '../format.js';
import { icon, setIcon } from '../icons.js';
import type { RoomContext, RoomPart } from './room-context.js';

const COPIED_MS = 2500;
/** A reconnect that takes longer than this is called what it is: the controls are away. */
const AWAY_MS = 8000;

export function createTopBar({ app, session }: RoomContext, leave: () => void): RoomPart {
  const name = element('h1', { class: 'top-name' });
  const connection = element('p', { class: 'connection', role: 'status', 'data-testid': 'connection' });
  const viewerText = element('span', { 'data-testid': 'viewer-count' });
  const viewers = element('p', { class: 'top-viewers quiet small' }, icon('people', 18), viewerText);
  const inviteLong = element('span', { class: 'wide-only' });
  const inviteShort = element('span', { class: 'narrow-only' });
  const invite = element(
    'button',
    { type: 'button', class: 'button button-primary top-invite', 'data-testid': 'invite-link' },
    icon('link', 20),
    inviteLong,
    inviteShort,
  );
  const leaveButton = element(
    'button',
    { type: 'button', class: 'button button-quiet', 'data-testid': 'leave' },
    'Leave',
  );
  leaveButton.addEventListener('click', leave);

  const link = `${location.origin}/r/${encodeURIComponent(session.getSnapshot().room.code)}`;
  // The address is readable without the clipboard, which plain-http pages don't get.
  setAttribute(invite, 'data-link', link);
  setAttribute(invite, 'title', link);
  function labelInvite(copied: boolean): void {
    setText(inviteLong, copied ? 'Link copied' : 'Copy invite link');
    setText(inviteShort, copied ? 'Copied' : 'Invite');
    setIcon(invite, copied ? 'check' : 'link');
  }
  labelInvite(false);

  let copiedTimer = 0;
  invite.addEventListener('click', () => {
    void copy(link).then((done) => {
      if (!done) return app.notices.say(`Your browser won’t let me copy. The link is ${link}`);
      labelInvite(true);
      app.notices.say('Invite link copied. Send it to your friends.', 'good');
      clearTimeout(copiedTimer);
      copiedTimer = window.setTimeout(() => labelInvite(false), COPIED_MS);
    });
  });

  let lostAt: number | null = null;
  function showConnection(room: SessionSnapshot): void {
    if (room.connection === 'open') lostAt = null;
    else lostAt ??= performance.now();
    const [state, words] = connectionWords(room, lostAt !== null && performance.now() - lostAt > AWAY_MS);
    setAttribute(connection, 'data-state', state);
    setText(connection, words);
  }

  return {
    element: element(
      'header',
      { class: 'top' },
      element(
        'a',
        { class: 'brand top-brand', href: '/', 'data-page': true, 'aria-label': 'Playhead, start page' },
        element('img', { src: '/favicon.svg', alt: '' }),
      ),
      element('div', { class: 'top-title' }, name, element('div', { class: 'top-facts' }, connection, viewers)),
      element('div', { class: 'top-actions' }, invite, leaveButton),
    ),
    update({ room }) {
      setText(name, room.room.name);
      setText(viewerText, counted(room.viewerCount, 'viewer'));
      showConnection(room);
    },
    tick: ({ room }) => showConnection(room),
    dispose: () => clearTimeout(copiedTimer),
  };
}

function connectionWords(room: SessionSnapshot, away: boolean): [state: string, words: string] {
  if (room.connection === 'closed' || room.room.state === 'expired' || room.room.state === 'deleted')
    return ['closed', 'Room closed'];
  if (room.connection === 'connecting') return ['reconnecting', 'Connecting…'];
  if (room.connection === 'reconnecting') return away ? ['away', 'Control is away'] : ['reconnecting', 'Reconnecting…'];
  return ['open', 'Connected'];
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Pages on plain http have no clipboard API; a selected field can still be copied from.
function copyBySelection(text: string): boolean {
  const field = element('textarea', { class: 'only-spoken', 'aria-hidden': 'true', readonly: true });
  field.value = text;
  document.body.append(field);
  const before = document.activeElement;
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
