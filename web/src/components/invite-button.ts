/** The button that copies the invite link, or, where not everybody with the link gets in, opens the dialog for invites. */
import { copy } from '../clipboard.js';
import { element, setAttribute, setShown, setText } from '../dom.js';
import { icon, setIcon } from '../icons.js';
import { linkOf, showInvites } from './invite-dialog.js';
import { moderates } from './person-dialog.js';
import type { RoomContext, RoomPart } from './room-context.js';

const COPIED_MS = 2500;

export function createInviteButton({ app, session }: RoomContext): RoomPart {
  const long = createLabel('Copy invite link', 'Link copied');
  const short = createLabel('Invite', 'Copied');
  const button = element(
    'button',
    { type: 'button', class: 'button button-primary top-invite', 'data-testid': 'invite-link' },
    icon('link', 20),
    element('span', { class: 'wide-only' }, long.element),
    element('span', { class: 'narrow-only' }, short.element),
  );
  const link = linkOf(session.getSnapshot().room);
  // The link can be read without the clipboard, which plain-HTTP pages can't use.
  setAttribute(button, 'data-link', link);
  setAttribute(button, 'title', link);

  function label(copied: boolean): void {
    long.show(copied);
    short.show(copied);
    setIcon(button, copied ? 'check' : 'link');
  }
  label(false);

  let timer = 0;
  button.addEventListener('click', () => {
    void copy(link).then((done) => {
      if (!done) return app.notices.say(`Your browser blocked copying. The invite link is ${link}`);
      label(true);
      app.notices.say('Invite link copied. Send it to your friends.', 'good');
      clearTimeout(timer);
      timer = window.setTimeout(() => label(false), COPIED_MS);
    });
  });

  const invites = element(
    'button',
    { type: 'button', class: 'button button-primary top-invite', 'aria-haspopup': 'dialog', 'data-testid': 'invite-people' },
    icon('people', 20),
    element('span', { class: 'wide-only' }, 'Invite people'),
    element('span', { class: 'narrow-only' }, 'Invite'),
  );
  invites.addEventListener('click', () => void showInvites(app, session));

  return {
    element: element('div', { class: 'top-invites' }, button, invites),
    update({ room }) {
      const isClosed = room.room.settings.entry !== 'open' && moderates(room.me.role);
      // It is of no use to anybody else where only invites count.
      setShown(button, !isClosed && room.room.settings.entry !== 'invite');
      setShown(invites, isClosed);
    },
    dispose: () => clearTimeout(timer),
  };
}

/** A label that is always as wide as the wider of its two texts, so that nothing moves when it changes. */
function createLabel(before: string, after: string): { element: HTMLElement; show(copied: boolean): void } {
  const label = element('span', { class: 'steady' });
  return {
    element: label,
    show(copied) {
      setText(label, copied ? after : before);
      setAttribute(label, 'data-other', copied ? before : after);
    },
  };
}
