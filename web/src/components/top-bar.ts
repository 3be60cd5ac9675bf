/** The top bar of a room: its name, the connection, the invite link and the way out. */
import type { SessionSnapshot } from 'playhead-sdk';
import { filePath, HOME } from '../address.js';
import { element, setAttribute, setText } from '../dom.js';
import { counted } from '../format.js';
import { icon } from '../icons.js';
import { createInviteButton } from './invite-button.js';
import type { RoomContext, RoomPart } from './room-context.js';

/** A reconnect that takes longer than this is shown as a lost connection. */
const AWAY_MS = 8000;

export function createTopBar(context: RoomContext, leave: () => void): RoomPart {
  const name = element('h1', { class: 'top-name' });
  const connection = element('p', { class: 'connection', role: 'status', 'data-testid': 'connection' });
  const viewerText = element('span', { 'data-testid': 'viewer-count' });
  const viewers = element('p', { class: 'top-viewers quiet small' }, icon('people', 18), viewerText);
  const invite = createInviteButton(context);
  const leaveButton = element(
    'button',
    { type: 'button', class: 'button button-quiet', 'data-testid': 'leave' },
    'Leave',
  );
  leaveButton.addEventListener('click', leave);

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
        { class: 'brand top-brand', href: HOME, 'data-page': true, 'aria-label': 'Playhead home' },
        element('img', { src: filePath('favicon.svg'), alt: '' }),
      ),
      element('div', { class: 'top-title' }, name, element('div', { class: 'top-facts' }, connection, viewers)),
      element('div', { class: 'top-actions' }, invite.element, leaveButton),
    ),
    update(view) {
      const { room } = view;
      setText(name, room.room.name);
      setText(viewerText, counted(room.viewerCount, 'viewer'));
      showConnection(room);
      invite.update(view);
    },
    tick: ({ room }) => showConnection(room),
    dispose: () => invite.dispose?.(),
  };
}

function connectionWords(room: SessionSnapshot, away: boolean): [state: string, words: string] {
  if (room.connection === 'closed' || room.room.state === 'expired' || room.room.state === 'deleted')
    return ['closed', 'Disconnected'];
  if (room.connection === 'connecting') return ['reconnecting', 'Connecting…'];
  if (room.connection === 'open') return ['open', 'Connected'];
  return away ? ['away', 'Connection lost, retrying…'] : ['reconnecting', 'Reconnecting…'];
}
