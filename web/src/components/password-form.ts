/** The page that asks for a party's password. */
import { element, type Component } from '../dom.js';
import { createField, whileBusy } from './field.js';
import { createPage } from './page.js';

const PASSWORD_UNITS_MAX = 256;

export interface PasswordForm extends Component {
  /** Says that the password wasn't taken. */
  fail(text: string): void;
}

/** `join` resolves once the password has been tried. */
export function createPasswordForm(join: (password: string) => Promise<void>): PasswordForm {
  document.title = 'Password needed · Playhead';
  const password = createField('Password', {
    type: 'password',
    autofocus: true,
    'data-testid': 'room-password',
    // It belongs to one party, not to this site.
    autocomplete: 'off',
    maxlength: PASSWORD_UNITS_MAX,
  });
  const button = element(
    'button',
    { type: 'submit', class: 'button button-primary button-large', 'data-testid': 'join-room' },
    'Join the party',
  );
  const form = element(
    'form',
    { class: 'card', novalidate: true },
    element('h1', { class: 'message-title' }, 'This party has a password'),
    element('p', { class: 'quiet' }, 'Ask whoever invited you for it.'),
    password.element,
    button,
  );

  function fail(text: string): void {
    password.fail(text);
    password.input.focus();
    password.input.select();
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const given = password.input.value;
    if (given === '') fail('Enter the password first.');
    else whileBusy(button, () => join(given));
  });
  return { element: createPage(element('main', { class: 'invitation' }, form), 'narrow'), fail };
}
