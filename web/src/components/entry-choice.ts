/** The choice of who can join a party, and the password where one is needed. */
import type { Entry } from 'playhead-sdk';
import { charactersOf } from '../characters.js';
import { element, setShown } from '../dom.js';
import { createField } from './field.js';

/** The length of the shortest password, in characters as people count them, and of the longest, in bytes. */
const PASSWORD_MIN = 4;
const PASSWORD_BYTES_MAX = 256;

const ENTRIES: readonly [Entry, string][] = [
  ['open', 'Anyone with the link'],
  ['password', 'With a password'],
  ['knock', 'Ask to join'],
  ['invite', 'Invited people only'],
];

export interface EntryChoice {
  element: HTMLElement;
  /** Returns the choice, with a password if a new one was entered; if it can't be used, says so and returns null. */
  submit(): { entry: Entry; password?: string } | null;
}

/** `before` is the choice that the party has now; one that has a password keeps it unless another is entered. */
export function createEntryChoice(before: Entry = 'open'): EntryChoice {
  const select = element(
    'select',
    { class: 'input', id: 'entry', 'data-testid': 'entry' },
    ...ENTRIES.map(([value, label]) => element('option', { value, selected: value === before }, label)),
  );
  const isKept = before === 'password';
  const password = createField(isKept ? 'New password (optional)' : 'Password', {
    'data-testid': 'entry-password',
    // Those who start a party pass it on, so they see it.
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    maxlength: PASSWORD_BYTES_MAX,
    placeholder: isKept ? 'Leave empty to keep it' : 'For everyone you invite',
  });
  const showPassword = () => setShown(password.element, select.value === 'password');
  select.addEventListener('change', showPassword);
  showPassword();

  function submit(): { entry: Entry; password?: string } | null {
    const entry = select.value as Entry;
    const given = password.input.value;
    if (entry !== 'password' || (given === '' && isKept)) return { entry };
    const problem = problemOf(given);
    if (problem === null) return { entry, password: given };
    password.fail(problem);
    password.input.focus();
    return null;
  }
  const choice = element(
    'div',
    { class: 'field' },
    element('label', { class: 'field-label', for: 'entry' }, 'Who can join'),
    select,
  );
  return { element: element('div', { class: 'entry-choice' }, choice, password.element), submit };
}

/** Returns what is wrong with a password, if anything. */
function problemOf(password: string): string | null {
  if (password.trim() === '') return 'Choose a password.';
  if (charactersOf(password).length < PASSWORD_MIN) return `Use at least ${PASSWORD_MIN} characters.`;
  return new TextEncoder().encode(password).length > PASSWORD_BYTES_MAX ? 'Choose a shorter password.' : null;
}
