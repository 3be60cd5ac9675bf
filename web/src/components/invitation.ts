/** The page that a new guest sees first. */
import type { App } from '../app.js';
import { element, type Component } from '../dom.js';
import { createNameField } from './name-field.js';
import { createPage } from './page.js';

/**
 * Asks for a name before the first join. Only somebody with a name may ask the server whether the party exists, so the
 * words promise none. The tap on its button also lets the browser play with sound. `refused` is a name that the server
 * didn't take.
 */
export function createInvitation(app: App, join: (name: string) => void, refused?: string): Component {
  document.title = 'Join a watch party · Playhead';
  const name = createNameField(app, { autofocus: true, value: refused ?? '' });
  if (refused !== undefined) name.fail('The server doesn’t accept that name. Choose another one.');
  const form = element(
    'form',
    { class: 'card', novalidate: true },
    element('h1', { class: 'message-title' }, 'Join a watch party'),
    element('p', { class: 'quiet' }, 'Everyone sees the same moment at the same time. What should the others call you?'),
    name.element,
    element(
      'button',
      { type: 'submit', class: 'button button-primary button-large', 'data-testid': 'join-room' },
      'Join the party',
    ),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const given = name.submit();
    if (given !== null) join(given);
  });
  return { element: createPage(element('main', { class: 'invitation' }, form), 'narrow') };
}
