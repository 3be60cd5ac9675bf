/** The home page: join a party, start one, or pick a public one. */
import type { App } from '../app.js';
import { createJoinForm } from '../components/join-form.js';
import { createNameField } from '../components/name-field.js';
import { createPage } from '../components/page.js';
import { createPublicRooms } from '../components/public-rooms.js';
import { createStartForm } from '../components/start-form.js';
import { element, type Component } from '../dom.js';

export function createHomePage(app: App): Component {
  const name = createNameField(app, { value: app.name.load() });
  const rooms = createPublicRooms(app, name);
  const hero = element(
    'div',
    { class: 'hero' },
    element('h1', { class: 'hero-title' }, 'The same frame, at the same moment, for everyone.'),
    element(
      'p',
      { class: 'hero-text' },
      'Playhead keeps a video in sync for everyone in your watch party. Paste a link, invite your friends and press play.',
    ),
    createJoinForm(app, name).element,
  );
  const main = element(
    'main',
    { class: 'home' },
    element('div', { class: 'home-top' }, hero, createStartForm(app, name).element),
    rooms.element,
  );
  return {
    element: createPage(main, 'wide'),
    dispose: () => rooms.dispose?.(),
  };
}
