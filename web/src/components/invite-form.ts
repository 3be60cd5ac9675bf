/** The form that makes an invite link. */
import type { Entry, Role } from 'playhead-sdk';
import { element } from '../dom.js';
import { whileBusy } from './field.js';

const DAY_MS = 86_400_000;

/** What an invite link saves people. */
const GOOD_FOR: Readonly<Record<Entry, string>> = {
  open: 'An invite link can also give people a role.',
  password: 'An invite link lets people in without the password.',
  knock: 'An invite link lets people in without asking.',
  invite: 'An invite link lets people in.',
};

/** What is asked for; absent is no limit, and the role that everybody has. */
export interface WantedInvite {
  role?: Role;
  uses?: number;
  lastsMs?: number;
}

/** `mine` is the role of the person who invites; `make` puts the link that it makes into the element that it gets. */
export function createInviteForm(
  mine: Role,
  entry: Entry,
  make: (wanted: WantedInvite, into: HTMLElement) => Promise<void>,
): HTMLElement {
  const uses = createSelect('invite-uses', 'For', [['', 'Anyone'], ['1', 'One person']]);
  const ends = createSelect('invite-ends', 'Ends', [['', 'Never'], [String(DAY_MS), 'In a day']]);
  const role = createSelect('invite-role', 'They join as', rolesBelow(mine));
  const button = element('button', { type: 'submit', class: 'button', 'data-testid': 'make-invite' }, 'Make an invite link');
  const made = element('div');
  const form = element(
    'form',
    { class: 'invites-part', 'aria-labelledby': 'make-title' },
    element('h3', { id: 'make-title' }, 'Invite links'),
    element('p', {}, GOOD_FOR[entry] ?? ''),
    element('div', { class: 'invite-fields' }, uses.element, ends.element, role.element),
    button,
    made,
  );
  role.element.hidden = role.select.options.length === 1;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const wanted: WantedInvite = {
      uses: Number(uses.select.value) || undefined,
      lastsMs: Number(ends.select.value) || undefined,
      role: (role.select.value || undefined) as Role | undefined,
    };
    whileBusy(button, () => make(wanted, made));
  });
  return form;
}

/** Nobody gives a role that isn't lower than their own. */
function rolesBelow(mine: Role): [string, string][] {
  const roles: [string, string][] = [['', 'Guest']];
  if (mine === 'host' || mine === 'co_host') roles.push(['moderator', 'Moderator']);
  if (mine === 'host') roles.push(['co_host', 'Co-host']);
  return roles;
}

function createSelect(id: string, label: string, options: [string, string][]): { element: HTMLElement; select: HTMLSelectElement } {
  const select = element(
    'select',
    { class: 'input', id, 'data-testid': id },
    ...options.map(([value, text]) => element('option', { value }, text)),
  );
  return { element: element('div', { class: 'field' }, element('label', { class: 'field-label', for: id }, label), select), select };
}
