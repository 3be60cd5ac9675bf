/** The form that joins a party by its invite link or its code. */
import { HOME, roomPath } from '../address.js';
import type { App } from '../app.js';
import { element, type Component } from '../dom.js';
import { inviteIn, keepInvite } from '../invite.js';
import { createField } from './field.js';
import type { NameField } from './name-field.js';

/** The name field is shared with the rest of the home page: a name counts only once it is used. */
export function createJoinForm(app: App, name: NameField): Component {
  const button = element('button', { type: 'submit', class: 'button', 'data-testid': 'join-submit' }, 'Join');
  const field = createField(
    'Got an invite? Paste the link or code',
    {
      'data-testid': 'join-input',
      name: 'invite',
      autocomplete: 'off',
      autocapitalize: 'none',
      spellcheck: 'false',
      placeholder: `${location.origin}${HOME}r/…`,
    },
    button,
  );
  const form = element('form', { class: 'join-form', novalidate: true }, field.element);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const code = codeIn(field.input.value);
    if (code !== null) {
      const invite = inviteIn(field.input.value);
      if (invite !== null) keepInvite(code, invite);
      if (name.keep()) app.go(roomPath(code));
      return;
    }
    field.fail('That isn’t an invite link or a party code.');
    field.input.focus();
  });
  return { element: form };
}

/** Returns the party's code from pasted text, or null if there is none in it. */
export function codeIn(text: string): string | null {
  const trimmed = text.trim();
  const link = /\/r\/([^/?#\s]+)/.exec(trimmed);
  if (link?.[1] !== undefined) {
    try {
      return decodeURIComponent(link[1]);
    } catch {
      return null;
    }
  }
  // Only the server knows what a code is; this catches text that can't be one, and addresses of other things.
  const mayBeCode = /[\p{L}\p{N}]/u.test(trimmed) && trimmed.length <= 128 && !trimmed.includes('://');
  return mayBeCode ? trimmed : null;
}
