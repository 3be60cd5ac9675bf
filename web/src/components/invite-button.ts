/** The button that copies the invite link. */
import { roomPath } from '../address.js';
import { element, setAttribute, setText, type Component } from '../dom.js';
import { icon, setIcon } from '../icons.js';
import type { RoomContext } from './room-context.js';

const COPIED_MS = 2500;

export function createInviteButton({ app, session }: RoomContext): Component {
  const long = createLabel('Copy invite link', 'Link copied');
  const short = createLabel('Invite', 'Copied');
  const button = element(
    'button',
    { type: 'button', class: 'button button-primary top-invite', 'data-testid': 'invite-link' },
    icon('link', 20),
    element('span', { class: 'wide-only' }, long.element),
    element('span', { class: 'narrow-only' }, short.element),
  );
  const link = `${location.origin}${roomPath(session.getSnapshot().room.code)}`;
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

  return { element: button, dispose: () => clearTimeout(timer) };
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

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Plain-HTTP pages have no clipboard API, but can copy from a selected field.
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
